package dev.tenon.engine.tck.contract;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tenon.spi.backend.BlockScale;
import dev.tenon.spi.backend.ElementType;
import dev.tenon.spi.backend.HostMatrix;
import dev.tenon.spi.model.RankLayout;
import dev.tenon.spi.model.ShardSpec;
import dev.tenon.spi.model.TensorSpec;
import dev.tenon.spi.model.WeightSource;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * Zeros in the shapes of one rank's shares, cut as {@link ShardSpec} says; notes what was asked
 * for, and lets nothing else be asked for than what was declared.
 */
final class DeclaredWeights implements WeightSource {
  private static final int BLOCK = 128;

  private final Map<String, TensorSpec> specs = new HashMap<>();
  private final Set<String> asked = new HashSet<>();
  private final RankLayout layout;
  private final ElementType quantised;

  /**
   * Weights of one rank.
   *
   * @param quantised type of the matrices that may be block-quantised
   */
  DeclaredWeights(List<TensorSpec> declared, RankLayout layout, ElementType quantised) {
    declared.forEach(spec -> specs.put(spec.name(), spec));
    this.layout = layout;
    this.quantised = quantised;
  }

  Set<String> asked() {
    return asked;
  }

  @Override
  public HostMatrix matrix(String name) {
    TensorSpec spec = spec(name);
    assertThat(spec.shard()).as(name).isNotInstanceOf(ShardSpec.AllExperts.class);
    return zeros(spec, share(name, spec.shard(), spec.shape()));
  }

  @Override
  public HostMatrix expertMatrix(String name, int expert) {
    TensorSpec spec = spec(name);
    assertThat(spec.shard()).as(name).isInstanceOf(ShardSpec.AllExperts.class);
    assertThat((long) expert).as("expert of " + name).isBetween(0L, spec.shape().getFirst() - 1);
    return zeros(spec, share(name, spec.shard(), spec.shape().subList(1, spec.shape().size())));
  }

  @Override
  public float[] values(String name) {
    TensorSpec spec = spec(name);
    int[] share = share(name, spec.shard(), spec.shape());
    return new float[share[0] * share[1]];
  }

  private TensorSpec spec(String name) {
    TensorSpec spec = specs.get(name);
    if (spec == null) {
      throw new AssertionError(name + " is asked for and was not declared");
    }
    asked.add(name);
    return spec;
  }

  private HostMatrix zeros(TensorSpec spec, int[] share) {
    ElementType type =
        spec.quantisation() == TensorSpec.Quantisation.BLOCK_SCALED ? quantised : ElementType.BF16;
    int rows = share[0];
    int columns = share[1];
    long stride = (long) columns * type.bytes();
    MemorySegment data = Arena.ofAuto().allocate(rows * stride);
    BlockScale scale = type == ElementType.F8_E4M3 ? scale(rows, columns) : null;
    return new HostMatrix(spec.name(), type, data, rows, columns, stride, scale);
  }

  private static BlockScale scale(int rows, int columns) {
    int across = Math.ceilDiv(columns, BLOCK);
    MemorySegment data = Arena.ofAuto().allocate(4L * Math.ceilDiv(rows, BLOCK) * across);
    return new BlockScale(ElementType.F32, data, across, BLOCK, BLOCK, 0, 0);
  }

  /** Rows and columns of this rank's share. */
  private int[] share(String name, ShardSpec shard, List<Long> shape) {
    int rows = shape.isEmpty() ? 1 : Math.toIntExact(shape.getFirst());
    int columns = Math.toIntExact(shape.stream().skip(1).reduce(1L, Math::multiplyExact));
    int size = layout.size();
    return switch (shard) {
      case ShardSpec.Replicated() -> new int[] {rows, columns};
      case ShardSpec.Rows() -> new int[] {part(name, rows, size), columns};
      case ShardSpec.Columns() -> new int[] {rows, part(name, columns, size)};
      case ShardSpec.RowSections(List<Integer> sizes) -> {
        assertThat(sizes.stream().mapToInt(Integer::intValue).sum())
            .as("rows of the sections of " + name)
            .isEqualTo(rows);
        yield new int[] {sizes.stream().mapToInt(s -> part(name, s, size)).sum(), columns};
      }
      case ShardSpec.Heads(int heads, int headRows) -> {
        assertThat(heads * headRows).as("rows of the heads of " + name).isEqualTo(rows);
        boolean shared = size > heads;
        yield new int[] {shared ? headRows : part(name, heads, size) * headRows, columns};
      }
      case ShardSpec.Vocabulary() -> {
        int most = Math.ceilDiv(rows, size);
        int first = Math.min(rows, most * layout.rank());
        yield new int[] {Math.min(most, rows - first), columns};
      }
      case ShardSpec.OfExpert(int expert, ShardSpec within) -> expert(name, within, shape);
      case ShardSpec.AllExperts(ShardSpec within) -> expert(name, within, shape);
    };
  }

  private int[] expert(String name, ShardSpec within, List<Long> shape) {
    return switch (layout.experts()) {
      case SLICED -> share(name, within, shape);
      case WHOLE -> share(name, new ShardSpec.Replicated(), shape);
    };
  }

  private static int part(String name, int extent, int ranks) {
    assertThat(extent % ranks)
        .as("%s: what %d divided among %d ranks leaves", name, extent, ranks)
        .isZero();
    return extent / ranks;
  }
}
