package dev.tenon.distribution.golden;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tenon.api.LoadFormat;
import dev.tenon.api.SpeculationConfig;
import dev.tenon.engine.tck.golden.Golden;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class DummyWeightsTest {
  @ParameterizedTest
  @ValueSource(strings = {"tiny"})
  void madeUpWeightsServeWithADraftingHead(String name) {
    GoldenRun run =
        GoldenRun.of(
            Golden.load(name),
            b -> b.loadFormat(LoadFormat.DUMMY).speculation(new SpeculationConfig("mtp", 1)));
    for (Answer answer : run.answers()) {
      assertThat(answer.tokens()).hasSize(GoldenRun.TOKENS);
      for (float logit : answer.logits()) {
        assertThat(Float.isFinite(logit)).isTrue();
      }
    }
  }
}
