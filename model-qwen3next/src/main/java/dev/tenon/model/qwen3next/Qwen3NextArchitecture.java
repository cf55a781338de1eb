package dev.tenon.model.qwen3next;

import dev.tenon.api.ErrorCode;
import dev.tenon.api.TenonException;
import dev.tenon.spi.backend.Backend;
import dev.tenon.spi.backend.StateSpec;
import dev.tenon.spi.model.BoundModel;
import dev.tenon.spi.model.Checkpoint;
import dev.tenon.spi.model.ModelArchitecture;
import dev.tenon.spi.model.ModelProperties;
import dev.tenon.spi.model.RankLayout;
import dev.tenon.spi.model.TensorSpec;
import dev.tenon.spi.model.WeightSource;
import dev.tenon.spi.text.TextSupport;
import dev.tenon.text.huggingface.HuggingFaceText;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/** A Qwen3-Next checkpoint, before any memory is taken for it. */
final class Qwen3NextArchitecture implements ModelArchitecture {
  private static final List<String> SAMPLING_KEYS =
      List.of("temperature", "top_p", "top_k", "min_p", "repetition_penalty");
  private static final int MOST_RANKS = 64;

  private final Checkpoint checkpoint;
  private final Config config;

  Qwen3NextArchitecture(Checkpoint checkpoint, Config config) {
    this.checkpoint = checkpoint;
    this.config = config;
  }

  Config config() {
    return config;
  }

  @Override
  public ModelProperties properties() {
    return new ModelProperties(
        Qwen3NextProvider.ID,
        config.vocabularySize(),
        config.hidden(),
        config.layers(),
        config.maxPositions(),
        config.endOfTextIds(),
        config.draftLayers(),
        samplingDefaults(),
        tensors(Drafting.ON).stream().mapToLong(TensorSpec::elements).sum(),
        config.notes());
  }

  @Override
  public List<TensorSpec> tensors(Drafting drafting) {
    return Tensors.of(config, checkpoint, draftLayers(drafting));
  }

  @Override
  public boolean ignores(String tensorName) {
    return tensorName.endsWith("rotary_emb.inv_freq")
        || (config.tiedHead() && tensorName.equals(Names.HEAD));
  }

  @Override
  public void checkRanks(RankLayout layout) {
    List<String> problems = indivisible(layout.size(), layout.experts());
    if (!problems.isEmpty()) {
      String fitting =
          IntStream.rangeClosed(1, MOST_RANKS)
              .filter(size -> indivisible(size, layout.experts()).isEmpty())
              .mapToObj(String::valueOf)
              .collect(Collectors.joining(", "));
      throw TenonException.of(
          ErrorCode.INVALID_CONFIGURATION,
          "tensor_parallel_size",
          checkpoint.name()
              + " does not divide among "
              + layout.size()
              + " ranks: "
              + String.join(", ", problems)
              + "; rank counts that fit: "
              + fitting);
    }
  }

  private List<String> indivisible(int ranks, RankLayout.Experts experts) {
    List<String> problems = new ArrayList<>();
    requireDivisible(problems, "num_attention_heads", config.heads(), ranks);
    if (config.kvHeads() % ranks != 0 && ranks % config.kvHeads() != 0) {
      problems.add("num_key_value_heads is " + config.kvHeads());
    }
    if (config.mixers().contains(Config.Mixer.LINEAR_ATTENTION)) {
      requireDivisible(problems, "linear_num_key_heads", config.keyHeads(), ranks);
    }
    boolean draftsWithExperts = config.draftLayers() > 0 && config.experts() > 0;
    if (config.denseLayers().size() < config.layers() || draftsWithExperts) {
      switch (experts) {
        case SLICED ->
            requireDivisible(problems, "moe_intermediate_size", config.expertWidth(), ranks);
        case WHOLE -> requireDivisible(problems, "num_experts", config.experts(), ranks);
      }
      requireDivisible(problems, "shared_expert_intermediate_size", config.sharedWidth(), ranks);
    }
    if (!config.denseLayers().isEmpty()) {
      requireDivisible(problems, "intermediate_size", config.denseWidth(), ranks);
    }
    if (config.vocabularySize() < ranks) {
      problems.add("vocab_size is " + config.vocabularySize());
    }
    return problems;
  }

  private static void requireDivisible(List<String> problems, String key, int value, int ranks) {
    if (value % ranks != 0) {
      problems.add(key + " is " + value);
    }
  }

  @Override
  public List<StateSpec> states(RankLayout layout, Drafting drafting) {
    List<StateSpec> states = new ArrayList<>();
    int layers = config.layers() + draftLayers(drafting);
    for (int layer = 0; layer < layers; layer++) {
      states.add(
          layer < config.layers() && config.mixers().get(layer) == Config.Mixer.LINEAR_ATTENTION
              ? new StateSpec.Recurrent(
                  layer,
                  config.convChannels() / layout.size(),
                  config.convWidth(),
                  config.keyHeads() / layout.size(),
                  config.valueHeads() / layout.size(),
                  config.keyDim(),
                  config.valueDim())
              : new StateSpec.PagedKv(
                  layer, Math.max(1, config.kvHeads() / layout.size()), config.headDim()));
    }
    return states;
  }

  @Override
  public BoundModel bind(
      Backend backend, WeightSource weights, RankLayout layout, Drafting drafting) {
    return new Binder(config, checkpoint, backend, weights, layout).bind(draftLayers(drafting));
  }

  @Override
  public Optional<TextSupport> openText() {
    return HuggingFaceText.open(checkpoint.folder());
  }

  private int draftLayers(Drafting drafting) {
    return switch (drafting) {
      case OFF -> 0;
      case ON -> config.draftLayers();
    };
  }

  private Map<String, Double> samplingDefaults() {
    Fields generation = new Fields("generation_config.json", checkpoint.generationConfig());
    Map<String, Double> defaults = new HashMap<>();
    for (String key : SAMPLING_KEYS) {
      Double value = generation.optionalNumber(key);
      if (value != null) {
        defaults.put(key, value);
      }
    }
    return defaults;
  }
}
