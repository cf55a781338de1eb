package dev.tenon.engine.tck.contract;

import dev.tenon.spi.backend.BlockScale;
import dev.tenon.spi.backend.ElementType;
import dev.tenon.spi.backend.HostMatrix;
import dev.tenon.spi.backend.NormWeights;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.util.List;
import java.util.Random;

/** Random weights in every element type. */
public final class RandomTensors {
  private static final ValueLayout.OfFloat FLOAT =
      ValueLayout.JAVA_FLOAT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
  private static final ValueLayout.OfShort SHORT =
      ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
  private static final int BLOCK = 128;

  private RandomTensors() {}

  /** Values of about unit length per row. */
  public static HostMatrix matrix(Random random, ElementType type, int rows, int columns) {
    MemorySegment data = Arena.ofAuto().allocate((long) rows * columns * type.bytes(), 1);
    float size = (float) (1 / Math.sqrt(columns));
    for (long i = 0; i < (long) rows * columns; i++) {
      put(data, type, i, (float) random.nextGaussian() * size, random);
    }
    BlockScale scale = type == ElementType.F8_E4M3 ? scales(random, rows, columns, size) : null;
    long stride = (long) columns * type.bytes();
    return new HostMatrix("random", type, data, rows, columns, stride, scale);
  }

  /** Values in [−range, range]. */
  public static float[] values(Random random, int count, float range) {
    float[] values = new float[count];
    for (int i = 0; i < count; i++) {
      values[i] = (2 * random.nextFloat() - 1) * range;
    }
    return values;
  }

  /** Factors around 1. */
  public static NormWeights norm(Random random, int width) {
    return NormWeights.zeroCentred(values(random, width, 0.4f), 1e-6f);
  }

  /** A random element. */
  public static <T> T pick(Random random, List<T> values) {
    return values.get(random.nextInt(values.size()));
  }

  private static void put(
      MemorySegment data, ElementType type, long index, float value, Random random) {
    switch (type) {
      case F32 -> data.set(FLOAT, 4 * index, value);
      case BF16 -> data.set(SHORT, 2 * index, (short) (Float.floatToRawIntBits(value) >>> 16));
      case F16 -> data.set(SHORT, 2 * index, Float.floatToFloat16(value));
      case F8_E4M3 -> {
        int magnitude = random.nextInt(127); // 127 is not a number
        data.set(
            ValueLayout.JAVA_BYTE, index, (byte) (magnitude | (random.nextBoolean() ? 128 : 0)));
      }
    }
  }

  private static BlockScale scales(Random random, int rows, int columns, float size) {
    int across = Math.ceilDiv(columns, BLOCK);
    int count = Math.ceilDiv(rows, BLOCK) * across;
    ElementType type = random.nextBoolean() ? ElementType.BF16 : ElementType.F32;
    MemorySegment data = Arena.ofAuto().allocate((long) count * type.bytes(), 1);
    for (int i = 0; i < count; i++) {
      put(data, type, i, size * (0.5f + random.nextFloat()) / 128, random);
    }
    return new BlockScale(type, data, across, BLOCK, BLOCK, 0, 0);
  }
}
