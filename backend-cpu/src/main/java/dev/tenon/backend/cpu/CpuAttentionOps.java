package dev.tenon.backend.cpu;

import dev.tenon.spi.backend.AttentionOps;
import dev.tenon.spi.backend.AttentionWeights;
import dev.tenon.spi.backend.NormWeights;
import dev.tenon.spi.backend.Packed;
import dev.tenon.spi.backend.Residual;
import dev.tenon.spi.backend.Rows;
import dev.tenon.spi.backend.StateView;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Attention over paged keys and values. */
final class CpuAttentionOps implements AttentionOps {
  private final Kernels kernels;
  private final Buffers buffers;
  private final BlockInput input;

  CpuAttentionOps(Kernels kernels, Buffers buffers, BlockInput input) {
    this.kernels = kernels;
    this.buffers = buffers;
    this.input = input;
  }

  @Override
  public void attend(
      Rows rows, Residual residual, Packed.Attention packed, StateView.KvCache cache) {
    CpuRows at = CpuRows.of(rows);
    CpuResidual stream = CpuResidual.of(residual);
    AttentionWeights weights = ((CpuWeights.Attention) packed).weights();
    KvPool pool = (KvPool) cache;
    int count = at.count();
    int queryWidth = weights.query().rows();
    int kvWidth = weights.kvHeads() * weights.headDim();
    int width = weights.heads() * weights.headDim();
    float[] normed = input.normalised(stream, weights.inputNorm());
    float[] projected = buffers.take(count * queryWidth);
    float[] key = buffers.take(count * kvWidth);
    float[] value = buffers.take(count * kvWidth);
    kernels.products(
        List.of(
            Kernels.Product.of(weights.query(), normed, count, projected),
            Kernels.Product.of(weights.key(), normed, count, key),
            Kernels.Product.of(weights.value(), normed, count, value)));
    buffers.release(normed);
    AttentionWeights.Biases biases = weights.biases();
    if (biases != null) {
      addBias(projected, count, queryWidth, biases.query());
      addBias(key, count, kvWidth, biases.key());
      addBias(value, count, kvWidth, biases.value());
    }
    int[] @Nullable [] tables = pageTables(at);
    float[] query = buffers.take(count * width);
    kernels.parallel(
        count, row -> prepareRow(at, row, weights, projected, query, key, value, tables, pool));
    float[] attended = buffers.take(count * width);
    kernels.attention(
        new Kernels.Attention(
            count,
            weights.heads(),
            weights.scale(),
            query,
            tables,
            at.positions(),
            pool,
            attended));
    if (weights.gate() == AttentionWeights.OutputGate.SIGMOID) {
      kernels.parallel(count, row -> gate(row, weights, projected, attended));
    }
    float[] output = buffers.take(count * stream.width);
    kernels.products(List.of(Kernels.Product.of(weights.output(), attended, count, output)));
    if (biases != null) {
      addBias(output, count, stream.width, biases.output());
    }
    for (float[] done : List.of(projected, key, value, query, attended)) {
      buffers.release(done);
    }
    stream.pending = output;
  }

  private static int[] @Nullable [] pageTables(CpuRows rows) {
    int[] @Nullable [] tables = new int[rows.count()][];
    for (int b = 0; b < rows.groups(); b++) {
      for (int i = 0; i < rows.active()[b]; i++) {
        tables[rows.offsets()[b] + i] = rows.step().slots[b].pageTable;
      }
    }
    return tables;
  }

  private void prepareRow(
      CpuRows rows,
      int row,
      AttentionWeights weights,
      float[] projected,
      float[] query,
      float[] key,
      float[] value,
      int[] @Nullable [] tables,
      KvPool pool) {
    int dim = weights.headDim();
    int position = rows.positions()[row];
    int half = weights.rotary().frequencies().length;
    float[] angles = new float[2 * half];
    Rotary.angles(weights.rotary(), position, angles);
    int perHead = weights.gate() == AttentionWeights.OutputGate.SIGMOID ? 2 * dim : dim;
    for (int head = 0; head < weights.heads(); head++) {
      int to = (row * weights.heads() + head) * dim;
      System.arraycopy(projected, (row * weights.heads() + head) * perHead, query, to, dim);
      normaliseHead(weights.queryNorm(), query, to);
      Rotary.rotate(angles, half, query, to);
    }
    int[] table = tables[row];
    for (int head = 0; head < weights.kvHeads(); head++) {
      int from = (row * weights.kvHeads() + head) * dim;
      normaliseHead(weights.keyNorm(), key, from);
      Rotary.rotate(angles, half, key, from);
      if (table != null) {
        int to = pool.index(table, position, head);
        System.arraycopy(key, from, pool.keys, to, dim);
        System.arraycopy(value, from, pool.values, to, dim);
      }
    }
  }

  private void normaliseHead(@Nullable NormWeights norm, float[] values, int offset) {
    if (norm != null) {
      kernels.normalise(values, offset, 1, norm, values, offset);
    }
  }

  private static void gate(int row, AttentionWeights weights, float[] projected, float[] attended) {
    int dim = weights.headDim();
    for (int head = 0; head < weights.heads(); head++) {
      int to = (row * weights.heads() + head) * dim;
      int from = (row * weights.heads() + head) * 2 * dim + dim;
      for (int i = 0; i < dim; i++) {
        attended[to + i] *= Kernels.sigmoid(projected[from + i]);
      }
    }
  }

  private static void addBias(float[] values, int rows, int width, float[] bias) {
    for (int row = 0; row < rows; row++) {
      for (int i = 0; i < width; i++) {
        values[row * width + i] += bias[i];
      }
    }
  }
}
