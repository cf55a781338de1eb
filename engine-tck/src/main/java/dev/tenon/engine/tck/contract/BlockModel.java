package dev.tenon.engine.tck.contract;

import dev.tenon.spi.backend.Backend;
import dev.tenon.spi.backend.HostMatrix;
import dev.tenon.spi.backend.NormWeights;
import dev.tenon.spi.backend.Ops;
import dev.tenon.spi.backend.Residual;
import dev.tenon.spi.backend.StateSpec;
import dev.tenon.spi.backend.Step;
import java.util.List;

/**
 * An operation between an embedding and a head.
 *
 * @param embedding {@code [vocabulary, hidden]}
 * @param norm before the head
 * @param head {@code [vocabulary, hidden]}
 * @param states what the operation keeps
 * @param block packs the operation's weights
 */
public record BlockModel(
    HostMatrix embedding, NormWeights norm, HostMatrix head, List<StateSpec> states, Block block) {
  /** Copies the list. */
  public BlockModel {
    states = List.copyOf(states);
  }

  /** Ids. */
  public int vocabulary() {
    return embedding.rows();
  }

  /** Packs weights. */
  @FunctionalInterface
  public interface Block {
    /** Packs them and returns what issues the operation. */
    Bound bind(Backend backend);
  }

  /** An operation with its weights. */
  @FunctionalInterface
  public interface Bound {
    /** Issues it over the step's target rows. */
    void issue(Ops ops, Step step, Residual residual);
  }
}
