package dev.tenon.spi.model;

import dev.tenon.spi.backend.Backend;
import dev.tenon.spi.backend.StateSpec;
import dev.tenon.spi.text.TextSupport;
import java.util.List;
import java.util.Optional;

/** One checkpoint's architecture: everything that is known before memory is taken. Thread-safe. */
public interface ModelArchitecture {
  /** Sizes and ids that the engine needs. */
  ModelProperties properties();

  /**
   * Every tensor that the checkpoint must or may hold, by the names it uses. Others are errors,
   * except those that {@link #ignores} names.
   *
   * @param drafting whether the drafting head's tensors are included, if the checkpoint has one
   */
  List<TensorSpec> tensors(Drafting drafting);

  /** Whether a tensor that {@link #tensors} does not list may be there all the same. */
  boolean ignores(String tensorName);

  /**
   * Checks that the model divides among ranks.
   *
   * @throws dev.tenon.api.TenonException {@code INVALID_CONFIGURATION} naming what does not divide
   *     and which rank counts would
   */
  void checkRanks(RankLayout layout);

  /** The state that each layer keeps per sequence on one rank. */
  List<StateSpec> states(RankLayout layout, Drafting drafting);

  /** Packs one rank's weights. The source stays open as long as the backend. */
  BoundModel bind(Backend backend, WeightSource weights, RankLayout layout, Drafting drafting);

  /** Tokenizer and template from the checkpoint's files, or empty if there is no tokenizer. */
  Optional<TextSupport> openText();

  /** Whether a drafting head is wanted. */
  enum Drafting {
    /** No. */
    OFF,
    /** Yes. */
    ON
  }
}
