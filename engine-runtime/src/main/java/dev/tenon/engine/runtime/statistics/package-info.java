/** Counters that one thread writes and any thread reads. */
@NullMarked
package dev.tenon.engine.runtime.statistics;

import org.jspecify.annotations.NullMarked;
