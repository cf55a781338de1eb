package dev.tenon.backend.cpu;

import dev.tenon.spi.backend.Logits;

/**
 * Logits of selected rows.
 *
 * @param values {@code [rows][vocabulary]}
 * @param rows number of rows
 * @param vocabulary logits of a row
 */
@SuppressWarnings("ArrayRecordComponent") // a handle, never compared
record CpuLogits(float[] values, int rows, int vocabulary) implements Logits {}
