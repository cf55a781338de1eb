package dev.tenon.backend.cpu;

import dev.tenon.spi.backend.DeltaNetWeights;
import dev.tenon.spi.backend.HostMatrix;
import dev.tenon.spi.backend.NormWeights;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The arithmetic of the backend, in f32. Two implementations: {@link ScalarKernels} defines what
 * each computes, {@link VectorKernels} is fast. A row's result never depends on other rows.
 */
interface Kernels {
  /**
   * A product {@code y[r][o] = Σ_c x[r][c] · w[o][c]}.
   *
   * @param weight {@code [out, in]}
   * @param x rows of {@code in} elements, contiguous from {@code xOffset}
   * @param rows number of rows
   * @param y receives rows of {@code out} elements, {@code yStride} apart, from {@code yOffset}
   */
  record Product(
      HostMatrix weight, float[] x, int xOffset, int rows, float[] y, int yOffset, int yStride) {
    /** A product whose result is contiguous. */
    static Product of(HostMatrix weight, float[] x, int rows, float[] y) {
      return new Product(weight, x, 0, rows, y, 0, weight.rows());
    }
  }

  /**
   * Causal attention of some rows over paged keys and values that are written already.
   *
   * @param rows number of rows
   * @param heads query heads
   * @param scale factor of the scores
   * @param query {@code [rows][heads][headDim]}
   * @param pageTables page table per row, {@code null} for rows that are skipped
   * @param positions position per row; it attends to 0 … position
   * @param kv keys and values
   * @param output {@code [rows][heads][headDim]}
   */
  record Attention(
      int rows,
      int heads,
      float scale,
      float[] query,
      int[] @Nullable [] pageTables,
      int[] positions,
      KvPool kv,
      float[] output) {}

  /**
   * A delta net's recurrence of one value head over rows of one sequence; q and k are normalised, q
   * is scaled.
   *
   * @param rows number of rows
   * @param state {@code [keyDim][valueDim]} from {@code stateOffset}; read and written
   * @param query row t at {@code queryOffset + t · keyStride}
   * @param key row t at {@code keyOffset + t · keyStride}
   * @param value row t at {@code valueOffset + t · valueStride}
   * @param logDecay g of row t at {@code gateOffset + t · gateStride}
   * @param beta of row t, likewise
   * @param output row t at {@code outputOffset + t · outputStride}; {@code null} if not wanted
   */
  record Delta(
      int rows,
      int keyDim,
      int valueDim,
      float[] state,
      int stateOffset,
      float[] query,
      int queryOffset,
      float[] key,
      int keyOffset,
      int keyStride,
      float[] value,
      int valueOffset,
      int valueStride,
      float[] logDecay,
      float[] beta,
      int gateOffset,
      int gateStride,
      float @Nullable [] output,
      int outputOffset,
      int outputStride) {}

  /** Runs independent parts, perhaps at once. */
  void parallel(int count, WorkerPool.Part part);

  /** Does several products, perhaps at once. */
  void products(List<Product> products);

  /** {@code y = x · rsqrt(mean(x²) + epsilon) · scale}, row by row of {@code scale.length}. */
  void normalise(float[] x, int xOffset, int rows, NormWeights norm, float[] y, int yOffset);

  /** {@code sum += term}, the first {@code length} elements. */
  void add(float[] sum, float[] term, int length);

  /** {@code gate = silu(gate) · up}, element by element. */
  void gateUp(float[] gate, float[] up, int offset, int length);

  /** {@code x = silu(x)}, element by element. */
  void silu(float[] x, int offset, int length);

  /** {@code y = y · activation(z)}, element by element. */
  void gate(
      float[] y,
      int yOffset,
      float[] z,
      int zOffset,
      int length,
      DeltaNetWeights.GateActivation activation);

  /** {@code y = x · rsqrt(Σx² + 1e-6) · factor}, one row. */
  void unit(float[] x, int offset, int length, float factor);

  /**
   * One row of a depthwise convolution: {@code y[c] = Σ_j taps[j][c] · x[j][c]}.
   *
   * @param taps {@code [width][channels]}
   * @param x the row's {@code width} inputs, oldest first, {@code channels} apart
   */
  void convolve(
      float[] taps, int width, int channels, float[] x, int xOffset, float[] y, int yOffset);

  /** Attention. */
  void attention(Attention job);

  /** The recurrence step by step. */
  void deltaSteps(Delta job);

  /** The recurrence in chunks of 64 rows: the same function, other rounding. */
  void deltaChunks(Delta job);

  /** σ(x). */
  static float sigmoid(float x) {
    return (float) (1 / (1 + Math.exp(-x)));
  }

  /** x·σ(x). */
  static float silu(float x) {
    return (float) (x / (1 + Math.exp(-x)));
  }

  /** ln(1 + eˣ), without overflow. */
  static float softplus(float x) {
    return x > 20 ? x : (float) Math.log1p(Math.exp(x));
  }
}
