package dev.tenon.engine.runtime.weights;

import dev.tenon.spi.backend.ElementType;
import dev.tenon.spi.backend.HostTensor;
import dev.tenon.spi.model.TensorSpec;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Made-up tensors in the shapes that a model declares, the same on every run. Matrices are uniform
 * around 0 with a deviation of {@code 1/√(inputs)}, so that activations stay near 1; vectors are
 * uniform in (0.25, 0.75), which suits a norm's weight whether 1 is added to it or not.
 */
public final class DummyTensors implements TensorStore {
  private final Arena arena;
  private final Map<String, HostTensor> tensors;

  private DummyTensors(Arena arena, Map<String, HostTensor> tensors) {
    this.arena = arena;
    this.tensors = tensors;
  }

  /** Element type of a made-up tensor. */
  public static ElementType typeOf(TensorSpec spec, Quantisation quantisation) {
    boolean scaled =
        quantisation.declared() == Quantisation.Declared.FP8
            && spec.quantisation() == TensorSpec.Quantisation.BLOCK_SCALED
            && spec.shape().size() > 1;
    return scaled ? ElementType.F8_E4M3 : ElementType.BF16;
  }

  /** Bytes that {@link #make} takes. */
  public static long bytes(List<TensorSpec> specs, Quantisation quantisation) {
    long bytes = 0;
    for (TensorSpec spec : specs) {
      ElementType type = typeOf(spec, quantisation);
      bytes += spec.elements() * type.bytes();
      if (type == ElementType.F8_E4M3) {
        bytes += elements(quantisation.scaleShape(spec.shape())) * ElementType.BF16.bytes();
      }
    }
    return bytes;
  }

  /** Allocates and fills the tensors, on all cores. */
  @SuppressWarnings("MustBeClosedChecker") // the store owns the arena and closes it
  public static TensorStore make(List<TensorSpec> specs, Quantisation quantisation) {
    Arena arena = Arena.ofShared();
    try {
      Map<String, HostTensor> tensors = new HashMap<>();
      for (TensorSpec spec : specs) {
        ElementType type = typeOf(spec, quantisation);
        add(tensors, arena, spec.name(), type, spec.shape());
        if (type == ElementType.F8_E4M3) {
          String scale = spec.name() + Quantisation.SCALE_SUFFIX;
          add(tensors, arena, scale, ElementType.BF16, quantisation.scaleShape(spec.shape()));
        }
      }
      specs.parallelStream().forEach(spec -> fill(tensors, spec));
      return new DummyTensors(arena, tensors);
    } catch (RuntimeException | Error e) {
      arena.close();
      throw e;
    }
  }

  private static void add(
      Map<String, HostTensor> tensors,
      Arena arena,
      String name,
      ElementType type,
      List<Long> shape) {
    MemorySegment data = arena.allocate(elements(shape) * type.bytes(), 64);
    tensors.put(name, new HostTensor(name, type, shape, data));
  }

  private static long elements(List<Long> shape) {
    return shape.stream().reduce(1L, Math::multiplyExact);
  }

  private static void fill(Map<String, HostTensor> tensors, TensorSpec spec) {
    HostTensor tensor = tensors.get(spec.name());
    if (tensor == null) {
      return;
    }
    double inputs = inputs(spec);
    if (tensor.type() == ElementType.F8_E4M3) {
      DummyFill.fp8(tensor.data(), spec.name());
      HostTensor scales = tensors.get(spec.name() + Quantisation.SCALE_SUFFIX);
      if (scales != null) {
        DummyFill.bf16Constant(scales.data(), 1 / (DummyFill.FP8_DEVIATION * Math.sqrt(inputs)));
      }
    } else if (spec.shape().size() < 2) {
      DummyFill.bf16(tensor.data(), spec.name(), 0.25, 0.75);
    } else {
      double bound = Math.sqrt(3 / inputs);
      DummyFill.bf16(tensor.data(), spec.name(), -bound, bound);
    }
  }

  /** Elements that an output is a sum of. */
  private static double inputs(TensorSpec spec) {
    return spec.shape().isEmpty() ? 1 : spec.shape().getLast();
  }

  @Override
  public @Nullable HostTensor find(String name) {
    return tensors.get(name);
  }

  @Override
  public MemorySegment allocate(long bytes) {
    return arena.allocate(bytes, 64);
  }

  @Override
  public void close() {
    if (arena.scope().isAlive()) {
      arena.close();
    }
  }
}
