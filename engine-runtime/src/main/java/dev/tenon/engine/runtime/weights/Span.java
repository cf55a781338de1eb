package dev.tenon.engine.runtime.weights;

/**
 * Consecutive indices.
 *
 * @param first index
 * @param count how many
 */
record Span(int first, int count) {}
