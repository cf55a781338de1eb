/** Checkpoint tensors: reading and checking their files, and handing out ranks' shares. */
@NullMarked
package dev.tenon.engine.runtime.weights;

import org.jspecify.annotations.NullMarked;
