package dev.tenon.engine.runtime.weights;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.tenon.api.TenonException;
import dev.tenon.spi.backend.ElementType;
import dev.tenon.spi.backend.HostMatrix;
import dev.tenon.spi.backend.HostTensor;
import dev.tenon.spi.model.RankLayout;
import dev.tenon.spi.model.ShardSpec;
import dev.tenon.spi.model.TensorSpec;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/** A tensor's element at row r and column c is {@code 100 r + c} here. */
class RankWeightsTest {
  private static final ShardSpec ROWS = new ShardSpec.Rows();
  private static final ShardSpec COLUMNS = new ShardSpec.Columns();

  private final Memory memory = new Memory();

  @Test
  void replicatedIsWholeOnEveryRank() {
    add("m", new ShardSpec.Replicated(), 6, 4);
    assertThat(rows("m", rank(1, 2))).containsExactly(0, 1, 2, 3, 4, 5);
  }

  @Test
  void rowsAndColumnsAreEqualContiguousViews() {
    add("r", ROWS, 6, 4);
    add("c", COLUMNS, 6, 4);
    assertThat(rows("r", rank(1, 2))).containsExactly(3, 4, 5);
    HostMatrix columns = source(rank(1, 2)).matrix("c");
    assertThat(columns.columns()).isEqualTo(2);
    assertThat(Widening.values(columns)).startsWith(2, 3, 102, 103);
    assertThat(columns.data().address())
        .as("a view, not a copy")
        .isEqualTo(memory.address("c") + 2 * Float.BYTES);
  }

  @Test
  void sectionsAreDividedOneByOne() {
    add("s", new ShardSpec.RowSections(List.of(4, 4, 8)), 16, 3);
    assertThat(rows("s", rank(0, 2))).containsExactly(0, 1, 4, 5, 8, 9, 10, 11);
    assertThat(rows("s", rank(1, 2))).containsExactly(2, 3, 6, 7, 12, 13, 14, 15);
    assertThat(source(rank(3, 4)).values("s")).startsWith(300, 301, 302, 700, 701, 702, 1400);
  }

  @Test
  void headsAreDividedAndSharedWhereRanksAreMore() {
    add("h", new ShardSpec.Heads(2, 3), 6, 2);
    assertThat(rows("h", rank(1, 2))).containsExactly(3, 4, 5);
    assertThat(rows("h", rank(1, 4))).containsExactly(0, 1, 2);
    assertThat(rows("h", rank(2, 4))).containsExactly(3, 4, 5);
    assertThatThrownBy(() -> source(rank(0, 3)).matrix("h"))
        .isInstanceOf(TenonException.class)
        .hasMessageContainingAll("h", "2 heads", "3 ranks");
  }

  @Test
  void vocabulariesThatDoNotDivideHaveASmallerLastShare() {
    add("v", new ShardSpec.Vocabulary(), 10, 2);
    assertThat(rows("v", rank(0, 4))).containsExactly(0, 1, 2);
    assertThat(rows("v", rank(3, 4))).containsExactly(9);
    add("w", new ShardSpec.Vocabulary(), 5, 2);
    assertThat(rows("w", rank(3, 4))).isEmpty();
  }

  @Test
  void expertsAreSlicedOrWhole() {
    add("e", new ShardSpec.OfExpert(2, ROWS), 4, 2);
    assertThat(rows("e", rank(1, 2))).containsExactly(2, 3);
    RankLayout whole = new RankLayout(1, 2, RankLayout.Experts.WHOLE);
    assertThat(rows("e", whole)).containsExactly(0, 1, 2, 3);
  }

