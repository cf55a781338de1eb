package dev.tenon.engine.tck.contract;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;

import dev.tenon.api.ErrorCode;
import dev.tenon.api.SpeculationConfig;
import dev.tenon.api.TenonException;
import dev.tenon.engine.tck.recording.RecordingDraftHead;
import dev.tenon.engine.tck.recording.RecordingOps;
import dev.tenon.spi.model.DraftHead;
import dev.tenon.spi.speculation.Speculator;
import dev.tenon.spi.speculation.SpeculatorProvider;
import dev.tenon.spi.speculation.SpeculatorProvider.Drafter;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/**
 * What every speculative method must keep to. Subclasses extend {@link OnDeviceSpeculatorContract}
 * or {@link OnHostSpeculatorContract}.
 */
public abstract class SpeculatorContract {
  /** A new contract. */
  protected SpeculatorContract() {}

  /** The method under test. */
  protected abstract SpeculatorProvider provider();

  /** Numbers of drafts that the method offers. */
  protected Stream<Integer> draftTokens() {
    return Stream.of(1, 2, 3, 4);
  }

  @Test
  void required_S101_everyNameThatAConfigurationMayUseOpensTheMethod() {
    assertThat(provider().methods()).isNotEmpty();
    for (String method : provider().methods()) {
      draftTokens()
          .forEach(count -> {
            Class<?> kind =
                switch (provider().drafter()) {
                  case MODEL_HEAD -> Speculator.OnDevice.class;
                  case HISTORY -> Speculator.OnHost.class;
                };
            assertThat(create(method, count, new RecordingOps())).isInstanceOf(kind);
          });
    }
  }

  @Test
  void required_S101_aCheckpointWithoutHeadIsRefusedWhereTheMethodNeedsOne() {
    if (provider().drafter() == Drafter.HISTORY) {
      return; // it never sees one
    }
    for (String method : provider().methods()) {
      assertThatCode(() -> create(method, 1, new RecordingOps(), null))
          .isInstanceOfSatisfying(
              TenonException.class,
              e -> assertThat(e.code()).isEqualTo(ErrorCode.INVALID_CONFIGURATION))
          .hasMessageContaining(method);
    }
  }

  /** A speculator, with a head if the method drafts by one. */
  final Speculator create(String method, int draftTokens, RecordingOps ops) {
    boolean headed = provider().drafter() == Drafter.MODEL_HEAD;
    return create(method, draftTokens, ops, headed ? new RecordingDraftHead(ops) : null);
  }

  private Speculator create(
      String method, int draftTokens, RecordingOps ops, @Nullable DraftHead head) {
    return provider().create(new SpeculationConfig(method, draftTokens), ops, head);
  }
}
