/** Slots and pages: who has them, and when they return. */
@NullMarked
package dev.tenon.engine.runtime.state;

import org.jspecify.annotations.NullMarked;
