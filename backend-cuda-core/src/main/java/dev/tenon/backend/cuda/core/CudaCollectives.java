package dev.tenon.backend.cuda.core;

import dev.tenon.backend.cuda.core.step.DeviceRows;
import dev.tenon.spi.backend.Activations;
import dev.tenon.spi.backend.Collectives;
import dev.tenon.spi.backend.Rows;
import org.jspecify.annotations.Nullable;

/** Exchange among ranks, on the stream of the steps; of one rank, nothing. */
final class CudaCollectives implements Collectives {
  private final StepContext context;
  private final @Nullable NcclGroup group;

  /**
   * Of a group.
   *
   * @param group {@code null} for one rank
   */
  CudaCollectives(StepContext context, @Nullable NcclGroup group) {
    this.context = context;
    this.group = group;
  }

  @Override
  public int rank() {
    return group == null ? 0 : group.rank();
  }

  @Override
  public int size() {
    return group == null ? 1 : group.size();
  }

  @Override
  public void allReduce(Rows rows, Activations activations) {
    CudaActivations given = CudaActivations.of(activations);
    reduce(given.address(), CudaRows.of(rows).maxRows() * given.width());
  }

  @Override
  public Activations allGather(Rows rows, Activations activations) {
    if (group == null) {
      return activations;
    }
    DeviceRows at = CudaRows.of(rows);
    CudaActivations given = CudaActivations.of(activations);
    int joined = given.width() * group.size();
    long all =
        gather(at, StepContext.Count.ROWS, DeviceType.BF16, given.address(), given.width(), joined);
    return new CudaActivations(all, joined);
  }

  @Override
  public void broadcast(Rows rows, Activations activations, int root) {
    if (root < 0 || root >= size()) {
      throw new IllegalArgumentException("root is " + root + " in a group of " + size());
    }
    if (group != null) {
      CudaActivations given = CudaActivations.of(activations);
      long bytes = CudaRows.of(rows).maxRows() * given.width() * DeviceType.BF16.bytes;
      context.exchange(
          "broadcast of " + bytes + " bytes", () -> group.broadcast(given.address(), bytes, root));
    }
  }

  /** Sums bf16 elements over ranks, in place. */
  void reduce(long address, long elements) {
    if (group != null) {
      context.exchange(
          "sum over ranks of " + elements * DeviceType.BF16.bytes + " bytes",
          () -> group.sum(address, elements));
    }
  }

  /**
   * What has an operation that adds rows to the residual stream sum them over ranks itself.
   *
   * @param elements of all rows
   * @return {@code tenon_peers}, all 0 of one rank; {@code null} where {@link #reduce} must come
   *     before
   */
  long @Nullable [] peers(long elements) {
    return group == null ? PeerSums.NONE : group.peers(elements);
  }

  /**
   * Sums a block's output over ranks, in place, unless what adds it to the residual stream does so
   * itself.
   *
   * @return {@code tenon_peers} for what adds it
   */
  long[] sum(long output, long elements) {
    long[] peers = peers(elements);
    if (peers != null) {
      return peers;
    }
    reduce(output, elements);
    return PeerSums.NONE;
  }

  /**
   * Joins the ranks' columns.
   *
   * @param mine this rank's {@code [rows, width]}
   * @param columns of the result; what the ranks have beyond them is dropped
   * @return a new buffer {@code [rows, columns]}
   */
  long gather(
      DeviceRows rows,
      StepContext.Count count,
      DeviceType type,
      long mine,
      long width,
      long columns) {
    long bytesEach = count.most(rows) * width * type.bytes;
    long parts = context.take(bytesEach * size());
    if (group != null) {
      context.exchange(
          "gathering of " + bytesEach + " bytes a rank",
          () -> group.gather(mine, parts, bytesEach));
    }
    long joined = context.take(count.most(rows) * columns * type.bytes);
    context.launch(
        new Words(Operation.JOIN_COLUMNS)
            .with(count.most(rows), count.address(rows), width, columns, type.bytes)
            .with(parts, joined));
    context.release(parts);
    return joined;
  }
}
