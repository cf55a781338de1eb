package dev.tenon.backend.cpu;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class VectorDeltaTest {
  private static final double BOUND = 2e-5;

  private final WorkerPool workers = new WorkerPool(1, "test");
  private final VectorKernels fast = new VectorKernels(workers);
  private final ScalarKernels plain = new ScalarKernels();

  @AfterEach
  void close() {
    workers.close();
  }

  @Test
  void theDefinitionGivesTheWorkedVector() {
    // q and k normalised, q divided by √2, as the operation hands them over
    double root = Math.sqrt(2);
    float[] q = new float[4];
    float[] k = new float[4];
    unit(new double[] {1, 1}, 1 / root, q, 0);
    unit(new double[] {0, 2}, 1 / root, q, 2);
    unit(new double[] {3, 4}, 1, k, 0);
    unit(new double[] {1, 0}, 1, k, 2);
    float[] v = {1, 2, -1, .5f};
    float[] g = {-1.1368710061149f, -0.386871006114900f};
    float[] beta = {0.5f, 0.73105857863f};
    float[] state = new float[4];
    float[] out = new float[4];
    plain.deltaSteps(
        new Kernels.Delta(2, 2, 2, state, 0, q, 0, k, 0, 2, v, 0, 2, g, beta, 0, 1, out, 0, 2));
    VectorKernelsTest.close(
        out, new float[] {.3499999055f, .6999998111f, .1921007177f, .3842014353f}, 1e-6);
    VectorKernelsTest.close(
        state, new float[] {-.6762602798f, .4751249731f, .2716714742f, .5433429485f}, 1e-6);
  }

  @Test
  void stepsAndChunksAreWithinRoundingOfTheDefinition() {
    Random random = Seeded.random("delta");
    int[][] shapes = {{16, 16}, {32, 16}, {128, 128}, {64, 96}, {16, 80}, {5, 7}, {20, 36}};
    for (int[] shape : shapes) {
      for (int rows : new int[] {1, 2, 63, 64, 65, 150}) {
        Case given = new Case(random, rows, shape[0], shape[1]);
        Case steps = given.copy();
        Case chunks = given.copy();
        plain.deltaSteps(given.job());
        fast.deltaSteps(steps.job());
        fast.deltaChunks(chunks.job());
        VectorKernelsTest.close(steps.output, given.output, BOUND);
        VectorKernelsTest.close(steps.state, given.state, BOUND);
        VectorKernelsTest.close(chunks.output, given.output, BOUND);
        VectorKernelsTest.close(chunks.state, given.state, BOUND);
      }
    }
  }

  @Test
  void strongDecaysOverflowNothing() {
    Case given = new Case(new Random(1), 130, 32, 32);
    java.util.Arrays.fill(given.logDecay, -90f);
    Case chunks = given.copy();
    plain.deltaSteps(given.job());
    fast.deltaChunks(chunks.job());
    VectorKernelsTest.close(chunks.output, given.output, BOUND);
    for (float value : chunks.state) {
      assertThat(Float.isFinite(value)).isTrue();
    }
  }

  @Test
  void chunksSplitAtMultiplesOf64AreTheSameBits() {
    Case given = new Case(Seeded.random("delta split"), 150, 32, 48);
    Case split = given.copy();
    fast.deltaChunks(given.job());
    fast.deltaChunks(split.job(0, 64));
    fast.deltaChunks(split.job(64, 64));
    fast.deltaChunks(split.job(128, 22));
    assertThat(split.output).isEqualTo(given.output);
    assertThat(split.state).isEqualTo(given.state);
  }

  private static void unit(double[] x, double factor, float[] out, int at) {
    double norm = Math.sqrt(x[0] * x[0] + x[1] * x[1] + 1e-6);
    for (int i = 0; i < 2; i++) {
      out[at + i] = (float) (x[i] / norm * factor);
    }
    assertThat(norm).isGreaterThan(0).isCloseTo(norm, within(0.0));
  }

  private static final class Case {
    final int rows;
    final int keyDim;
    final int valueDim;
    final float[] state;
    final float[] keys;
    final float[] values;
    final float[] logDecay;
    final float[] beta;
    final float[] output;

    Case(Random random, int rows, int keyDim, int valueDim) {
      this.rows = rows;
      this.keyDim = keyDim;
      this.valueDim = valueDim;
      state = Seeded.values(random, keyDim * valueDim, 0.3f);
      keys = Seeded.values(random, 2 * rows * keyDim, 1f);
      values = Seeded.values(random, rows * valueDim, 1f);
      logDecay = Seeded.values(random, rows, 1f);
      beta = Seeded.values(random, rows, 1f);
      output = new float[rows * valueDim];
      ScalarKernels plain = new ScalarKernels();
      for (int row = 0; row < 2 * rows; row++) {
        plain.unit(keys, row * keyDim, keyDim, row % 2 == 0 ? 1f : 0.2f);
      }
      for (int row = 0; row < rows; row++) {
        logDecay[row] = -2 * Math.abs(logDecay[row]);
        beta[row] = Math.abs(beta[row]);
      }
    }

    private Case(Case other) {
      rows = other.rows;
      keyDim = other.keyDim;
      valueDim = other.valueDim;
      state = other.state.clone();
      keys = other.keys;
      values = other.values;
      logDecay = other.logDecay;
      beta = other.beta;
      output = new float[other.output.length];
    }

    Case copy() {
      return new Case(this);
    }

    Kernels.Delta job() {
      return job(0, rows);
    }

    /** Per row the key, then the query. */
    Kernels.Delta job(int from, int count) {
      int key = 2 * from * keyDim;
      return new Kernels.Delta(
          count,
          keyDim,
          valueDim,
          state,
          0,
          keys,
          key + keyDim,
          keys,
          key,
          2 * keyDim,
          values,
          from * valueDim,
          valueDim,
          logDecay,
          beta,
          from,
          1,
          output,
          from * valueDim,
          valueDim);
    }
  }
}
