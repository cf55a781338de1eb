package dev.tenon.backend.cuda.core;

import dev.tenon.backend.cuda.core.step.DeviceRows;
import dev.tenon.spi.backend.Activations;
import dev.tenon.spi.backend.LinearOps;
import dev.tenon.spi.backend.Logits;
import dev.tenon.spi.backend.NormOps;
import dev.tenon.spi.backend.Packed;
import dev.tenon.spi.backend.Residual;
import dev.tenon.spi.backend.Rows;

/** Embedding, projections, logits, and the last norm. */
final class CudaLinearOps implements LinearOps, NormOps {
  private final StepContext context;
  private final BlockInput input;
  private final CudaCollectives collectives;

  CudaLinearOps(StepContext context, BlockInput input, CudaCollectives collectives) {
    this.context = context;
    this.input = input;
    this.collectives = collectives;
  }

  @Override
  public Residual embed(Rows rows, Packed.Embedding embedding) {
    DeviceRows at = CudaRows.of(rows);
    CudaPacked.Embedding table = (CudaPacked.Embedding) embedding;
    return new CudaResidual(
        context.take(at.maxRows() * table.hidden() * DeviceType.F32.bytes),
        table.hidden(),
        lookUp(at, table),
        CudaResidual.Pending.PARTIAL);
  }

  @Override
  public Residual joinEmbedding(
      Rows rows,
      Packed.Embedding embedding,
      Activations hidden,
      Packed.Norm embeddingNorm,
      Packed.Norm hiddenNorm,
      Packed.Projection projection) {
    DeviceRows at = CudaRows.of(rows);
    CudaPacked.Embedding table = (CudaPacked.Embedding) embedding;
    CudaActivations given = CudaActivations.of(hidden);
    int width = given.width();
    long embedded = lookUp(at, table);
    long[] peers = collectives.sum(embedded, at.maxRows() * width);
    long joined = context.takeRows(at.maxRows(), 2 * width);
    long sum = context.take(at.maxRows() * width * DeviceType.F32.bytes);
    input.addNorm(
        new Words(Operation.ADD_NORM),
        at,
        true,
        sum,
        embedded,
        (CudaPacked.NormScale) embeddingNorm,
        joined,
        2 * width,
        peers);
    input.addNorm(
        new Words(Operation.ADD_NORM),
        at,
        true,
        sum,
        given.address(),
        (CudaPacked.NormScale) hiddenNorm,
        joined + (long) width * DeviceType.BF16.bytes,
        2 * width,
        PeerSums.NONE);
    context.release(embedded);
    long projected = context.takeRows(at.maxRows(), width);
    PackedMatrix matrix = ((CudaPacked.Projection) projection).matrix();
    context.product(
        at,
        StepContext.Count.ROWS,
        matrix,
        joined,
        2 * width,
        0,
        DeviceType.BF16,
        projected,
        width);
    context.release(joined);
    return new CudaResidual(sum, width, projected, CudaResidual.Pending.WHOLE);
  }

  @Override
  public Activations select(Rows rows, Activations activations) {
    DeviceRows at = CudaRows.of(rows);
    CudaActivations given = CudaActivations.of(activations);
    long picked = context.takeRows(at.maxSelected(), given.width());
    context.launch(
        new Words(Operation.GATHER).with(at).with(given.width(), given.address(), picked));
    return new CudaActivations(picked, given.width());
  }

  @Override
  public Logits logits(Rows rows, Packed.Head head, Activations selected) {
    DeviceRows at = CudaRows.of(rows);
    CudaPacked.Head table = (CudaPacked.Head) head;
    CudaActivations given = CudaActivations.of(selected);
    if (collectives.size() == 1) {
      return new CudaLogits(product(at, table, given, table.vocabulary()), table.vocabulary());
    }
    int share = Math.ceilDiv(table.vocabulary(), collectives.size());
    long mine = product(at, table, given, share);
    long logits =
        collectives.gather(
            at, StepContext.Count.SELECTED, DeviceType.F32, mine, share, table.vocabulary());
    context.release(mine);
    return new CudaLogits(logits, table.vocabulary());
  }

  /** Logits of this rank's ids, {@code [selected rows, stride]}. */
  private long product(DeviceRows rows, CudaPacked.Head head, CudaActivations given, int stride) {
    long logits = context.take(rows.maxSelected() * stride * DeviceType.F32.bytes);
    if (head.matrix().outputs() > 0) {
      context.product(
          rows,
          StepContext.Count.SELECTED,
          head.matrix(),
          given.address(),
          given.width(),
          0,
          DeviceType.F32,
          logits,
          stride);
    }
    return logits;
  }

  @Override
  public Activations finish(Rows rows, Residual residual, Packed.Norm norm) {
    CudaResidual stream = CudaResidual.of(residual);
    long normed = input.normalised(CudaRows.of(rows), stream, (CudaPacked.NormScale) norm);
    context.release(stream.sum);
    return new CudaActivations(normed, stream.hidden);
  }

  private long lookUp(DeviceRows rows, CudaPacked.Embedding table) {
    long embedded = context.takeRows(rows.maxRows(), table.hidden());
    context.launch(
        new Words(Operation.EMBED)
            .with(rows)
            .with(table.table(), table.firstRow(), table.share(), table.hidden(), embedded));
    return embedded;
  }
}
