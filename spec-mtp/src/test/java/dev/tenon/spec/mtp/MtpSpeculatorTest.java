package dev.tenon.spec.mtp;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tenon.api.SpeculationConfig;
import dev.tenon.engine.tck.contract.OnDeviceSpeculatorContract;
import dev.tenon.engine.tck.recording.Named;
import dev.tenon.engine.tck.recording.RecordingDraftHead;
import dev.tenon.engine.tck.recording.RecordingOps;
import dev.tenon.engine.tck.recording.RecordingStep;
import dev.tenon.spi.speculation.Speculator;
import dev.tenon.spi.speculation.SpeculatorProvider;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class MtpSpeculatorTest extends OnDeviceSpeculatorContract {
  @Override
  protected SpeculatorProvider provider() {
    return new MtpSpeculatorProvider();
  }

  @Test
  void answersToTheGeneralAndTheFamilysName() {
    assertThat(provider().id()).isEqualTo("mtp");
    assertThat(provider().methods()).containsExactlyInAnyOrder("mtp", "qwen3_next_mtp");
    assertThat(provider().drafter()).isEqualTo(SpeculatorProvider.Drafter.MODEL_HEAD);
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 2, 3, 4})
  void everyPassContinuesTheSelectedRowsOfThePassBefore(int draftTokens) {
    RecordingOps ops = new RecordingOps();
    Speculator.OnDevice speculator =
        (Speculator.OnDevice)
            provider()
                .create(
                    new SpeculationConfig("mtp", draftTokens), ops, new RecordingDraftHead(ops));
    speculator.propose(new RecordingStep(List.of(), draftTokens), new Named("hidden", 8));
    List<String> expected = new ArrayList<>();
    String before = "hidden";
    for (int pass = 0; pass < draftTokens; pass++) {
      expected.add("pass " + pass + " draft" + pass + " " + before);
      before = "#" + (3 * pass + 1);
      expected.add("select draft" + pass + " out" + pass + " → " + before);
      expected.add("draft " + pass + " logits(" + before + ")");
    }
    assertThat(ops.drain()).isEqualTo(expected);
  }
}
