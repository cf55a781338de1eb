/** The step loop: assembling, launching and committing steps. */
@NullMarked
package dev.tenon.engine.runtime.step;

import org.jspecify.annotations.NullMarked;
