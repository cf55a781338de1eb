package dev.tenon.model.qwen3next;

import dev.tenon.spi.backend.AttentionWeights;
import dev.tenon.spi.backend.Backend;
import dev.tenon.spi.backend.DeltaNetWeights;
import dev.tenon.spi.backend.HostMatrix;
import dev.tenon.spi.backend.MlpWeights;
import dev.tenon.spi.backend.MoeWeights;
import dev.tenon.spi.backend.NormWeights;
import dev.tenon.spi.backend.Packed;
import dev.tenon.spi.backend.Weights;
import dev.tenon.spi.model.Checkpoint;
import dev.tenon.spi.model.RankLayout;
import dev.tenon.spi.model.WeightSource;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Hands one rank's weights to its backend. */
final class Binder {
  private final Config config;
  private final Checkpoint checkpoint;
  private final Backend backend;
  private final Weights weights;
  private final WeightSource source;
  private final RankLayout layout;

  Binder(
      Config config,
      Checkpoint checkpoint,
      Backend backend,
      WeightSource source,
      RankLayout layout) {
    this.config = config;
    this.checkpoint = checkpoint;
    this.backend = backend;
    this.weights = backend.weights();
    this.source = source;
    this.layout = layout;
  }

  /** Binds the model and so many layers of its drafting head. */
  Qwen3NextModel bind(int draftLayers) {
    int share = Math.ceilDiv(config.vocabularySize(), layout.size());
    int firstId = Math.min(config.vocabularySize(), layout.rank() * share);
    HostMatrix table = source.matrix(Names.EMBEDDING);
    Packed.Embedding embedding = weights.embedding(table, firstId, config.vocabularySize());
    Packed.Head head =
        weights.head(
            config.tiedHead() ? table : source.matrix(Names.HEAD),
            firstId,
            config.vocabularySize());
    List<Layer> layers = new ArrayList<>();
    for (int index = 0; index < config.layers(); index++) {
      layers.add(
          layer(index, Names.layer(index), config.mixers().get(index), config.isDense(index)));
    }
    Packed.Norm norm = weights.norm(zeroCentred(Names.FINAL_NORM));
    @Nullable Qwen3NextDraftHead draftHead =
        draftLayers == 0 ? null : draftHead(draftLayers, embedding, head);
    return new Qwen3NextModel(backend.ops(), embedding, layers, norm, head, draftHead);
  }

  private Qwen3NextDraftHead draftHead(
      int draftLayers, Packed.Embedding embedding, Packed.Head head) {
    List<Layer> layers = new ArrayList<>();
    for (int index = 0; index < draftLayers; index++) {
      layers.add(
          layer(
              config.layers() + index,
              Names.draftLayer(index),
              Config.Mixer.FULL_ATTENTION,
              config.experts() == 0));
    }
    return new Qwen3NextDraftHead(
        backend.ops(),
        embedding,
        weights.norm(zeroCentred(Names.DRAFT_EMBEDDING_NORM)),
        weights.norm(zeroCentred(Names.DRAFT_HIDDEN_NORM)),
        weights.projection(source.matrix(Names.DRAFT_PROJECTION)),
        layers,
        weights.norm(zeroCentred(Names.DRAFT_NORM)),
        head);
  }

  private Layer layer(int index, String prefix, Config.Mixer mixer, boolean dense) {
    NormWeights inputNorm = zeroCentred(prefix + Names.INPUT_NORM);
    NormWeights feedForwardNorm = zeroCentred(prefix + Names.FEED_FORWARD_NORM);
    Packed mixing =
        switch (mixer) {
          case FULL_ATTENTION -> weights.attention(attention(prefix + Names.ATTENTION, inputNorm));
          case LINEAR_ATTENTION -> weights.deltaNet(deltaNet(prefix + Names.DELTA_NET, inputNorm));
        };
    Packed feedForward =
        dense
            ? weights.mlp(mlp(prefix + Names.MLP, feedForwardNorm))
            : weights.moe(moe(prefix + Names.MLP, feedForwardNorm));
    return new Layer(index, mixing, feedForward);
  }

