/** Decides what each step does. */
@NullMarked
package dev.tenon.engine.runtime.scheduler;

import org.jspecify.annotations.NullMarked;
