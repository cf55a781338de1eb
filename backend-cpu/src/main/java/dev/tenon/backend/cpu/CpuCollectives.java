package dev.tenon.backend.cpu;

import dev.tenon.spi.backend.Activations;
import dev.tenon.spi.backend.Collectives;
import dev.tenon.spi.backend.Rows;
import java.util.Arrays;

/** Reductions through the memory that the ranks share. */
final class CpuCollectives implements Collectives {
  private final int rank;
  private final RankGroup group;
  private final Buffers buffers;

  CpuCollectives(int rank, RankGroup group, Buffers buffers) {
    this.rank = rank;
    this.group = group;
    this.buffers = buffers;
  }

  @Override
  public int rank() {
    return rank;
  }

  @Override
  public int size() {
    return group.size();
  }

  @Override
  public void allReduce(Rows rows, Activations activations) {
    CpuActivations mine = CpuActivations.of(activations);
    reduce(mine.values(), mine.rows() * mine.width());
  }

  /** Sums the first {@code length} elements over ranks, in place. */
  void reduce(float[] values, int length) {
    if (group.size() > 1) {
      float[] sum = buffers.take(length);
      group.sum(rank, values, sum, length);
      System.arraycopy(sum, 0, values, 0, length);
      buffers.release(sum);
    }
  }

  @Override
  public Activations allGather(Rows rows, Activations activations) {
    CpuActivations mine = CpuActivations.of(activations);
    int[] widths = new int[group.size()];
    Arrays.fill(widths, mine.width());
    return new CpuActivations(
        gather(mine.values(), widths, mine.rows()), mine.rows(), mine.width() * group.size());
  }

  /** Joins the ranks' columns, of the given widths. */
  float[] gather(float[] values, int[] widths, int rows) {
    if (group.size() == 1) {
      return values;
    }
    int total = 0;
    for (int width : widths) {
      total += width;
    }
    float[] joined = buffers.take(rows * total);
    group.join(rank, values, widths, rows, joined);
    return joined;
  }

  @Override
  public void broadcast(Rows rows, Activations activations, int root) {
    CpuActivations mine = CpuActivations.of(activations);
    group.copy(rank, root, mine.values(), mine.rows() * mine.width());
  }
}
