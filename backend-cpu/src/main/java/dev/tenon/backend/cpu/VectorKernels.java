package dev.tenon.backend.cpu;

import dev.tenon.spi.backend.DeltaNetWeights;
import dev.tenon.spi.backend.NormWeights;
import java.util.List;

/** The fast kernels: vectors, and the workers of a pool. */
final class VectorKernels implements Kernels {
  private final WorkerPool workers;
  private final VectorProducts products;
  private final ScalarKernels scalar = new ScalarKernels();

  VectorKernels(WorkerPool workers) {
    this.workers = workers;
    this.products = new VectorProducts(workers);
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
    scalar.normalise(x, xOffset, rows, norm, y, yOffset);
  }

  @Override
  public void add(float[] sum, float[] term, int length) {
    scalar.add(sum, term, length);
  }

  @Override
  public void gateUp(float[] gate, float[] up, int offset, int length) {
    scalar.gateUp(gate, up, offset, length);
  }

  @Override
  public void silu(float[] x, int offset, int length) {
    scalar.silu(x, offset, length);
  }

  @Override
  public void gate(
      float[] y,
      int yOffset,
      float[] z,
      int zOffset,
      int length,
      DeltaNetWeights.GateActivation activation) {
    scalar.gate(y, yOffset, z, zOffset, length, activation);
  }

  @Override
  public void unit(float[] x, int offset, int length, float factor) {
    scalar.unit(x, offset, length, factor);
  }

  @Override
  public void convolve(
      float[] taps, int width, int channels, float[] x, int xOffset, float[] y, int yOffset) {
    scalar.convolve(taps, width, channels, x, xOffset, y, yOffset);
  }

  @Override
  public void attention(Attention job) {
    scalar.attention(job);
  }

  @Override
  public void deltaSteps(Delta job) {
    scalar.deltaSteps(job);
  }

  @Override
  public void deltaChunks(Delta job) {
    scalar.deltaChunks(job);
  }
}