  private AttentionWeights attention(String prefix, NormWeights inputNorm) {
    return new AttentionWeights(
        config.heads() / layout.size(),
        Math.max(1, config.kvHeads() / layout.size()),
        config.headDim(),
        (float) (1 / Math.sqrt(config.headDim())),
        config.rotary(),
        inputNorm,
        source.matrix(prefix + "q_proj.weight"),
        config.outputGate(),
        source.matrix(prefix + "k_proj.weight"),
        source.matrix(prefix + "v_proj.weight"),
        source.matrix(prefix + "o_proj.weight"),
        zeroCentred(prefix + "q_norm.weight"),
        zeroCentred(prefix + "k_norm.weight"),
        biases(prefix));
  }

  private AttentionWeights.@Nullable Biases biases(String prefix) {
    if (!config.queryBias()) {
      return null;
    }
    boolean addsOutput = config.outputBias() && layout.rank() == 0;
    return new AttentionWeights.Biases(
        source.values(prefix + "q_proj.bias"),
        source.values(prefix + "k_proj.bias"),
        source.values(prefix + "v_proj.bias"),
        addsOutput ? source.values(prefix + "o_proj.bias") : new float[config.hidden()]);
  }

  private DeltaNetWeights deltaNet(String prefix, NormWeights inputNorm) {
    return new DeltaNetWeights(
        config.keyHeads() / layout.size(),
        config.valueHeads() / layout.size(),
        config.keyDim(),
        config.valueDim(),
        config.convWidth(),
        inputNorm,
        source.matrix(prefix + "in_proj_qkvz.weight"),
        source.matrix(prefix + "in_proj_ba.weight"),
        source.values(prefix + "conv1d.weight"),
        source.values(prefix + "A_log"),
        source.values(prefix + "dt_bias"),
        new NormWeights(source.values(prefix + "norm.weight"), config.epsilon()),
        config.gateActivation(),
        source.matrix(prefix + "out_proj.weight"));
  }

  private MlpWeights mlp(String prefix, NormWeights norm) {
    return new MlpWeights(
        norm,
        source.matrix(prefix + "gate_proj.weight"),
        source.matrix(prefix + "up_proj.weight"),
        source.matrix(prefix + "down_proj.weight"));
  }

  private MoeWeights moe(String prefix, NormWeights norm) {
    boolean whole = layout.experts() == RankLayout.Experts.WHOLE;
    int held = whole ? config.experts() / layout.size() : config.experts();
    int first = whole ? layout.rank() * held : 0;
    boolean fused = checkpoint.tensors().containsKey(prefix + Names.FUSED_GATE_UP);
    List<HostMatrix> gate = new ArrayList<>(held);
    List<HostMatrix> up = new ArrayList<>(held);
    List<HostMatrix> down = new ArrayList<>(held);
    for (int expert = first; expert < first + held; expert++) {
      if (fused) {
        HostMatrix both = source.expertMatrix(prefix + Names.FUSED_GATE_UP, expert);
        gate.add(ownRows(both.slicedRows(0, config.expertWidth())));
        up.add(ownRows(both.slicedRows(config.expertWidth(), config.expertWidth())));
        down.add(source.expertMatrix(prefix + Names.FUSED_DOWN, expert));
      } else {
        String name = prefix + "experts." + expert + ".";
        gate.add(source.matrix(name + "gate_proj.weight"));
        up.add(source.matrix(name + "up_proj.weight"));
        down.add(source.matrix(name + "down_proj.weight"));
      }
    }
    return new MoeWeights(
        config.experts(),
        config.expertsPerToken(),
        config.normalisedWeights() ? MoeWeights.Weighting.NORMALISED : MoeWeights.Weighting.RAW,
        first,
        norm,
        source.matrix(prefix + "gate.weight"),
        gate,
        up,
        down,
        config.sharedWidth() > 0 ? shared(prefix) : null);
  }

  /** This rank's rows of one expert's matrix. */
  private HostMatrix ownRows(HostMatrix matrix) {
    return switch (layout.experts()) {
      case SLICED -> {
        int count = matrix.rows() / layout.size();
        yield matrix.slicedRows(count * layout.rank(), count);
      }
      case WHOLE -> matrix;
    };
  }

  private MoeWeights.SharedExpert shared(String prefix) {
    return new MoeWeights.SharedExpert(
        source.matrix(prefix + "shared_expert_gate.weight"),
        source.matrix(prefix + "shared_expert.gate_proj.weight"),
        source.matrix(prefix + "shared_expert.up_proj.weight"),
        source.matrix(prefix + "shared_expert.down_proj.weight"));
  }

  private NormWeights zeroCentred(String name) {
    return NormWeights.zeroCentred(source.values(name), config.epsilon());
  }
}
