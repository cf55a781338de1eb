package dev.tenon.spec.mtp;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.tenon.api.ErrorCode;
import dev.tenon.api.SpeculationConfig;
import dev.tenon.api.TenonException;
import dev.tenon.spi.speculation.Speculator;
import dev.tenon.spi.speculation.SpeculatorProvider;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class MtpSpeculatorTest {
  private final MtpSpeculatorProvider provider = new MtpSpeculatorProvider();

  @Test
  void answersToTheGeneralAndTheFamilysName() {
    assertThat(provider.id()).isEqualTo("mtp");
    assertThat(provider.methods()).containsExactlyInAnyOrder("mtp", "qwen3_next_mtp");
    assertThat(provider.drafter()).isEqualTo(SpeculatorProvider.Drafter.MODEL_HEAD);
  }

  @Test
  void aCheckpointWithoutDraftingHeadIsRefused() {
    RecordedOps ops = new RecordedOps();
    SpeculationConfig config = new SpeculationConfig("qwen3_next_mtp", 2);
    assertThatThrownBy(() -> provider.create(config, ops, null))
        .isInstanceOfSatisfying(
            TenonException.class,
            e -> assertThat(e.code()).isEqualTo(ErrorCode.INVALID_CONFIGURATION))
        .hasMessageContaining("qwen3_next_mtp");
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 2, 3, 4})
  void everyPassContinuesTheSelectedRowsOfThePassBefore(int draftTokens) {
    RecordedOps ops = new RecordedOps();
    Speculator.OnDevice speculator =
        (Speculator.OnDevice)
            provider.create(
                new SpeculationConfig("mtp", draftTokens), ops, new RecordedOps.Head(ops));
    speculator.propose(ops.step(draftTokens), new RecordedOps.Named("hidden"));
    StringBuilder expected = new StringBuilder();
    String before = "hidden";
    for (int pass = 0; pass < draftTokens; pass++) {
      expected.append("forward rows").append(pass).append(' ').append(before);
      expected.append("; select rows").append(pass).append(" out").append(pass);
      expected.append("; draft ").append(pass).append(" logits(picked").append(pass).append("); ");
      before = "picked" + pass;
    }
    assertThat(ops.issued()).isEqualTo(expected.toString());
  }
}
