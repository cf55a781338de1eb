package dev.tenon.engine.runtime.opening;

import dev.tenon.api.ErrorCode;
import dev.tenon.api.LoadProgress;
import dev.tenon.api.TenonException;
import dev.tenon.engine.runtime.checkpoint.CheckpointReader;
import dev.tenon.engine.runtime.weights.CheckpointFiles;
import dev.tenon.engine.runtime.weights.DummyTensors;
import dev.tenon.engine.runtime.weights.Quantisation;
import dev.tenon.engine.runtime.weights.RankWeights;
import dev.tenon.engine.runtime.weights.TensorChecks;
import dev.tenon.engine.runtime.weights.TensorStore;
import dev.tenon.engine.runtime.weights.WeightBytes;
import dev.tenon.spi.backend.Backend;
import dev.tenon.spi.backend.BackendCapabilities;
import dev.tenon.spi.backend.ElementType;
import dev.tenon.spi.model.BoundModel;
import dev.tenon.spi.model.Checkpoint;
import dev.tenon.spi.model.ModelArchitecture;
import dev.tenon.spi.model.ModelArchitecture.Drafting;
import dev.tenon.spi.model.RankLayout;
import dev.tenon.spi.model.ShardSpec;
import dev.tenon.spi.model.TensorSpec;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import java.util.concurrent.atomic.AtomicLong;

/** Checks, opens and binds a checkpoint's weights. */
final class WeightLoading {
  private final CheckpointReader.Opened opened;
  private final ModelArchitecture architecture;
  private final Drafting drafting;
  private final List<TensorSpec> wanted;

  WeightLoading(CheckpointReader.Opened opened, ModelArchitecture architecture, Drafting drafting) {
    this.opened = opened;
    this.architecture = architecture;
    this.drafting = drafting;
    this.wanted = List.copyOf(architecture.tensors(drafting));
  }

  /** Holds the checkpoint's headers against what the model declares. */
  void check() {
    check(EnumSet.allOf(ElementType.class));
  }

  /** Refuses element types that a backend does not take. */
  void checkTypes(BackendCapabilities capabilities) {
    if (!capabilities.weightTypes().containsAll(EnumSet.allOf(ElementType.class))) {
      check(capabilities.weightTypes());
    }
  }

  private void check(Set<ElementType> types) {
    if (opened.files() == null) {
      return;
    }
    List<TensorSpec> known =
        architecture.properties().draftLayers() > 0 ? architecture.tensors(Drafting.ON) : List.of();
    TensorChecks.check(
        opened.checkpoint().tensors(),
        wanted,
        known,
        architecture::ignores,
        opened.quantisation(),
        types);
  }

  /** Bytes of one rank's shares. */
  long bytes(RankLayout layout) {
    return WeightBytes.of(wanted, this::typeOf, opened.quantisation(), layout);
  }

  /** Bytes of all that is loaded. */
  long bytes() {
    return bytes(RankLayout.SINGLE);
  }

  private ElementType typeOf(TensorSpec spec) {
    Checkpoint.Entry entry = opened.checkpoint().tensors().get(spec.name());
    return entry == null ? DummyTensors.typeOf(spec, opened.quantisation()) : entry.type();
  }

  /**
   * Where slices of experts would be narrower than the blocks that share a scale, or cut them:
   * which tensor, for people.
   */
  Optional<String> narrowExperts(int ranks) {
    return wanted.stream()
        .filter(spec -> typeOf(spec) == ElementType.F8_E4M3)
        .map(spec -> narrow(spec, ranks))
        .flatMap(Optional::stream)
        .findFirst();
  }

  private Optional<String> narrow(TensorSpec spec, int ranks) {
    ShardSpec within =
        switch (spec.shard()) {
          case ShardSpec.OfExpert(int expert, ShardSpec inner) -> inner;
          case ShardSpec.AllExperts(ShardSpec inner) -> inner;
          default -> new ShardSpec.Replicated();
        };
    int extents = spec.shape().size();
    Quantisation quantisation = opened.quantisation();
    return switch (within) {
      case ShardSpec.Rows() ->
          narrow(spec, spec.shape().get(extents - 2), quantisation.blockRows(), ranks);
      case ShardSpec.Columns() ->
          narrow(spec, spec.shape().get(extents - 1), quantisation.blockColumns(), ranks);
      default -> Optional.empty();
    };
  }

  private static Optional<String> narrow(TensorSpec spec, long extent, int block, int ranks) {
    return ranks == 1 || extent % ((long) ranks * block) == 0
        ? Optional.empty()
        : Optional.of(
            "%d of %s would be %d on a rank, blocks of %d share a scale"
                .formatted(extent, spec.name(), extent / ranks, block));
  }

  /** Maps the files, or makes the weights up. */
  TensorStore open() {
    CheckpointFiles files = opened.files();
    if (files != null) {
      return files.map();
    }
    long needed = DummyTensors.bytes(wanted, opened.quantisation());
    OptionalLong available = HostMemory.available();
    if (available.isPresent() && needed > available.getAsLong()) {
      throw new TenonException(
          ErrorCode.OUT_OF_MEMORY,
          "%d dummy tensors need %s, the machine has %s left; take a smaller config (--hf-overrides)"
              .formatted(wanted.size(), Sizes.bytes(needed), Sizes.bytes(available.getAsLong())));
    }
    return DummyTensors.make(wanted, opened.quantisation());
  }

  /** Packs every rank's weights. */
  List<BoundModel> bind(
      TensorStore store, List<Backend> backends, List<RankLayout> layouts, LoadProgress progress) {
    long total = layouts.stream().mapToLong(this::bytes).sum();
    AtomicLong done = new AtomicLong();
    progress.progress("weights", 0, total);
    List<BoundModel> models = new ArrayList<>();
    for (int i = 0; i < backends.size(); i++) {
      RankWeights weights =
          new RankWeights(
              store,
              wanted,
              opened.quantisation(),
              layouts.get(i),
              bytes -> progress.progress("weights", Math.min(total, done.addAndGet(bytes)), total));
      models.add(architecture.bind(backends.get(i), weights, layouts.get(i), drafting));
    }
    progress.progress("weights", total, total);
    return models;
  }
}
