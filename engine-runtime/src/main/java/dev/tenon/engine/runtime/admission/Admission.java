package dev.tenon.engine.runtime.admission;

import dev.tenon.api.GenerationRequest;
import dev.tenon.api.SamplingParameters;
import dev.tenon.api.TenonException;
import dev.tenon.engine.runtime.stream.OutputStyle;
import dev.tenon.spi.backend.SlotSampling;
import dev.tenon.spi.model.ModelProperties;
import dev.tenon.spi.text.TextSupport;
import dev.tenon.spi.text.Tokenizer;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** Checks everything that a request asks for. Thread-safe. */
public final class Admission {
  private final AdmissionLimits limits;
  private final ModelProperties model;
  private final @Nullable Tokenizer tokenizer;
  private final PromptEncoding prompts;
  private final SamplingResolution samplings;
  private final SeedSource seeds;

  /**
   * For one engine.
   *
   * @param seed of requests that bring none; {@code null} draws one
   */
  public Admission(
      AdmissionLimits limits,
      ModelProperties model,
      Optional<TextSupport> text,
      @Nullable Long seed) {
    this.limits = limits;
    this.model = model;
    this.tokenizer = text.map(TextSupport::tokenizer).orElse(null);
    this.prompts = new PromptEncoding(text, limits);
    this.samplings = new SamplingResolution(limits, model, tokenizer);
    this.seeds = new SeedSource(seed);
  }

  /**
   * Checks a request.
   *
   * @throws TenonException {@code INVALID_REQUEST}, {@code PROMPT_TOO_LONG} or {@code UNSUPPORTED}
   */
  public AdmittedRequest admit(GenerationRequest request) {
    SamplingParameters given = request.sampling();
    samplings.check(given);
    checkPriority(request);
    checkDiagnostics(request);
    int[] prompt = prompts.encode(request.prompt());
    Long asked = given.seed();
    long seed = asked == null ? seeds.next() : asked;
    SlotSampling first = samplings.resolve(given, prompt.length, seed);
    List<SlotSampling> choices = new ArrayList<>(given.n());
    choices.add(first);
    for (int choice = 1; choice < given.n(); choice++) {
      choices.add(withSeed(first, seed + choice));
    }
    return new AdmittedRequest(prompt, choices, style(given));
  }

  private OutputStyle style(SamplingParameters given) {
    return new OutputStyle(
        tokenizer,
        given.skipSpecialTokens() ? Tokenizer.SpecialTokens.SKIP : Tokenizer.SpecialTokens.KEEP,
        given.stop(),
        given.includeStopInOutput(),
        Set.copyOf(given.stopTokenIds()),
        Set.copyOf(model.endOfTextIds()),
        given.minTokens());
  }

  private void checkPriority(GenerationRequest request) {
    if (request.priority() != 0 && !limits.priorities()) {
      throw TenonException.invalid(
          "priority",
          "priority is %d, but this engine serves in order of arrival; leave it out, or start the"
                  .formatted(request.priority())
              + " engine with the priority scheduling policy");
    }
  }

  private void checkDiagnostics(GenerationRequest request) {
    GenerationRequest.Diagnostics diagnostics = request.diagnostics();
    if (diagnostics != null) {
      Checks.within("drafts", diagnostics.draftTokens(), 0, limits.draftTokens());
    }
  }

  private static SlotSampling withSeed(SlotSampling from, long seed) {
    return new SlotSampling(
        from.temperature(),
        from.topP(),
        from.topK(),
        from.minP(),
        from.repetitionPenalty(),
        from.presencePenalty(),
        from.frequencyPenalty(),
        seed,
        from.biasIds(),
        from.biases(),
        from.allowedTokenIds(),
        from.badWords(),
        from.usableIds(),
        from.minTokens(),
        from.maxTokens(),
        from.endIds(),
        from.logprobs(),
        from.promptLogprobs());
  }
}
