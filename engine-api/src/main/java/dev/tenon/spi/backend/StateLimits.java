package dev.tenon.spi.backend;

/**
 * What bounds the state of one sequence.
 *
 * @param maxLength longest sequence, tokens
 * @param draftTokens most draft rows of a decode, 0 without speculation
 * @param vocabularySize logits per row
 */
public record StateLimits(int maxLength, int draftTokens, int vocabularySize) {}
