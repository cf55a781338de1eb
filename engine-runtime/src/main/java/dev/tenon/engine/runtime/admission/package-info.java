/** Checks requests before anything is allocated for them. */
@NullMarked
package dev.tenon.engine.runtime.admission;

import org.jspecify.annotations.NullMarked;
