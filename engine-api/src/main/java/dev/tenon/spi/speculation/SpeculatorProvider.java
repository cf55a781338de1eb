package dev.tenon.spi.speculation;

import dev.tenon.api.SpeculationConfig;
import dev.tenon.spi.Provider;
import dev.tenon.spi.backend.Ops;
import dev.tenon.spi.model.DraftHead;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** Entry class of a speculative method. Thread-safe. */
public interface SpeculatorProvider extends Provider {
  /** Names that configurations may use for it. */
  Set<String> methods();

  /** What it drafts from. */
  Drafter drafter();

  /**
   * A speculator of one rank.
   *
   * @param ops operations of the rank's backend
   * @param head the model's drafting head; {@code null} exactly if {@link #drafter()} is {@code
   *     HISTORY}
   */
  Speculator create(SpeculationConfig config, Ops ops, @Nullable DraftHead head);

  /** What a method drafts from. */
  enum Drafter {
    /** The model's drafting head, on the device, within the step. */
    MODEL_HEAD,
    /** The tokens so far, on the host, between steps. */
    HISTORY
  }
}
