package dev.tenon.api;

/**
 * Log-probabilities at one position, from the model's raw distribution.
 *
 * @param token the id that stands there
 * @param logprob its natural log-probability
 * @param rank 1 for the most probable id
 * @param alternatives ids asked for, most probable first
 * @param alternativeLogprobs their log-probabilities
 */
@SuppressWarnings("ArrayRecordComponent") // handed over, never compared
public record TokenLogprobs(
    int token, float logprob, int rank, int[] alternatives, float[] alternativeLogprobs) {}
