package dev.tenon.model.qwen3next;

import dev.tenon.spi.model.Checkpoint;
import dev.tenon.spi.model.ShardSpec;
import dev.tenon.spi.model.TensorSpec;
import dev.tenon.spi.model.TensorSpec.Quantisation;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/** Every tensor of a checkpoint: name, shape, division among ranks. */
final class Tensors {
  private static final ShardSpec WHOLE = new ShardSpec.Replicated();
  private static final ShardSpec ROWS = new ShardSpec.Rows();
  private static final ShardSpec COLUMNS = new ShardSpec.Columns();

  private final Config config;
  private final Checkpoint checkpoint;
  private final List<TensorSpec> specs = new ArrayList<>();

  private Tensors(Config config, Checkpoint checkpoint) {
    this.config = config;
    this.checkpoint = checkpoint;
  }

  static List<TensorSpec> of(Config config, Checkpoint checkpoint, int draftLayers) {
    Tensors tensors = new Tensors(config, checkpoint);
    tensors.global();
    for (int layer = 0; layer < config.layers(); layer++) {
      tensors.layer(Names.layer(layer), config.mixers().get(layer), config.isDense(layer));
    }
    if (draftLayers > 0) {
      tensors.drafting(draftLayers);
    }
    return tensors.specs;
  }

  private void global() {
    int hidden = config.hidden();
    plain(Names.EMBEDDING, new ShardSpec.Vocabulary(), config.vocabularySize(), hidden);
    plain(Names.FINAL_NORM, WHOLE, hidden);
    if (!config.tiedHead()) {
      plain(Names.HEAD, new ShardSpec.Vocabulary(), config.vocabularySize(), hidden);
    }
  }

  private void drafting(int draftLayers) {
    int hidden = config.hidden();
    plain(Names.DRAFT_PROJECTION, WHOLE, hidden, 2L * hidden);
    plain(Names.DRAFT_EMBEDDING_NORM, WHOLE, hidden);
    plain(Names.DRAFT_HIDDEN_NORM, WHOLE, hidden);
    plain(Names.DRAFT_NORM, WHOLE, hidden);
    for (int layer = 0; layer < draftLayers; layer++) {
      layer(Names.draftLayer(layer), Config.Mixer.FULL_ATTENTION, config.experts() == 0);
    }
  }

  private void layer(String prefix, Config.Mixer mixer, boolean dense) {
    plain(prefix + Names.INPUT_NORM, WHOLE, config.hidden());
    plain(prefix + Names.FEED_FORWARD_NORM, WHOLE, config.hidden());
    switch (mixer) {
      case FULL_ATTENTION -> attention(prefix + Names.ATTENTION);
      case LINEAR_ATTENTION -> deltaNet(prefix + Names.DELTA_NET);
    }
    if (dense) {
      mlp(prefix + Names.MLP, config.denseWidth());
    } else {
      experts(prefix + Names.MLP);
    }
  }

  private void attention(String prefix) {
    int hidden = config.hidden();
    long kvRows = (long) config.kvHeads() * config.headDim();
    ShardSpec heads = new ShardSpec.Heads(config.kvHeads(), config.headDim());
    quantised(prefix + "q_proj.weight", ROWS, config.queryRows(), hidden);
    quantised(prefix + "k_proj.weight", heads, kvRows, hidden);
    quantised(prefix + "v_proj.weight", heads, kvRows, hidden);
    quantised(prefix + "o_proj.weight", COLUMNS, hidden, (long) config.heads() * config.headDim());
    plain(prefix + "q_norm.weight", WHOLE, config.headDim());
    plain(prefix + "k_norm.weight", WHOLE, config.headDim());
    if (config.queryBias()) {
      plain(prefix + "q_proj.bias", ROWS, config.queryRows());
      plain(prefix + "k_proj.bias", heads, kvRows);
      plain(prefix + "v_proj.bias", heads, kvRows);
    }
    if (config.outputBias()) {
      plain(prefix + "o_proj.bias", WHOLE, hidden);
    }
  }

  private void deltaNet(String prefix) {
    int hidden = config.hidden();
    List<Integer> sections = List.of(config.keyWidth(), config.keyWidth(), config.valueWidth());
    quantised(
        prefix + "in_proj_qkvz.weight",
        ROWS,
        2L * config.keyWidth() + 2L * config.valueWidth(),
        hidden);
    plain(prefix + "in_proj_ba.weight", ROWS, 2L * config.valueHeads(), hidden);
    plain(
        prefix + "conv1d.weight",
        new ShardSpec.RowSections(sections),
        config.convChannels(),
        1,
        config.convWidth());
    plain(prefix + "A_log", ROWS, config.valueHeads());
    plain(prefix + "dt_bias", ROWS, config.valueHeads());
    plain(prefix + "norm.weight", WHOLE, config.valueDim());
    quantised(prefix + "out_proj.weight", COLUMNS, hidden, config.valueWidth());
  }

  private void experts(String prefix) {
    int hidden = config.hidden();
    int width = config.expertWidth();
    plain(prefix + "gate.weight", WHOLE, config.experts(), hidden);
    if (checkpoint.tensors().containsKey(prefix + Names.FUSED_GATE_UP)) {
      // A rank takes its rows of gate and of up as two views; sections would have to be copied.
      quantised(
          prefix + Names.FUSED_GATE_UP,
          new ShardSpec.AllExperts(WHOLE),
          config.experts(),
          2L * width,
          hidden);
      quantised(
          prefix + Names.FUSED_DOWN,
          new ShardSpec.AllExperts(COLUMNS),
          config.experts(),
          hidden,
          width);
    } else {
      for (int expert = 0; expert < config.experts(); expert++) {
        String name = prefix + "experts." + expert + ".";
        ShardSpec rows = new ShardSpec.OfExpert(expert, ROWS);
        quantised(name + "gate_proj.weight", rows, width, hidden);
        quantised(name + "up_proj.weight", rows, width, hidden);
        quantised(
            name + "down_proj.weight", new ShardSpec.OfExpert(expert, COLUMNS), hidden, width);
      }
    }
    if (config.sharedWidth() > 0) {
      plain(prefix + "shared_expert_gate.weight", WHOLE, 1, hidden);
      mlp(prefix + "shared_expert.", config.sharedWidth());
    }
  }

  private void mlp(String prefix, int width) {
    quantised(prefix + "gate_proj.weight", ROWS, width, config.hidden());
    quantised(prefix + "up_proj.weight", ROWS, width, config.hidden());
    quantised(prefix + "down_proj.weight", COLUMNS, config.hidden(), width);
  }

  private void plain(String name, ShardSpec shard, long... shape) {
    specs.add(spec(name, shard, Quantisation.NEVER, shape));
  }

  private void quantised(String name, ShardSpec shard, long... shape) {
    specs.add(spec(name, shard, Quantisation.BLOCK_SCALED, shape));
  }

  private static TensorSpec spec(
      String name, ShardSpec shard, Quantisation quantisation, long... shape) {
    return new TensorSpec(name, Arrays.stream(shape).boxed().toList(), shard, quantisation);
  }
}