  @Test
  void oneTensorOfAllExpertsIsDividedPerExpert() {
    ShardSpec gateAndUp = new ShardSpec.RowSections(List.of(2, 2));
    memory.floats("all", List.of(3L, 4L, 2L));
    specs.add(
        new TensorSpec(
            "all",
            List.of(3L, 4L, 2L),
            new ShardSpec.AllExperts(gateAndUp),
            TensorSpec.Quantisation.NEVER));
    HostMatrix second = source(rank(1, 2)).expertMatrix("all", 2);
    // an expert's rows continue the count: expert 2 begins at row 8
    assertThat(Widening.values(second)).containsExactly(900, 901, 1100, 1101);
    assertThatThrownBy(() -> source(rank(0, 2)).expertMatrix("all", 3))
        .hasMessageContainingAll("all", "3 experts");
    assertThatThrownBy(() -> source(rank(0, 2)).matrix("all")).hasMessageContaining("all experts");
  }

  @Test
  void narrowSharesOfScaledMatricesKeepTheirBlocksScale() {
    memory.fp8("q", 8, 12, 4, 4);
    specs.add(spec("q", COLUMNS, 8, 12));
    specs.add(spec("p", ROWS, 8, 12));
    memory.fp8("p", 8, 12, 4, 4);
    // 12 columns among 6 ranks: two columns each, half a block; scale of a block is 1 + its index
    HostMatrix half = source(rank(3, 6)).matrix("q");
    assertThat(half.columns()).isEqualTo(2);
    assertThat(Widening.values(half)[0]).isEqualTo(1 + 1);
    assertThat(Widening.values(half)[2 * 7]).isEqualTo(1 + 3 + 1);
    HostMatrix quarter = source(rank(3, 4)).matrix("p");
    assertThat(quarter.rows()).isEqualTo(2);
    assertThat(Widening.values(quarter)[0]).isEqualTo(1 + 3);
    assertThat(Widening.values(quarter)[11]).isEqualTo(1 + 5);
  }

  @Test
  void scaledSectionsAreGatheredWithTheirScales() {
    memory.fp8("q", 16, 4, 4, 4);
    specs.add(spec("q", new ShardSpec.RowSections(List.of(8, 8)), 16, 4));
    float[] values = Widening.values(source(rank(1, 2)).matrix("q"));
    assertThat(values).hasSize(8 * 4);
    assertThat(values[0]).isEqualTo(2);
    assertThat(values[4 * 4]).isEqualTo(4);
    assertThatThrownBy(() -> source(rank(1, 4)).matrix("q"))
        .isInstanceOf(TenonException.class)
        .hasMessageContainingAll("q", "blocks of 4");
  }

  @Test
  void valuesWidenEveryElementType() {
    memory.bytes(
        "bf16", ElementType.BF16, List.of(2L), new byte[] {(byte) 0x80, 0x3f, 0, (byte) 0xc0});
    memory.bytes("f16", ElementType.F16, List.of(2L), new byte[] {0, 0x3c, 0, (byte) 0xc0});
    specs.add(new TensorSpec("bf16", List.of(2L), ROWS, TensorSpec.Quantisation.NEVER));
    specs.add(new TensorSpec("f16", List.of(2L), ROWS, TensorSpec.Quantisation.NEVER));
    assertThat(source(RankLayout.SINGLE).values("bf16")).containsExactly(1, -2);
    assertThat(source(RankLayout.SINGLE).values("f16")).containsExactly(1, -2);
    assertThat(source(rank(1, 2)).values("f16")).containsExactly(-2);
  }

  @Test
  void refusesWhatTheModelDidNotDeclare() {
    assertThatThrownBy(() -> source(RankLayout.SINGLE).matrix("nothing"))
        .hasMessageContainingAll("nothing", "did not declare");
  }

