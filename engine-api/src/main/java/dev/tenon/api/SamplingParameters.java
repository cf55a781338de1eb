package dev.tenon.api;

import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * How tokens are chosen and when a generation ends. {@code null} means "not given": the
 * checkpoint's {@code generation_config.json} decides for temperature, top-p, top-k, min-p and
 * repetition penalty, and otherwise the neutral value. Immutable.
 *
 * @param n choices per prompt, 1 … {@link EngineConfig#maxChoices()}
 * @param temperature 0 is greedy; up to 2 is usual, any finite value ≥ 0 is taken
 * @param topP probability mass kept, in (0, 1]
 * @param topK ids kept; 0 or −1 keeps all
 * @param minP least probability kept, relative to the greatest, in [0, 1]
 * @param repetitionPenalty &gt; 0, over prompt and output; 1 is neutral
 * @param presencePenalty −2 … 2, over the output
 * @param frequencyPenalty −2 … 2, over the output
 * @param seed makes the draws reproducible: the same alone, in any batch and after preemption
 * @param logitBias added to the logits of these ids, −100 … 100
 * @param badWords texts that must not be generated
 * @param allowedTokenIds if given, nothing else is generated
 * @param minTokens no end before this many tokens
 * @param maxTokens tokens generated at most; {@code null} is as many as the context holds
 * @param stop texts that end the generation
 * @param stopTokenIds ids that end the generation
 * @param includeStopInOutput whether a stop text is part of the output
 * @param ignoreEndOfText whether end-of-text ids are ordinary tokens
 * @param logprobs alternatives reported per token, 0 … 20, beside the chosen one; −1 is all
 * @param promptLogprobs the same for the tokens of the prompt
 * @param skipSpecialTokens whether special tokens are left out of the text
 */
public record SamplingParameters(
    int n,
    @Nullable Double temperature,
    @Nullable Double topP,
    @Nullable Integer topK,
    @Nullable Double minP,
    @Nullable Double repetitionPenalty,
    double presencePenalty,
    double frequencyPenalty,
    @Nullable Long seed,
    Map<Integer, Double> logitBias,
    List<String> badWords,
    @Nullable List<Integer> allowedTokenIds,
    int minTokens,
    @Nullable Integer maxTokens,
    List<String> stop,
    List<Integer> stopTokenIds,
    boolean includeStopInOutput,
    boolean ignoreEndOfText,
    @Nullable Integer logprobs,
    @Nullable Integer promptLogprobs,
    boolean skipSpecialTokens) {

  /** Copies the collections. */
  public SamplingParameters {
    logitBias = Map.copyOf(logitBias);
    badWords = List.copyOf(badWords);
    allowedTokenIds = allowedTokenIds == null ? null : List.copyOf(allowedTokenIds);
    stop = List.copyOf(stop);
    stopTokenIds = List.copyOf(stopTokenIds);
  }

  /** Starts from the neutral values. */
  public static SamplingParametersBuilder builder() {
    return new SamplingParametersBuilder();
  }

  /** The checkpoint's own defaults and no limit but the context. */
  public static SamplingParameters defaults() {
    return builder().build();
  }

  /** Greedy decoding of at most {@code maxTokens} tokens. */
  public static SamplingParameters greedy(int maxTokens) {
    return builder().temperature(0.0).maxTokens(maxTokens).build();
  }
}
