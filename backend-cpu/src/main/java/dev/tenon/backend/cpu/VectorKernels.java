package dev.tenon.backend.cpu;

import dev.tenon.spi.backend.DeltaNetWeights;
import dev.tenon.spi.backend.NormWeights;
import java.util.List;

/**
 * The kernels on vectors and several threads. Every result has one order of summation, which
 * depends neither on the number of threads nor on what is computed beside it.
 */
final class VectorKernels implements Kernels {
  private static final float UNIT_EPSILON = 1e-6f;

  /** Elements below which a job is not shared. */
  private static final int SHARED_FROM = 16 * 1024;

  private final WorkerPool workers;
  private final VectorProducts products;
  private final VectorAttention attention;
  private final VectorDelta delta = new VectorDelta();
  private final ScalarKernels plain = new ScalarKernels();

  VectorKernels(WorkerPool workers) {
    this.workers = workers;
    products = new VectorProducts(workers);
    attention = new VectorAttention(workers);
  }

  @Override
  public void parallel(int count, WorkerPool.Part part) {
    workers.run(count, part);
  }

  @Override
  public void products(List<Product> jobs) {
    products.multiply(jobs);
  }

  @Override
  public void normalise(
      float[] x, int xOffset, int rows, NormWeights norm, float[] y, int yOffset) {
    int width = norm.scale().length;
    if (rows > 1 && (long) rows * width >= SHARED_FROM) {
      workers.run(rows, row -> normalise(x, xOffset + row * width, norm, y, yOffset + row * width));
    } else {
      for (int row = 0; row < rows; row++) {
        normalise(x, xOffset + row * width, norm, y, yOffset + row * width);
      }
    }
  }

  private static void normalise(float[] x, int from, NormWeights norm, float[] y, int to) {
    VectorRows.normalise(x, from, norm.scale(), norm.epsilon(), y, to);
  }

  @Override
  public void add(float[] sum, float[] term, int length) {
    int parts = Math.ceilDiv(length, SHARED_FROM);
    workers.run(
        parts,
        part ->
            VectorRows.add(
                sum, term, part * SHARED_FROM, Math.min(length, (part + 1) * SHARED_FROM)));
  }

  @Override
  public void gateUp(float[] gate, float[] up, int offset, int length) {
    VectorRows.gateUp(gate, up, offset, length);
  }

  @Override
  public void silu(float[] x, int offset, int length) {
    VectorRows.silu(x, offset, length);
  }

  @Override
  public void gate(
      float[] y,
      int yOffset,
      float[] z,
      int zOffset,
      int length,
      DeltaNetWeights.GateActivation activation) {
    VectorRows.gate(y, yOffset, z, zOffset, length, activation);
  }

  @Override
  public void unit(float[] x, int offset, int length, float factor) {
    VectorRows.unit(x, offset, length, factor, UNIT_EPSILON);
  }

  @Override
  public void convolve(
      float[] taps, int width, int channels, float[] x, int xOffset, float[] y, int yOffset) {
    VectorRows.convolve(taps, width, channels, x, xOffset, y, yOffset);
  }

  @Override
  public void attention(Attention job) {
    if (VectorAttention.serves(job)) {
      attention.attend(job);
    } else {
      plain.attention(job);
    }
  }

  @Override
  public void deltaSteps(Delta job) {
    if (VectorDelta.serves(job)) {
      delta.steps(job);
    } else {
      plain.deltaSteps(job);
    }
  }

  @Override
  public void deltaChunks(Delta job) {
    if (VectorDelta.serves(job)) {
      delta.chunks(job);
    } else {
      plain.deltaChunks(job);
    }
  }
}
