package dev.tenon.engine.tck.contract;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tenon.engine.tck.recording.Named;
import dev.tenon.engine.tck.recording.RecordingOps;
import dev.tenon.engine.tck.recording.RecordingStep;
import dev.tenon.spi.speculation.Speculator;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/** What a method must keep to that drafts by a head of the model. */
public abstract class OnDeviceSpeculatorContract extends SpeculatorContract {
  private static final Named HIDDEN = new Named("hidden", 8);

  /** A new contract. */
  protected OnDeviceSpeculatorContract() {}

  @Test
  void required_S201_passesAreAsManyAsDraftsInOrderAndTheSameEveryTime() {
    for (String method : provider().methods()) {
      draftTokens()
          .forEach(count -> {
            List<String> issued = issued(method, count);
            List<String> passes = issued.stream().filter(l -> l.startsWith("pass ")).toList();
            List<String> drafts = issued.stream().filter(l -> l.startsWith("draft ")).toList();
            assertThat(passes).hasSize(count);
            assertThat(drafts).hasSize(count);
            IntStream.range(0, count)
                .forEach(pass -> {
                  assertThat(passes.get(pass)).startsWith("pass " + pass + " draft" + pass + " ");
                  assertThat(drafts.get(pass)).startsWith("draft " + pass + " ");
                  assertThat(issued.indexOf(drafts.get(pass)))
                      .as("a draft comes of its own pass")
                      .isGreaterThan(issued.indexOf(passes.get(pass)));
                });
            assertThat(issued(method, count)).isEqualTo(issued);
          });
    }
  }

  @Test
  void required_S202_draftsAreChosenWithoutChance() {
    for (String method : provider().methods()) {
      draftTokens()
          .forEach(count ->
              assertThat(issued(method, count)).noneMatch(line -> line.startsWith("sample ")));
    }
  }

  @Test
  void required_S203_theFirstPassContinuesAllRowsOfTheModel() {
    for (String method : provider().methods()) {
      assertThat(issued(method, 1))
          .filteredOn(line -> line.startsWith("pass 0 "))
          .containsExactly("pass 0 draft0 hidden");
    }
  }

  private List<String> issued(String method, int draftTokens) {
    RecordingOps ops = new RecordingOps();
    Speculator.OnDevice speculator = (Speculator.OnDevice) create(method, draftTokens, ops);
    RecordingStep step = new RecordingStep(List.of(), draftTokens);
    speculator.propose(step, HIDDEN);
    List<String> first = ops.drain();
    speculator.propose(step, HIDDEN);
    assertThat(ops.drain()).isEqualTo(first);
    return first;
  }
}
