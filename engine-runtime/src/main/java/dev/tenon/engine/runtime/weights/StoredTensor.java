package dev.tenon.engine.runtime.weights;

import dev.tenon.spi.backend.ElementType;
import java.util.List;

/**
 * A tensor as a file's header lists it, checked against the file.
 *
 * @param name in the checkpoint
 * @param type element type
 * @param shape extents, outermost first
 * @param begin offset of its first byte in the file
 * @param end offset after its last byte
 */
record StoredTensor(String name, ElementType type, List<Long> shape, long begin, long end) {
  StoredTensor {
    shape = List.copyOf(shape);
  }
}
