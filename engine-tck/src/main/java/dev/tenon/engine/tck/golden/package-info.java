/** Outputs of a reference implementation, and the checkpoints that they belong to. */
@NullMarked
package dev.tenon.engine.tck.golden;

import org.jspecify.annotations.NullMarked;
