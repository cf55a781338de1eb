package dev.tenon.backend.cpu;

import dev.tenon.spi.backend.BlockScale;
import dev.tenon.spi.backend.ElementType;
import dev.tenon.spi.backend.HostMatrix;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Random;
import org.jspecify.annotations.Nullable;

/** Random weight matrices in each element type, unaligned and as views of wider ones. */
final class TestMatrices {
  private TestMatrices() {}

  static HostMatrix random(Random random, ElementType type, int rows, int columns) {
    int before = random.nextInt(3);
    int after = random.nextInt(4);
    int wide = before + columns + after;
    MemorySegment data =
        Arena.ofAuto().allocate((long) rows * wide * type.bytes() + 1, 1).asSlice(1);
    for (long i = 0; i < (long) rows * wide; i++) {
      put(data, type, i, random);
    }
    BlockScale scale = type == ElementType.F8_E4M3 ? scales(random, rows, wide) : null;
    HostMatrix whole =
        new HostMatrix("w", type, data, rows, wide, (long) wide * type.bytes(), scale);
    return columns == wide ? whole : whole.slicedColumns(before, columns);
  }

  /** As they stand in checkpoints: aligned to scale blocks, from the first column on. */
  static HostMatrix aligned(Random random, ElementType type, int rows, int columns) {
    MemorySegment data = Arena.ofAuto().allocate((long) rows * columns * type.bytes(), 64);
    for (long i = 0; i < (long) rows * columns; i++) {
      put(data, type, i, random);
    }
    @Nullable BlockScale scale = type == ElementType.F8_E4M3 ? scales(random, rows, columns) : null;
    return new HostMatrix("w", type, data, rows, columns, (long) columns * type.bytes(), scale);
  }

  private static BlockScale scales(Random random, int rows, int columns) {
    int across = Math.ceilDiv(columns, 128);
    int count = Math.ceilDiv(rows, 128) * across;
    ElementType type = random.nextBoolean() ? ElementType.BF16 : ElementType.F32;
    MemorySegment data = Arena.ofAuto().allocate((long) count * type.bytes(), 1);
    for (int i = 0; i < count; i++) {
      float scale = (1 + random.nextFloat()) * 0x1p-9f;
      if (type == ElementType.F32) {
        data.set(ValueLayout.JAVA_FLOAT_UNALIGNED, 4L * i, scale);
      } else {
        data.set(
            ValueLayout.JAVA_SHORT_UNALIGNED,
            2L * i,
            (short) (Float.floatToRawIntBits(scale) >>> 16));
      }
    }
    return new BlockScale(type, data, across, 128, 128, 0, 0);
  }

  private static void put(MemorySegment data, ElementType type, long index, Random random) {
    float value = (float) random.nextGaussian() * 0.1f;
    switch (type) {
      case F32 -> data.set(ValueLayout.JAVA_FLOAT_UNALIGNED, 4 * index, value);
      case BF16 ->
          data.set(
              ValueLayout.JAVA_SHORT_UNALIGNED,
              2 * index,
              (short) (Float.floatToRawIntBits(value) >>> 16));
      case F16 ->
          data.set(ValueLayout.JAVA_SHORT_UNALIGNED, 2 * index, Float.floatToFloat16(value));
      case F8_E4M3 -> {
        int magnitude = random.nextInt(127); // 127 is not a number
        data.set(
            ValueLayout.JAVA_BYTE, index, (byte) (magnitude | (random.nextBoolean() ? 128 : 0)));
      }
    }
  }
}
