package dev.tenon.engine.runtime;

import dev.tenon.api.GenerationRequest;
import dev.tenon.api.Prompt;
import dev.tenon.api.SamplingParameters;
import dev.tenon.engine.runtime.admission.Admission;
import dev.tenon.engine.runtime.admission.AdmissionLimits;
import dev.tenon.engine.tck.fake.FakeTokenizer;
import dev.tenon.engine.tck.fake.FakeTokens;
import dev.tenon.spi.backend.SlotSampling;
import dev.tenon.spi.model.ModelProperties;
import dev.tenon.spi.text.TextSupport;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** What a request alone on a fake backend outputs, in closed form. */
final class Expected {
  private Expected() {}

  static int[] tokens(int[] prompt, SamplingParameters sampling, int choice, FakeEngine engine) {
    return FakeTokens.expected(
        prompt, sampling(prompt, sampling, choice, engine.maxLength()), engine.maxLength());
  }

  private static SlotSampling sampling(
      int[] prompt, SamplingParameters sampling, int choice, int maxLength) {
    Admission admission =
        new Admission(
            new AdmissionLimits(maxLength, maxLength, FakeTokenizer.SIZE, 128, 20, 4, true),
            new ModelProperties(
                "fake",
                FakeTokenizer.SIZE,
                1,
                1,
                maxLength,
                List.of(FakeTokenizer.END),
                0,
                Map.of(),
                0,
                List.of()),
            Optional.of(new TextSupport(new FakeTokenizer(), Optional.empty())),
            0L);
    return admission
        .admit(GenerationRequest.of(Prompt.of(prompt), sampling))
        .samplings()
        .get(choice);
  }
}
