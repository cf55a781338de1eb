package dev.tenon.api;

import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Builds {@link SamplingParameters}; each method is named after the record's component. */
public final class SamplingParametersBuilder {
  private int n = 1;
  private @Nullable Double temperature;
  private @Nullable Double topP;
  private @Nullable Integer topK;
  private @Nullable Double minP;
  private @Nullable Double repetitionPenalty;
  private double presencePenalty;
  private double frequencyPenalty;
  private @Nullable Long seed;
  private Map<Integer, Double> logitBias = Map.of();
  private List<String> badWords = List.of();
  private @Nullable List<Integer> allowedTokenIds;
  private int minTokens;
  private @Nullable Integer maxTokens;
  private List<String> stop = List.of();
  private List<Integer> stopTokenIds = List.of();
  private boolean includeStopInOutput;
  private boolean ignoreEndOfText;
  private @Nullable Integer logprobs;
  private @Nullable Integer promptLogprobs;
  private boolean skipSpecialTokens = true;

  SamplingParametersBuilder() {}

  /** Sets {@link SamplingParameters#n()}. */
  public SamplingParametersBuilder n(int n) {
    this.n = n;
    return this;
  }

  /** Sets {@link SamplingParameters#temperature()}. */
  public SamplingParametersBuilder temperature(@Nullable Double temperature) {
    this.temperature = temperature;
    return this;
  }

  /** Sets {@link SamplingParameters#topP()}. */
  public SamplingParametersBuilder topP(@Nullable Double topP) {
    this.topP = topP;
    return this;
  }

  /** Sets {@link SamplingParameters#topK()}. */
  public SamplingParametersBuilder topK(@Nullable Integer topK) {
    this.topK = topK;
    return this;
  }

  /** Sets {@link SamplingParameters#minP()}. */
  public SamplingParametersBuilder minP(@Nullable Double minP) {
    this.minP = minP;
    return this;
  }

  /** Sets {@link SamplingParameters#repetitionPenalty()}. */
  public SamplingParametersBuilder repetitionPenalty(@Nullable Double repetitionPenalty) {
    this.repetitionPenalty = repetitionPenalty;
    return this;
  }

  /** Sets {@link SamplingParameters#presencePenalty()}. */
  public SamplingParametersBuilder presencePenalty(double presencePenalty) {
    this.presencePenalty = presencePenalty;
    return this;
  }

  /** Sets {@link SamplingParameters#frequencyPenalty()}. */
  public SamplingParametersBuilder frequencyPenalty(double frequencyPenalty) {
    this.frequencyPenalty = frequencyPenalty;
    return this;
  }

  /** Sets {@link SamplingParameters#seed()}. */
  public SamplingParametersBuilder seed(@Nullable Long seed) {
    this.seed = seed;
    return this;
  }

  /** Sets {@link SamplingParameters#logitBias()}. */
  public SamplingParametersBuilder logitBias(Map<Integer, Double> logitBias) {
    this.logitBias = logitBias;
    return this;
  }

  /** Sets {@link SamplingParameters#badWords()}. */
  public SamplingParametersBuilder badWords(List<String> badWords) {
    this.badWords = badWords;
    return this;
  }

  /** Sets {@link SamplingParameters#allowedTokenIds()}. */
  public SamplingParametersBuilder allowedTokenIds(@Nullable List<Integer> allowedTokenIds) {
    this.allowedTokenIds = allowedTokenIds;
    return this;
  }

  /** Sets {@link SamplingParameters#minTokens()}. */
  public SamplingParametersBuilder minTokens(int minTokens) {
    this.minTokens = minTokens;
    return this;
  }

  /** Sets {@link SamplingParameters#maxTokens()}. */
  public SamplingParametersBuilder maxTokens(@Nullable Integer maxTokens) {
    this.maxTokens = maxTokens;
    return this;
  }

  /** Sets {@link SamplingParameters#stop()}. */
  public SamplingParametersBuilder stop(List<String> stop) {
    this.stop = stop;
    return this;
  }

  /** Sets {@link SamplingParameters#stopTokenIds()}. */
  public SamplingParametersBuilder stopTokenIds(List<Integer> stopTokenIds) {
    this.stopTokenIds = stopTokenIds;
    return this;
  }

  /** Sets {@link SamplingParameters#includeStopInOutput()}. */
  public SamplingParametersBuilder includeStopInOutput(boolean includeStopInOutput) {
    this.includeStopInOutput = includeStopInOutput;
    return this;
  }

  /** Sets {@link SamplingParameters#ignoreEndOfText()}. */
  public SamplingParametersBuilder ignoreEndOfText(boolean ignoreEndOfText) {
    this.ignoreEndOfText = ignoreEndOfText;
    return this;
  }

  /** Sets {@link SamplingParameters#logprobs()}. */
  public SamplingParametersBuilder logprobs(@Nullable Integer logprobs) {
    this.logprobs = logprobs;
    return this;
  }

  /** Sets {@link SamplingParameters#promptLogprobs()}. */
  public SamplingParametersBuilder promptLogprobs(@Nullable Integer promptLogprobs) {
    this.promptLogprobs = promptLogprobs;
    return this;
  }

  /** Sets {@link SamplingParameters#skipSpecialTokens()}. */
  public SamplingParametersBuilder skipSpecialTokens(boolean skipSpecialTokens) {
    this.skipSpecialTokens = skipSpecialTokens;
    return this;
  }

  /** The immutable value. Ranges are checked when a request is submitted. */
  public SamplingParameters build() {
    return new SamplingParameters(
        n,
        temperature,
        topP,
        topK,
        minP,
        repetitionPenalty,
        presencePenalty,
        frequencyPenalty,
        seed,
        logitBias,
        badWords,
        allowedTokenIds,
        minTokens,
        maxTokens,
        stop,
        stopTokenIds,
        includeStopInOutput,
        ignoreEndOfText,
        logprobs,
        promptLogprobs,
        skipSpecialTokens);
  }
}
