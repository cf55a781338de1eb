package dev.tenon.spi.backend;

/**
 * Ids allowed per logit row, for structured output. A row's mask has bit {@code id % 64} of word
 * {@code id / 64} set where the id is allowed.
 *
 * @param rows logit rows of the step that are masked, ascending
 * @param allowed per such row {@code ceil(vocabulary / 64)} words
 */
@SuppressWarnings("ArrayRecordComponent") // handed over once, never compared
public record TokenMasks(int[] rows, long[][] allowed) {}
