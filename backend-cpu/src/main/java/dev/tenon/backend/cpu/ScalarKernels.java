package dev.tenon.backend.cpu;

import dev.tenon.spi.backend.DeltaNetWeights;
import dev.tenon.spi.backend.NormWeights;
import java.util.Arrays;
import java.util.List;

/** What each kernel computes, as plainly as it can be said. Sums are taken in f64. */
final class ScalarKernels implements Kernels {
  private static final float UNIT_EPSILON = 1e-6f;

  @Override
  public void parallel(int count, WorkerPool.Part part) {
    for (int i = 0; i < count; i++) {
      part.run(i);
    }
  }

  @Override
  public void products(List<Product> products) {
    for (Product product : products) {
      int width = product.weight().columns();
      float[] weights = new float[width];
      for (int out = 0; out < product.weight().rows(); out++) {
        MatrixElements.row(product.weight(), out, weights, 0);
        for (int row = 0; row < product.rows(); row++) {
          int from = product.xOffset() + row * width;
          double sum = 0;
          for (int i = 0; i < width; i++) {
            sum += (double) product.x()[from + i] * weights[i];
          }
          product.y()[product.yOffset() + row * product.yStride() + out] = (float) sum;
        }
      }
    }
  }

  @Override
  public void normalise(
      float[] x, int xOffset, int rows, NormWeights norm, float[] y, int yOffset) {
    int width = norm.scale().length;
    for (int row = 0; row < rows; row++) {
      int from = xOffset + row * width;
      int to = yOffset + row * width;
      double squares = 0;
      for (int i = 0; i < width; i++) {
        squares += (double) x[from + i] * x[from + i];
      }
      double factor = 1 / Math.sqrt(squares / width + norm.epsilon());
      for (int i = 0; i < width; i++) {
        y[to + i] = (float) (x[from + i] * factor * norm.scale()[i]);
      }
    }
  }

  @Override
  public void add(float[] sum, float[] term, int length) {
    for (int i = 0; i < length; i++) {
      sum[i] += term[i];
    }
  }

  @Override
  public void gateUp(float[] gate, float[] up, int offset, int length) {
    for (int i = offset; i < offset + length; i++) {
      gate[i] = Kernels.silu(gate[i]) * up[i];
    }
  }

  @Override
  public void silu(float[] x, int offset, int length) {
    for (int i = offset; i < offset + length; i++) {
      x[i] = Kernels.silu(x[i]);
    }
  }

  @Override
  public void gate(
      float[] y,
      int yOffset,
      float[] z,
      int zOffset,
      int length,
      DeltaNetWeights.GateActivation activation) {
    for (int i = 0; i < length; i++) {
      float gate = z[zOffset + i];
      y[yOffset + i] *=
          switch (activation) {
            case SILU -> Kernels.silu(gate);
            case SIGMOID -> Kernels.sigmoid(gate);
          };
    }
  }

  @Override
  public void unit(float[] x, int offset, int length, float factor) {
    double squares = 0;
    for (int i = offset; i < offset + length; i++) {
      squares += (double) x[i] * x[i];
    }
    double by = factor / Math.sqrt(squares + UNIT_EPSILON);
    for (int i = offset; i < offset + length; i++) {
      x[i] = (float) (x[i] * by);
    }
  }

  @Override
  public void convolve(
      float[] taps, int width, int channels, float[] x, int xOffset, float[] y, int yOffset) {
    for (int channel = 0; channel < channels; channel++) {
      double sum = 0;
      for (int tap = 0; tap < width; tap++) {
        sum += (double) taps[tap * channels + channel] * x[xOffset + tap * channels + channel];
      }
      y[yOffset + channel] = (float) sum;
    }
  }

  @Override
  public void attention(Attention job) {
    KvPool kv = job.kv();
    int dim = kv.headDim;
    for (int row = 0; row < job.rows(); row++) {
      int[] table = job.pageTables()[row];
      for (int head = 0; head < job.heads(); head++) {
        int at = (row * job.heads() + head) * dim;
        if (table == null) {
          Arrays.fill(job.output(), at, at + dim, 0f);
        } else {
          attend(job, at, table, job.positions()[row], head / (job.heads() / kv.kvHeads));
        }
      }
    }
  }

  private static void attend(Attention job, int at, int[] table, int position, int kvHead) {
    KvPool kv = job.kv();
    double[] scores = new double[position + 1];
    double greatest = Double.NEGATIVE_INFINITY;
    for (int p = 0; p <= position; p++) {
      int key = kv.index(table, p, kvHead);
      for (int i = 0; i < kv.headDim; i++) {
        scores[p] += (double) job.query()[at + i] * kv.keys[key + i];
      }
      scores[p] *= job.scale();
      greatest = Math.max(greatest, scores[p]);
    }
    double[] sums = new double[kv.headDim];
    double total = 0;
    for (int p = 0; p <= position; p++) {
      double weight = Math.exp(scores[p] - greatest);
      total += weight;
      int value = kv.index(table, p, kvHead);
      for (int i = 0; i < kv.headDim; i++) {
        sums[i] += weight * kv.values[value + i];
      }
    }
    for (int i = 0; i < kv.headDim; i++) {
      job.output()[at + i] = (float) (sums[i] / total);
    }
  }

  @Override
  public void deltaSteps(Delta job) {
    int keyDim = job.keyDim();
    int valueDim = job.valueDim();
    float[] state = job.state();
    for (int row = 0; row < job.rows(); row++) {
      double decay = Math.exp(job.logDecay()[job.gateOffset() + row * job.gateStride()]);
      double beta = job.beta()[job.gateOffset() + row * job.gateStride()];
      int key = job.keyOffset() + row * job.keyStride();
      int query = job.queryOffset() + row * job.keyStride();
      int value = job.valueOffset() + row * job.valueStride();
      for (int v = 0; v < valueDim; v++) {
        double read = 0;
        for (int k = 0; k < keyDim; k++) {
          int at = job.stateOffset() + k * valueDim + v;
          state[at] = (float) (state[at] * decay);
          read += (double) state[at] * job.key()[key + k];
        }
        double correction = beta * (job.value()[value + v] - read);
        double out = 0;
        for (int k = 0; k < keyDim; k++) {
          int at = job.stateOffset() + k * valueDim + v;
          state[at] = (float) (state[at] + job.key()[key + k] * correction);
          out += (double) state[at] * job.query()[query + k];
        }
        float[] output = job.output();
        if (output != null) {
          output[job.outputOffset() + row * job.outputStride() + v] = (float) out;
        }
      }
    }
  }

  @Override
  public void deltaChunks(Delta job) {
    deltaSteps(job); // the recurrence is the definition of both
  }
}
