package dev.tenon.spi.backend;

import java.lang.foreign.MemorySegment;
import java.util.List;

/**
 * A tensor in host memory, usually a mapped checkpoint file: little-endian, row-major, contiguous,
 * not necessarily aligned. Valid as long as the source it came from.
 *
 * @param name its name in the checkpoint
 * @param type element type
 * @param shape extents, outermost first; empty for a scalar
 * @param data exactly its bytes
 */
public record HostTensor(String name, ElementType type, List<Long> shape, MemorySegment data) {
  /** Checks that the bytes fit the shape. */
  public HostTensor {
    shape = List.copyOf(shape);
    long expected = type.bytes();
    for (long extent : shape) {
      expected = Math.multiplyExact(expected, extent);
    }
    if (data.byteSize() != expected) {
      throw new IllegalArgumentException(
          name + " has " + data.byteSize() + " bytes, its shape " + shape + " needs " + expected);
    }
  }
}
