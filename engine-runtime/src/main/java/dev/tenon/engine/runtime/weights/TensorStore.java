package dev.tenon.engine.runtime.weights;

import dev.tenon.spi.backend.HostTensor;
import java.lang.foreign.MemorySegment;
import org.jspecify.annotations.Nullable;

/**
 * Whole tensors in host memory. Thread-safe. Closing invalidates every view of them, so it comes
 * after the backends that read them are closed.
 */
public interface TensorStore extends AutoCloseable {
  /** A tensor, or {@code null} if there is none of that name. */
  @Nullable HostTensor find(String name);

  /** Memory that lives as long as this store, for the few shares that cannot be views. */
  MemorySegment allocate(long bytes);

  /** Frees all memory. Closing twice is harmless. */
  @Override
  void close();
}