  @Test
  void bytesOfRanksAddUp() {
    add("r", ROWS, 8, 4);
    add("v", new ShardSpec.Vocabulary(), 10, 2);
    add("e.0", new ShardSpec.OfExpert(0, ROWS), 4, 2);
    add("e.1", new ShardSpec.OfExpert(1, ROWS), 4, 2);
    add("e.2", new ShardSpec.OfExpert(2, ROWS), 4, 2);
    add("e.3", new ShardSpec.OfExpert(3, ROWS), 4, 2);
    long all = 4 * (8 * 4 + 10 * 2 + 4 * 8);
    for (RankLayout.Experts experts : RankLayout.Experts.values()) {
      long sum = 0;
      for (int rank = 0; rank < 4; rank++) {
        sum +=
            WeightBytes.of(
                specs, s -> ElementType.F32, QUANTISATION, new RankLayout(rank, 4, experts));
      }
      assertThat(sum).as("%s", experts).isEqualTo(all);
    }
  }

  private static final Quantisation QUANTISATION =
      new Quantisation(Quantisation.Declared.FP8, 4, 4);
  private final List<TensorSpec> specs = new ArrayList<>();

  private void add(String name, ShardSpec shard, int rows, int columns) {
    memory.floats(name, List.of((long) rows, (long) columns));
    specs.add(spec(name, shard, rows, columns));
  }

  private static TensorSpec spec(String name, ShardSpec shard, long rows, long columns) {
    return new TensorSpec(
        name, List.of(rows, columns), shard, TensorSpec.Quantisation.BLOCK_SCALED);
  }

  private RankWeights source(RankLayout layout) {
    return new RankWeights(memory, specs, QUANTISATION, layout, bytes -> {});
  }

  private static RankLayout rank(int rank, int size) {
    return new RankLayout(rank, size, RankLayout.Experts.SLICED);
  }

  private List<Integer> rows(String name, RankLayout layout) {
    HostMatrix matrix = source(layout).matrix(name);
    float[] values = Widening.values(matrix);
    List<Integer> rows = new ArrayList<>();
    for (int row = 0; row < matrix.rows(); row++) {
      rows.add((int) values[row * matrix.columns()] / 100);
    }
    return rows;
  }

  private static final class Memory implements TensorStore {
    private final Map<String, HostTensor> tensors = new HashMap<>();

    void floats(String name, List<Long> shape) {
      int columns = shape.getLast().intValue();
      int elements = shape.stream().reduce(1L, Math::multiplyExact).intValue();
      MemorySegment data = allocate((long) elements * Float.BYTES);
      for (int i = 0; i < elements; i++) {
        data.setAtIndex(ValueLayout.JAVA_FLOAT, i, 100f * (i / columns) + i % columns);
      }
      tensors.put(name, new HostTensor(name, ElementType.F32, shape, data));
    }

    /** Ones; the scale of a block is 1 + its index. */
    void fp8(String name, int rows, int columns, int blockRows, int blockColumns) {
      MemorySegment data = allocate((long) rows * columns);
      data.fill((byte) 0x38);
      tensors.put(
          name,
          new HostTensor(name, ElementType.F8_E4M3, List.of((long) rows, (long) columns), data));
      long down = Math.ceilDiv(rows, blockRows);
      long across = Math.ceilDiv(columns, blockColumns);
      MemorySegment scales = allocate(down * across * Float.BYTES);
      for (int i = 0; i < down * across; i++) {
        scales.setAtIndex(ValueLayout.JAVA_FLOAT, i, 1 + i);
      }
      String scaleName = name + Quantisation.SCALE_SUFFIX;
      tensors.put(
          scaleName, new HostTensor(scaleName, ElementType.F32, List.of(down, across), scales));
    }

    void bytes(String name, ElementType type, List<Long> shape, byte[] bytes) {
      MemorySegment data = allocate(bytes.length).copyFrom(MemorySegment.ofArray(bytes));
      tensors.put(name, new HostTensor(name, type, shape, data));
    }

    long address(String name) {
      HostTensor tensor = tensors.get(name);
      return tensor == null ? 0 : tensor.data().address();
    }

    @Override
    public @Nullable HostTensor find(String name) {
      return tensors.get(name);
    }

    @Override
    public MemorySegment allocate(long bytes) {
      return Arena.ofAuto().allocate(bytes, 8);
    }

    @Override
    public void close() {}
  }
}
