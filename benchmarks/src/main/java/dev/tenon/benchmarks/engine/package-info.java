/** Measurements of the whole engine. */
@NullMarked
package dev.tenon.benchmarks.engine;

import org.jspecify.annotations.NullMarked;
