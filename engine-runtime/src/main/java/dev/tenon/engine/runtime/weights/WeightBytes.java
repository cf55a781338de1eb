package dev.tenon.engine.runtime.weights;

import dev.tenon.spi.backend.ElementType;
import dev.tenon.spi.model.RankLayout;
import dev.tenon.spi.model.ShardSpec;
import dev.tenon.spi.model.TensorSpec;
import java.util.List;
import java.util.function.Function;

/** How many bytes of weights a rank has. */
public final class WeightBytes {
  private WeightBytes() {}

  /**
   * Bytes of a rank's shares, block scales included.
   *
   * @param type element type of a tensor
   */
  public static long of(
      List<TensorSpec> specs,
      Function<TensorSpec, ElementType> type,
      Quantisation quantisation,
      RankLayout layout) {
    int experts =
        specs.stream()
            .mapToInt(spec -> spec.shard() instanceof ShardSpec.OfExpert of ? of.expert() + 1 : 0)
            .max()
            .orElse(0);
    long bytes = 0;
    for (TensorSpec spec : specs) {
      if (!spec.shape().isEmpty() && holds(spec.shard(), experts, layout)) {
        bytes += share(spec, type.apply(spec), quantisation, layout);
      }
    }
    return bytes;
  }

  private static boolean holds(ShardSpec shard, int experts, RankLayout layout) {
    if (!(shard instanceof ShardSpec.OfExpert(int expert, ShardSpec within))
        || layout.experts() == RankLayout.Experts.SLICED) {
      return true;
    }
    return expert / Math.ceilDiv(experts, layout.size()) == layout.rank();
  }

  private static long share(
      TensorSpec spec, ElementType type, Quantisation quantisation, RankLayout layout) {
    boolean allExperts = spec.shard() instanceof ShardSpec.AllExperts;
    long outer = allExperts ? spec.shape().getFirst() : 1;
    if (allExperts && layout.experts() == RankLayout.Experts.WHOLE) {
      outer = Math.ceilDiv(outer, layout.size());
    }
    List<Long> inner = allExperts ? spec.shape().subList(1, spec.shape().size()) : spec.shape();
    int rows = Math.toIntExact(inner.getFirst());
    int columns = Math.toIntExact(inner.stream().skip(1).reduce(1L, Math::multiplyExact));
    Share share = Share.of(spec.shard(), spec.name(), rows, columns, layout);
    long elements = (long) share.rowCount() * share.columns().count();
    long scales =
        type == ElementType.F8_E4M3
            ? Math.ceilDiv(elements, (long) quantisation.blockRows() * quantisation.blockColumns())
                * ElementType.F32.bytes()
            : 0;
    return outer * (elements * type.bytes() + scales);
  }
}
