package dev.tenon.engine.tck.toy;

import dev.tenon.spi.backend.Activations;
import dev.tenon.spi.backend.Backend;
import dev.tenon.spi.backend.HostMatrix;
import dev.tenon.spi.backend.Ops;
import dev.tenon.spi.backend.Packed;
import dev.tenon.spi.backend.Residual;
import dev.tenon.spi.backend.Rows;
import dev.tenon.spi.backend.StateSpec;
import dev.tenon.spi.backend.Step;
import dev.tenon.spi.backend.Weights;
import dev.tenon.spi.model.BoundModel;
import dev.tenon.spi.model.DraftHead;
import dev.tenon.spi.model.ModelArchitecture.Drafting;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * A hybrid of one gated delta net and one gated attention layer, each followed by a dense MLP, with
 * a drafting head. Its weights are made up, so its tokens mean nothing, but depend on all tokens
 * before.
 */
public final class ToyModel implements BoundModel {
  /** Number of ids. */
  public static final int VOCABULARY = 96;

  static final int RECURRENT_LAYER = 0;
  static final int ATTENTION_LAYER = 1;
  static final int DRAFT_LAYER = 2;

  private final Ops ops;
  private final Packed.Embedding embedding;
  private final Packed.DeltaNet deltaNet;
  private final Packed.Attention attention;
  private final Packed.Mlp firstMlp;
  private final Packed.Mlp secondMlp;
  private final Packed.Norm norm;
  private final Packed.Head head;
  private final @Nullable DraftHead draftHead;

  private ToyModel(Backend backend, ToyWeights toy, Drafting drafting) {
    Weights weights = backend.weights();
    HostMatrix table = toy.matrix("embedding", VOCABULARY, ToyWeights.HIDDEN, 3);
    ops = backend.ops();
    embedding = weights.embedding(table, 0, VOCABULARY);
    deltaNet = weights.deltaNet(toy.deltaNet("delta"));
    attention = weights.attention(toy.attention("attention"));
    firstMlp = weights.mlp(toy.mlp("first"));
    secondMlp = weights.mlp(toy.mlp("second"));
    norm = weights.norm(toy.norm("norm", ToyWeights.HIDDEN));
    head = weights.head(toy.matrix("head", VOCABULARY, ToyWeights.HIDDEN, 3), 0, VOCABULARY);
    draftHead =
        switch (drafting) {
          case OFF -> null;
          case ON ->
              new ToyDraftHead(
                  ops,
                  embedding,
                  weights.norm(toy.norm("draft.embedding", ToyWeights.HIDDEN)),
                  weights.norm(toy.norm("draft.hidden", ToyWeights.HIDDEN)),
                  weights.projection(
                      toy.matrix("draft.join", ToyWeights.HIDDEN, 2 * ToyWeights.HIDDEN, 1)),
                  weights.attention(toy.attention("draft.attention")),
                  weights.norm(toy.norm("draft.norm", ToyWeights.HIDDEN)),
                  head);
        };
  }

  /** Packs the model's weights on a backend that is its only rank. */
  public static ToyModel bind(Backend backend, long seed, Drafting drafting) {
    return new ToyModel(backend, new ToyWeights(seed), drafting);
  }

  /** The state of its layers. */
  public static List<StateSpec> states(Drafting drafting) {
    List<StateSpec> states = new ArrayList<>();
    states.add(
        new StateSpec.Recurrent(
            RECURRENT_LAYER,
            2 * ToyWeights.KEY_HEADS * ToyWeights.KEY_DIM
                + ToyWeights.VALUE_HEADS * ToyWeights.VALUE_DIM,
            ToyWeights.CONV_WIDTH,
            ToyWeights.KEY_HEADS,
            ToyWeights.VALUE_HEADS,
            ToyWeights.KEY_DIM,
            ToyWeights.VALUE_DIM));
    states.add(paged(ATTENTION_LAYER));
    if (drafting == Drafting.ON) {
      states.add(paged(DRAFT_LAYER));
    }
    return states;
  }

  private static StateSpec paged(int layer) {
    return new StateSpec.PagedKv(layer, ToyWeights.KV_HEADS, ToyWeights.HEAD_DIM);
  }

  @Override
  public Forward forward(Step step) {
    Rows rows = step.targetRows();
    Residual residual = ops.linear().embed(rows, embedding);
    ops.recurrent().deltaNet(rows, residual, deltaNet, step.states().recurrent(RECURRENT_LAYER));
    ops.moe().mlp(rows, residual, firstMlp);
    ops.attention().attend(rows, residual, attention, step.states().kv(ATTENTION_LAYER));
    ops.moe().mlp(rows, residual, secondMlp);
    Activations hidden = ops.norms().finish(rows, residual, norm);
    Activations selected = ops.linear().select(rows, hidden);
    return new Forward(hidden, ops.linear().logits(rows, head, selected));
  }

  @Override
  public Optional<DraftHead> draftHead() {
    return Optional.ofNullable(draftHead);
  }
}
