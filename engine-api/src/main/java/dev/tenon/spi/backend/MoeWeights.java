package dev.tenon.spi.backend;

import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A mixture of experts, one rank's share. p = softmax(router·n) over all experts in f32; the
 * greatest {@code expertsPerToken} are taken, the lowest index where equal; output = Σ p_e ·
 * expert_e(n), in f32 and ascending order of e, + σ(sharedGate·n) · shared(n).
 *
 * @param experts experts of the model
 * @param expertsPerToken experts that a token passes
 * @param weighting what becomes of the chosen probabilities
 * @param firstExpert first expert that this rank holds
 * @param inputNorm norm of the residual
 * @param router {@code [experts, hidden]}, the same on all ranks
 * @param gate per held expert {@code [intermediate, hidden]}
 * @param up per held expert {@code [intermediate, hidden]}
 * @param down per held expert {@code [hidden, intermediate]}; partial sums over ranks
 * @param shared the expert that every token passes, if there is one
 */
public record MoeWeights(
    int experts,
    int expertsPerToken,
    Weighting weighting,
    int firstExpert,
    NormWeights inputNorm,
    HostMatrix router,
    List<HostMatrix> gate,
    List<HostMatrix> up,
    List<HostMatrix> down,
    @Nullable SharedExpert shared) {

  /** Copies the lists. */
  public MoeWeights {
    gate = List.copyOf(gate);
    up = List.copyOf(up);
    down = List.copyOf(down);
  }

  /** What becomes of the chosen experts' probabilities. */
  public enum Weighting {
    /** They are divided by their sum. */
    NORMALISED,
    /** They stay as they are. */
    RAW
  }

  /**
   * The expert that every token passes.
   *
   * @param selector {@code [1, hidden]}, the same on all ranks: weight σ(selector·n)
   * @param gate {@code [intermediate, hidden]}
   * @param up {@code [intermediate, hidden]}
   * @param down {@code [hidden, intermediate]}; partial sums over ranks
   */
  public record SharedExpert(
      HostMatrix selector, HostMatrix gate, HostMatrix up, HostMatrix down) {}
}
