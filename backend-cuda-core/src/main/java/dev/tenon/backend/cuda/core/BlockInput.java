package dev.tenon.backend.cuda.core;

import dev.tenon.backend.cuda.core.step.DeviceRows;
import java.util.function.Consumer;

/** Where blocks meet: takes a block's output, and reduces, adds and normalises it for the next. */
final class BlockInput {
  private final StepContext context;
  private final CudaCollectives collectives;

  BlockInput(StepContext context, CudaCollectives collectives) {
    this.context = context;
    this.collectives = collectives;
  }

  /** Takes the pending output in; the result, bf16 {@code [rows, hidden]}, is the caller's. */
  long normalised(DeviceRows rows, CudaResidual residual, CudaPacked.NormScale norm) {
    long normed = context.takeRows(rows.maxRows(), residual.hidden);
    long[] peers =
        residual.reduction == CudaResidual.Pending.PARTIAL
            ? collectives.sum(residual.pending, rows.maxRows() * residual.hidden)
            : PeerSums.NONE;
    StepContext.Launched unfinished = residual.unfinished;
    addNorm(
        unfinished == null ? new Words(Operation.ADD_NORM) : finishing(unfinished),
        rows,
        residual.state == CudaResidual.Sum.EMPTY,
        residual.sum,
        residual.pending,
        norm,
        normed,
        residual.hidden,
        peers);
    if (unfinished != null) {
      unfinished.release(context);
      residual.unfinished = null;
    }
    residual.state = CudaResidual.Sum.STARTED;
    context.release(residual.pending);
    residual.pending = 0;
    return normed;
  }

  /**
   * Adds and normalises.
   *
   * @param words of the operation that does it, up to and without a norm's parameters
   * @param peers {@code tenon_peers}
   */
  void addNorm(
      Words words,
      DeviceRows rows,
      boolean start,
      long sum,
      long pending,
      CudaPacked.NormScale norm,
      long normed,
      int normedStride,
      long[] peers) {
    context.launch(
        words
            .with(
                rows.maxRows(),
                rows.counts(),
                norm.width(),
                start ? 1 : 0,
                sum,
                pending,
                norm.scale())
            .withReal(norm.epsilon())
            .with(normed, normedStride)
            .with(peers));
  }

  /** What finishes an operation's sums, adds and normalises. */
  private static Words finishing(StepContext.Launched unfinished) {
    Operation next =
        switch (unfinished.operation()) {
          case PRODUCT -> Operation.PRODUCT_ADD_NORM;
          case MOE -> Operation.MOE_ADD_NORM;
          default -> throw new IllegalArgumentException(unfinished.operation() + " leaves no sums");
        };
    return new Words(next).with(unfinished.words());
  }

  /**
   * Ends a block by an operation whose sums the next block's norm can finish, unless ranks exchange
   * theirs before it.
   *
   * @param rows of the operation
   * @param output where the operation leaves its result, bf16 {@code [rows, hidden]}, given away
   * @param words adds the parameters up to and without the work space
   * @param rest adds what follows it, without the last word, {@code unfinished}
   */
  void leave(
      DeviceRows rows,
      CudaResidual stream,
      long output,
      Operation operation,
      Consumer<Words> words,
      Consumer<Words> rest) {
    boolean joins = collectives.peers(rows.maxRows() * stream.hidden) != null;
    StepContext.Launched launched =
        context.launchKeepingSpace(operation, words, rest.andThen(all -> all.with(joins ? 1 : 0)));
    if (joins) {
      stream.leave(output, launched);
    } else {
      launched.release(context);
      stream.leave(output);
    }
  }

  /** Ends a block by a product, of inputs that follow one another. */
  void leaveProduct(DeviceRows rows, CudaResidual stream, PackedMatrix matrix, long x, long bias) {
    long output = context.takeRows(rows.maxRows(), stream.hidden);
    leave(
        rows,
        stream,
        output,
        Operation.PRODUCT,
        words ->
            words
                .with(rows.maxRows(), rows.counts())
                .with(matrix)
                .with(x, matrix.inputs(), bias, DeviceType.BF16.code, output, stream.hidden),
        words -> {});
  }
}
