package dev.tenon.spi.backend;

/**
 * The residual stream {@code [rows, hidden]}: a sum so far and the output of the block before,
 * which is not yet added and not yet reduced over ranks. A block operation takes that output in
 * (reduce, add, normalise: one place to fuse them) and leaves its own.
 */
public interface Residual {}
