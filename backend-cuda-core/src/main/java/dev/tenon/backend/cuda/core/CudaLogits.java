package dev.tenon.backend.cuda.core;

import dev.tenon.spi.backend.Logits;

/**
 * Logits in f32.
 *
 * @param address of {@code [selected rows, vocabulary]}
 * @param vocabulary elements of a row
 */
record CudaLogits(long address, int vocabulary) implements Logits {}
