package dev.tenon.engine.tck.toy;

import dev.tenon.spi.backend.AttentionWeights;
import dev.tenon.spi.backend.DeltaNetWeights;
import dev.tenon.spi.backend.ElementType;
import dev.tenon.spi.backend.HostMatrix;
import dev.tenon.spi.backend.MlpWeights;
import dev.tenon.spi.backend.NoiseStream;
import dev.tenon.spi.backend.NormWeights;
import dev.tenon.spi.backend.RotaryTable;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;

/** Weights by formula: uniform noise of a seed and a name, so that a product keeps its scale. */
final class ToyWeights {
  static final int HIDDEN = 32;
  static final int HEADS = 2;
  static final int KV_HEADS = 1;
  static final int HEAD_DIM = 16;
  static final int KEY_HEADS = 1;
  static final int VALUE_HEADS = 2;
  static final int KEY_DIM = 8;
  static final int VALUE_DIM = 8;
  static final int CONV_WIDTH = 4;
  static final int INTERMEDIATE = 48;

  private static final ValueLayout.OfFloat FLOAT =
      ValueLayout.JAVA_FLOAT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

  private final long seed;

  ToyWeights(long seed) {
    this.seed = seed;
  }

  /** A matrix {@code [rows, columns]} of entries within {@code ±scale · sqrt(3 / columns)}. */
  HostMatrix matrix(String name, int rows, int columns, double scale) {
    MemorySegment data = Arena.ofAuto().allocate(4L * rows * columns, 4);
    float[] values = values(name, rows * columns, scale * Math.sqrt(3.0 / columns));
    MemorySegment.copy(values, 0, data, FLOAT, 0, values.length);
    return new HostMatrix(name, ElementType.F32, data, rows, columns, 4L * columns, null);
  }

  /** Entries within {@code ±bound}. */
  float[] values(String name, int count, double bound) {
    long key = NoiseStream.key(seed, name.hashCode());
    float[] values = new float[count];
    for (int i = 0; i < count; i++) {
      values[i] = (float) ((2 * NoiseStream.uniform(key, i) - 1) * bound);
    }
    return values;
  }

  NormWeights norm(String name, int width) {
    return NormWeights.zeroCentred(values(name, width, 0.2), 1e-6f);
  }

  AttentionWeights attention(String name) {
    return new AttentionWeights(
        HEADS,
        KV_HEADS,
        HEAD_DIM,
        (float) (1 / Math.sqrt(HEAD_DIM)),
        new RotaryTable(new float[] {1f, 0.1f}, 1f),
        norm(name + ".norm", HIDDEN),
        matrix(name + ".query", HEADS * 2 * HEAD_DIM, HIDDEN, 1),
        AttentionWeights.OutputGate.SIGMOID,
        matrix(name + ".key", KV_HEADS * HEAD_DIM, HIDDEN, 1),
        matrix(name + ".value", KV_HEADS * HEAD_DIM, HIDDEN, 1),
        matrix(name + ".output", HIDDEN, HEADS * HEAD_DIM, 2),
        norm(name + ".query_norm", HEAD_DIM),
        norm(name + ".key_norm", HEAD_DIM),
        null);
  }

  DeltaNetWeights deltaNet(String name) {
    int ratio = VALUE_HEADS / KEY_HEADS;
    int channels = 2 * KEY_HEADS * KEY_DIM + VALUE_HEADS * VALUE_DIM;
    return new DeltaNetWeights(
        KEY_HEADS,
        VALUE_HEADS,
        KEY_DIM,
        VALUE_DIM,
        CONV_WIDTH,
        norm(name + ".norm", HIDDEN),
        matrix(name + ".projection", KEY_HEADS * (2 * KEY_DIM + 2 * ratio * VALUE_DIM), HIDDEN, 1),
        matrix(name + ".gates", KEY_HEADS * 2 * ratio, HIDDEN, 1),
        values(name + ".convolution", channels * CONV_WIDTH, 0.8),
        values(name + ".decay", VALUE_HEADS, 1),
        values(name + ".time", VALUE_HEADS, 1),
        new NormWeights(norm(name + ".output_norm", VALUE_DIM).scale(), 1e-6f),
        DeltaNetWeights.GateActivation.SILU,
        matrix(name + ".output", HIDDEN, VALUE_HEADS * VALUE_DIM, 2));
  }

  MlpWeights mlp(String name) {
    return new MlpWeights(
        norm(name + ".norm", HIDDEN),
        matrix(name + ".gate", INTERMEDIATE, HIDDEN, 1),
        matrix(name + ".up", INTERMEDIATE, HIDDEN, 1),
        matrix(name + ".down", HIDDEN, INTERMEDIATE, 2));
  }
}
