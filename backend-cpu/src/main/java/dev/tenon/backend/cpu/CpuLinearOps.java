package dev.tenon.backend.cpu;

import dev.tenon.spi.backend.Activations;
import dev.tenon.spi.backend.LinearOps;
import dev.tenon.spi.backend.Logits;
import dev.tenon.spi.backend.Packed;
import dev.tenon.spi.backend.Residual;
import dev.tenon.spi.backend.Rows;
import java.util.Arrays;
import java.util.List;

/** Embedding, projections and logits. */
final class CpuLinearOps implements LinearOps {
  private final Kernels kernels;
  private final CpuCollectives collectives;
  private final Buffers buffers;

  CpuLinearOps(Kernels kernels, CpuCollectives collectives, Buffers buffers) {
    this.kernels = kernels;
    this.collectives = collectives;
    this.buffers = buffers;
  }

  @Override
  public Residual embed(Rows rows, Packed.Embedding embedding) {
    CpuRows at = CpuRows.of(rows);
    CpuWeights.Vocabulary table = (CpuWeights.Vocabulary) embedding;
    int hidden = table.rows().columns();
    float[] sum = buffers.take(at.count() * hidden);
    Arrays.fill(sum, 0, at.count() * hidden, 0f);
    CpuResidual residual = new CpuResidual(sum, at.count(), hidden);
    residual.pending = lookUp(at, table);
    return residual;
  }

  @Override
  public Residual joinEmbedding(
      Rows rows,
      Packed.Embedding embedding,
      Activations hidden,
      Packed.Norm embeddingNorm,
      Packed.Norm hiddenNorm,
      Packed.Projection projection) {
    CpuRows at = CpuRows.of(rows);
    CpuActivations given = CpuActivations.of(hidden);
    int count = at.count();
    int width = given.width();
    float[] embedded = lookUp(at, (CpuWeights.Vocabulary) embedding);
    collectives.reduce(embedded, count * width);
    float[] joined = buffers.take(count * 2 * width);
    for (int row = 0; row < count; row++) {
      kernels.normalise(
          embedded,
          row * width,
          1,
          ((CpuWeights.Norm) embeddingNorm).norm(),
          joined,
          row * 2 * width);
      kernels.normalise(
          given.values(),
          row * width,
          1,
          ((CpuWeights.Norm) hiddenNorm).norm(),
          joined,
          row * 2 * width + width);
    }
    float[] sum = buffers.take(count * width);
    kernels.products(
        List.of(Kernels.Product.of(((CpuWeights.Matrix) projection).matrix(), joined, count, sum)));
    buffers.release(embedded);
    buffers.release(joined);
    return new CpuResidual(sum, count, width);
  }

  @Override
  public Activations select(Rows rows, Activations activations) {
    CpuRows at = CpuRows.of(rows);
    CpuActivations given = CpuActivations.of(activations);
    int width = given.width();
    float[] picked = buffers.take(Math.max(1, at.selected().length) * width);
    for (int i = 0; i < at.selected().length; i++) {
      System.arraycopy(given.values(), at.selected()[i] * width, picked, i * width, width);
    }
    return new CpuActivations(picked, at.selected().length, width);
  }

  @Override
  public Logits logits(Rows rows, Packed.Head head, Activations selected) {
    CpuActivations given = CpuActivations.of(selected);
    CpuWeights.Vocabulary table = (CpuWeights.Vocabulary) head;
    int share = table.rows().rows();
    float[] mine = buffers.take(Math.max(1, given.rows()) * share);
    kernels.products(List.of(Kernels.Product.of(table.rows(), given.values(), given.rows(), mine)));
    float[] all = collectives.gather(mine, shares(table), given.rows());
    return new CpuLogits(all, given.rows(), table.size());
  }

  /** Rows of each rank's share: equal ones, the last possibly smaller. */
  private int[] shares(CpuWeights.Vocabulary table) {
    int[] shares = new int[collectives.size()];
    int most = Math.ceilDiv(table.size(), shares.length);
    for (int rank = 0; rank < shares.length; rank++) {
      shares[rank] = Math.clamp(table.size() - (long) rank * most, 0, most);
    }
    return shares;
  }

  private float[] lookUp(CpuRows rows, CpuWeights.Vocabulary table) {
    int hidden = table.rows().columns();
    float[] values = buffers.take(rows.count() * hidden);
    for (int row = 0; row < rows.count(); row++) {
      int local = rows.ids()[row] - table.firstRow();
      if (local >= 0 && local < table.rows().rows()) {
        MatrixElements.row(table.rows(), local, values, row * hidden);
      } else {
        Arrays.fill(values, row * hidden, (row + 1) * hidden, 0f);
      }
    }
    return values;
  }
}
