package dev.tenon.engine.runtime.opening;

import dev.tenon.api.EngineConfig;
import dev.tenon.api.TenonException;
import dev.tenon.spi.model.ModelArchitecture;
import dev.tenon.spi.model.RankLayout;
import dev.tenon.spi.model.RankLayout.Experts;
import java.util.List;
import java.util.Optional;
import java.util.stream.IntStream;

/**
 * How the model is divided among ranks.
 *
 * @param layouts places of all ranks, in order
 * @param notes what was decided without being asked for
 */
record Division(List<RankLayout> layouts, List<String> notes) {
  /**
   * Decides. Experts are sliced unless asked for otherwise, or where a slice would be narrower than
   * the blocks that share a scale: then every rank gets whole experts, if they divide.
   *
   * @throws TenonException {@code INVALID_CONFIGURATION} if the model does not divide
   */
  static Division of(EngineConfig config, ModelArchitecture architecture, WeightLoading loading) {
    int ranks = config.tensorParallelSize();
    List<RankLayout> sliced = layouts(ranks, Experts.SLICED);
    List<RankLayout> whole = layouts(ranks, Experts.WHOLE);
    if (config.expertParallel() == EngineConfig.ExpertParallel.ON) {
      whole.forEach(architecture::checkRanks);
      return new Division(whole, List.of());
    }
    Optional<String> narrow = loading.narrowExperts(ranks);
    if (narrow.isPresent() && fits(architecture, whole)) {
      return new Division(
          whole,
          List.of(
              "experts are divided whole among %d ranks (as --enable-expert-parallel does): %s"
                  .formatted(ranks, narrow.get())));
    }
    sliced.forEach(architecture::checkRanks);
    return new Division(sliced, List.of());
  }

  private static boolean fits(ModelArchitecture architecture, List<RankLayout> layouts) {
    try {
      layouts.forEach(architecture::checkRanks);
      return true;
    } catch (TenonException indivisible) {
      return false;
    }
  }

  private static List<RankLayout> layouts(int ranks, Experts experts) {
    return IntStream.range(0, ranks)
        .mapToObj(rank -> new RankLayout(rank, ranks, experts))
        .toList();
  }
}
