/** What the engine's own work costs, without a device. */
@NullMarked
package dev.tenon.benchmarks.runtime;

import org.jspecify.annotations.NullMarked;
