/**
 * Model families: what a checkpoint holds, how it is sharded, and its forward pass over the ops.
 */
@NullMarked
package dev.tenon.spi.model;

import org.jspecify.annotations.NullMarked;
