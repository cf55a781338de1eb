/** A wrapper that holds a backend and its caller to the rules of the step protocol. */
@NullMarked
package dev.tenon.engine.tck.asserting;

import org.jspecify.annotations.NullMarked;
