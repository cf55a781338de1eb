package dev.tenon.engine.runtime.admission;

import dev.tenon.api.ErrorCode;
import dev.tenon.api.SamplingParameters;
import dev.tenon.api.TenonException;
import dev.tenon.spi.backend.SlotSampling;
import dev.tenon.spi.model.ModelProperties;
import dev.tenon.spi.text.Tokenizer;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/** Checks sampling parameters and fills in what they leave open. */
final class SamplingResolution {
  private final AdmissionLimits limits;
  private final ModelProperties model;
  private final @Nullable Tokenizer tokenizer;
  private final int usableIds;
  private final WordBans wordBans;

  SamplingResolution(AdmissionLimits limits, ModelProperties model, @Nullable Tokenizer tokenizer) {
    this.limits = limits;
    this.model = model;
    this.tokenizer = tokenizer;
    this.usableIds =
        tokenizer == null
            ? limits.vocabularySize()
            : Math.min(tokenizer.vocabularySize(), limits.vocabularySize());
    this.wordBans = new WordBans(tokenizer, limits.vocabularySize());
  }

  /** Checks what does not depend on the prompt; nothing is allocated before that. */
  void check(SamplingParameters given) {
    Checks.within("n", given.n(), 1, limits.maxChoices());
    Checks.atLeast("min_tokens", given.minTokens(), 0);
    if (given.maxTokens() != null) {
      int maxTokens = Checks.atLeast("max_tokens", given.maxTokens(), 1);
      if (given.minTokens() > maxTokens) {
        throw TenonException.invalid(
            "min_tokens",
            "min_tokens must be at most max_tokens = %d, got %d"
                .formatted(maxTokens, given.minTokens()));
      }
    }
    given.stopTokenIds().forEach(id -> Checks.id("stop_token_ids", id, limits.vocabularySize()));
    StopTexts.check(given.stop(), tokenizer);
  }

  /**
   * How one choice draws its tokens.
   *
   * @param promptLength ids of the prompt
   * @param seed of this choice
   */
  SlotSampling resolve(SamplingParameters given, int promptLength, long seed) {
    Map<Integer, Double> biases = new TreeMap<>(given.logitBias());
    int[] biasIds = new int[biases.size()];
    float[] biasValues = new float[biases.size()];
    int i = 0;
    for (Map.Entry<Integer, Double> bias : biases.entrySet()) {
      Checks.id("logit_bias", bias.getKey(), limits.vocabularySize());
      biasIds[i] = bias.getKey();
      biasValues[i++] = (float) Checks.within("logit_bias", bias.getValue(), -100, 100);
    }
    return new SlotSampling(
        temperature(given),
        topP(given),
        topK(given),
        (float) Checks.within("min_p", chosen(given.minP(), "min_p", 0), 0, 1),
        positive("repetition_penalty", given.repetitionPenalty()),
        (float) Checks.within("presence_penalty", given.presencePenalty(), -2, 2),
        (float) Checks.within("frequency_penalty", given.frequencyPenalty(), -2, 2),
        seed,
        biasIds,
        biasValues,
        allowed(given.allowedTokenIds()),
        wordBans.of(given.badWords()),
        usableIds,
        given.minTokens(),
        maxTokens(given, promptLength),
        endIds(given),
        logprobs("logprobs", given.logprobs()),
        logprobs("prompt_logprobs", given.promptLogprobs()));
  }

  private float temperature(SamplingParameters given) {
    double value = chosen(given.temperature(), "temperature", 1);
    if (!(value >= 0) || Double.isInfinite(value)) {
      throw TenonException.invalid(
          "temperature", "temperature must be a finite number of at least 0, got " + value);
    }
    return (float) Math.min(value, Float.MAX_VALUE);
  }

  private float topP(SamplingParameters given) {
    double value = chosen(given.topP(), "top_p", 1);
    if (!(value > 0 && value <= 1)) {
      throw TenonException.invalid(
          "top_p", "top_p must be greater than 0 and at most 1, got " + value);
    }
    return Math.max((float) value, Float.MIN_NORMAL);
  }

  private int topK(SamplingParameters given) {
    int value = (int) chosen(given.topK() == null ? null : (double) given.topK(), "top_k", 0);
    return Math.max(0, Checks.atLeast("top_k", value, -1));
  }

  private float positive(String name, @Nullable Double given) {
    double value = Checks.above(name, chosen(given, name, 1), 0);
    return Math.clamp((float) value, Float.MIN_NORMAL, Float.MAX_VALUE);
  }

  private double chosen(@Nullable Double given, String key, double neutral) {
    return given == null ? model.samplingDefaults().getOrDefault(key, neutral) : given;
  }

  private int maxTokens(SamplingParameters given, int promptLength) {
    int room = limits.context() - promptLength;
    Integer asked = given.maxTokens();
    if (asked == null) {
      Checks.within("min_tokens", given.minTokens(), 0, room);
      return room;
    }
    if (asked > room) {
      throw TenonException.of(
          ErrorCode.PROMPT_TOO_LONG,
          "max_tokens",
          "%s, but %d are asked for: %d of the prompt and max_tokens = %d; shorten one of them"
              .formatted(
                  limits.contextExplained(), (long) promptLength + asked, promptLength, asked));
    }
    return asked;
  }

  private int @Nullable [] allowed(@Nullable List<Integer> given) {
    if (given == null) {
      return null;
    }
    if (given.isEmpty()) {
      throw TenonException.invalid(
          "allowed_token_ids", "allowed_token_ids is empty; give at least one id or leave it out");
    }
    given.forEach(id -> Checks.id("allowed_token_ids", id, usableIds));
    return given.stream().mapToInt(Integer::intValue).sorted().distinct().toArray();
  }

  private int[] endIds(SamplingParameters given) {
    TreeSet<Integer> ids = new TreeSet<>(given.stopTokenIds());
    if (!given.ignoreEndOfText()) {
      ids.addAll(model.endOfTextIds());
    }
    return ids.stream().mapToInt(Integer::intValue).toArray();
  }

  private int logprobs(String name, @Nullable Integer asked) {
    if (asked == null) {
      return -1;
    }
    int most = limits.maxLogprobs() < 0 ? limits.vocabularySize() : limits.maxLogprobs();
    if (asked == -1 && most >= limits.vocabularySize()) {
      return limits.vocabularySize();
    }
    return Checks.within(name, asked, 0, most);
  }
}
