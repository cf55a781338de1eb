package dev.tenon.spec.mtp;

import dev.tenon.spi.backend.Activations;
import dev.tenon.spi.backend.AttentionOps;
import dev.tenon.spi.backend.LinearOps;
import dev.tenon.spi.backend.Logits;
import dev.tenon.spi.backend.MoeOps;
import dev.tenon.spi.backend.NormOps;
import dev.tenon.spi.backend.Ops;
import dev.tenon.spi.backend.Packed;
import dev.tenon.spi.backend.RecurrentOps;
import dev.tenon.spi.backend.Residual;
import dev.tenon.spi.backend.Rows;
import dev.tenon.spi.backend.SamplingOps;
import dev.tenon.spi.backend.StateView;
import dev.tenon.spi.backend.Step;
import dev.tenon.spi.model.DraftHead;

/** Operations that write down what was issued. */
final class RecordedOps implements Ops, LinearOps, SamplingOps {
  private final StringBuilder issued = new StringBuilder();

  /** Anything that operations pass on. */
  record Named(String name) implements Activations, Rows, Logits {
    @Override
    public int width() {
      return 1;
    }

    @Override
    public String toString() {
      return name;
    }
  }

  /** A drafting head. */
  record Head(RecordedOps ops) implements DraftHead {
    @Override
    public Activations forward(Step step, Rows rows, Activations hidden, int pass) {
      ops.issued.append("forward ").append(rows).append(' ').append(hidden).append("; ");
      return new Named("out" + pass);
    }

    @Override
    public Logits logits(Rows rows, Activations selected) {
      return new Named("logits(" + selected + ")");
    }
  }

  String issued() {
    return issued.toString();
  }

  Step step(int draftTokens) {
    return new Step() {
      @Override
      public StateView states() {
        throw new UnsupportedOperationException();
      }

      @Override
      public Rows targetRows() {
        throw new UnsupportedOperationException();
      }

      @Override
      public Rows draftRows(int pass) {
        return new Named("rows" + pass);
      }

      @Override
      public int draftTokens() {
        return draftTokens;
      }
    };
  }

  @Override
  public Activations select(Rows rows, Activations activations) {
    issued.append("select ").append(rows).append(' ').append(activations).append("; ");
    return new Named(activations.toString().replace("out", "picked"));
  }

  @Override
  public void draft(Step step, Logits logits, int pass) {
    issued.append("draft ").append(pass).append(' ').append(logits).append("; ");
  }

  @Override
  public LinearOps linear() {
    return this;
  }

  @Override
  public SamplingOps sampling() {
    return this;
  }

  @Override
  public NormOps norms() {
    throw new UnsupportedOperationException();
  }

  @Override
  public AttentionOps attention() {
    throw new UnsupportedOperationException();
  }

  @Override
  public RecurrentOps recurrent() {
    throw new UnsupportedOperationException();
  }

  @Override
  public MoeOps moe() {
    throw new UnsupportedOperationException();
  }

  @Override
  public Residual embed(Rows rows, Packed.Embedding embedding) {
    throw new UnsupportedOperationException();
  }

  @Override
  public Residual joinEmbedding(
      Rows rows,
      Packed.Embedding embedding,
      Activations hidden,
      Packed.Norm embeddingNorm,
      Packed.Norm hiddenNorm,
      Packed.Projection projection) {
    throw new UnsupportedOperationException();
  }

  @Override
  public Logits logits(Rows rows, Packed.Head head, Activations selected) {
    throw new UnsupportedOperationException();
  }

  @Override
  public void sample(Step step, Logits logits) {
    throw new UnsupportedOperationException();
  }
}
