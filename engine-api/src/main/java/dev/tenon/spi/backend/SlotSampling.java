package dev.tenon.spi.backend;

import org.jspecify.annotations.Nullable;

/**
 * How a sequence's tokens are drawn and when it ends. In this order on a row's f32 logits:
 *
 * <ol>
 *   <li>log-probabilities are taken (raw distribution)
 *   <li>ids that the tokenizer does not know ({@code ≥ usableIds}), ids outside {@code
 *       allowedTokenIds}, ids masked by {@link TokenMasks} become −∞
 *   <li>while fewer than {@code minTokens} were output, {@code endIds} become −∞
 *   <li>repetition penalty over prompt and output: positive logits are divided, others multiplied
 *   <li>frequency penalty times count and presence penalty, over the output, are subtracted
 *   <li>biases are added; ids that would complete a bad word become −∞
 *   <li>temperature below 1e-5: the greatest, the lowest id where equal. Otherwise logits are
 *       divided by it, top-k, then top-p, then min-p reduce the set, and the id with the greatest
 *       {@code logit − ln(−ln u)} is drawn, u = {@link NoiseStream} of (seed, output index, id)
 * </ol>
 *
 * @param temperature ≥ 0
 * @param topP in (0, 1]
 * @param topK 0 for all
 * @param minP in [0, 1]
 * @param repetitionPenalty &gt; 0
 * @param presencePenalty subtracted once
 * @param frequencyPenalty subtracted per occurrence
 * @param seed of the noise
 * @param biasIds ids with a bias
 * @param biases their biases
 * @param allowedTokenIds the only ids allowed, sorted, or {@code null} for all
 * @param badWords id sequences that must not come up
 * @param usableIds ids below this have a meaning
 * @param minTokens outputs before which nothing may end
 * @param maxTokens outputs after which the sequence ends
 * @param endIds ids that end the sequence, sorted
 * @param logprobs alternatives to report per output token; −1 for no log-probabilities
 * @param promptLogprobs the same for prompt tokens
 */
@SuppressWarnings("ArrayRecordComponent") // handed over once, never compared
public record SlotSampling(
    float temperature,
    float topP,
    int topK,
    float minP,
    float repetitionPenalty,
    float presencePenalty,
    float frequencyPenalty,
    long seed,
    int[] biasIds,
    float[] biases,
    int @Nullable [] allowedTokenIds,
    int[][] badWords,
    int usableIds,
    int minTokens,
    int maxTokens,
    int[] endIds,
    int logprobs,
    int promptLogprobs) {}
