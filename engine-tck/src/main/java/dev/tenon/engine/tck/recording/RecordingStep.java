package dev.tenon.engine.tck.recording;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tenon.spi.backend.StateLimits;
import dev.tenon.spi.backend.StatePlan;
import dev.tenon.spi.backend.StateSpec;
import dev.tenon.spi.backend.StateView;
import dev.tenon.spi.backend.Step;
import java.util.List;

/**
 * A step whose rows are names: {@code target}, {@code draft0}, {@code draft1}, …
 *
 * @param declared what was declared; no layer has any other state
 * @param draftTokens tokens to draft
 */
public record RecordingStep(List<StateSpec> declared, int draftTokens) implements Step, StateView {
  /** Copies the list. */
  public RecordingStep {
    declared = List.copyOf(declared);
  }

  /** The state of a layer, as it was declared. */
  record Cache(StateSpec spec) implements KvCache, RecurrentCache {}

  @Override
  public StateView states() {
    return this;
  }

  @Override
  public Named targetRows() {
    return new Named("target", 0);
  }

  @Override
  public Named draftRows(int pass) {
    assertThat(pass).as("pass").isBetween(0, draftTokens - 1);
    return new Named("draft" + pass, 0);
  }

  @Override
  public StatePlan plan() {
    return new StatePlan(declared, 16, 1, 1, new StateLimits(15, draftTokens, 1));
  }

  @Override
  public KvCache kv(int layer) {
    return cache(layer, StateSpec.PagedKv.class);
  }

  @Override
  public RecurrentCache recurrent(int layer) {
    return cache(layer, StateSpec.Recurrent.class);
  }

  private Cache cache(int layer, Class<? extends StateSpec> kind) {
    List<StateSpec> found = declared.stream().filter(spec -> spec.layer() == layer).toList();
    assertThat(found).as("declared state of layer " + layer).hasSize(1).hasOnlyElementsOfType(kind);
    return new Cache(found.getFirst());
  }
}
