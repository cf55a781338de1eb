/**
 * The reference's outputs, and equality of ways to run the same, through the engine that serves.
 */
@NullMarked
package dev.tenon.distribution.golden;

import org.jspecify.annotations.NullMarked;
