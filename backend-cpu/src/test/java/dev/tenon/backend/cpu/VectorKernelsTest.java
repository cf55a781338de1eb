package dev.tenon.backend.cpu;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.tenon.spi.backend.DeltaNetWeights.GateActivation;
import dev.tenon.spi.backend.NormWeights;
import java.util.Random;
import jdk.incubator.vector.FloatVector;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class VectorKernelsTest {
  private final WorkerPool workers = new WorkerPool(2, "test");
  private final VectorKernels fast = new VectorKernels(workers);
  private final ScalarKernels plain = new ScalarKernels();

  @AfterEach
  void close() {
    workers.close();
  }

  @Test
  void exponentialIsWithinThreeTenMillionths() {
    for (float x = -87f; x < 88f; x += 0.01f) {
      float got = VectorMath.exp(FloatVector.broadcast(Lanes.FLOATS, x)).lane(0);
      assertThat(got / Math.exp(x)).isCloseTo(1.0, within(3e-7));
    }
    assertThat(VectorMath.exp(FloatVector.zero(Lanes.FLOATS)).lane(0)).isEqualTo(1f);
    assertThat(VectorMath.exp(FloatVector.broadcast(Lanes.FLOATS, Float.NaN)).lane(0)).isNaN();
  }

  @Test
  void rowsAreWithinAMillionthOfTheDefinition() {
    Random random = Seeded.random("rows");
    for (int width = 1; width < 150; width += 1 + random.nextInt(7)) {
      float[] x = Seeded.values(random, 3 * width, 4f);
      NormWeights norm = new NormWeights(Seeded.values(random, width, 2f), 1e-6f);
      float[] a = new float[3 * width];
      float[] b = a.clone();
      fast.normalise(x, 0, 3, norm, a, 0);
      plain.normalise(x, 0, 3, norm, b, 0);
      close(a, b, 2e-6);
      a = x.clone();
      b = x.clone();
      fast.unit(a, width, width, 0.5f);
      plain.unit(b, width, width, 0.5f);
      close(a, b, 1e-6);
      fast.silu(a, 1, width);
      plain.silu(b, 1, width);
      close(a, b, 3e-6);
      float[] z = Seeded.values(random, 3 * width, 20f);
      for (GateActivation activation : GateActivation.values()) {
        fast.gate(a, width, z, 2, width, activation);
        plain.gate(b, width, z, 2, width, activation);
        close(a, b, 1e-4);
      }
      fast.gateUp(a, z, 0, 3 * width);
      plain.gateUp(b, z, 0, 3 * width);
      close(a, b, 1e-2);
      fast.add(a, z, 2 * width);
      plain.add(b, z, 2 * width);
      close(a, b, 1e-2);
    }
  }

  @Test
  void convolutionIsWithinAMillionthOfTheDefinition() {
    Random random = Seeded.random("convolution");
    for (int channels = 1; channels < 100; channels += 3) {
      int taps = 1 + random.nextInt(4);
      float[] weights = Seeded.values(random, taps * channels, 1f);
      float[] x = Seeded.values(random, taps * channels + 2, 1f);
      float[] a = new float[channels];
      float[] b = a.clone();
      fast.convolve(weights, taps, channels, x, 2, a, 0);
      plain.convolve(weights, taps, channels, x, 2, b, 0);
      close(a, b, 1e-6);
    }
  }

  static void close(float[] got, float[] wanted, double bound) {
    assertThat(got.length).isEqualTo(wanted.length);
    for (int i = 0; i < got.length; i++) {
      assertThat((double) got[i]).isCloseTo(wanted[i], within(bound));
    }
  }
}
