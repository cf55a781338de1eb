package dev.tenon.engine.runtime.weights;

import dev.tenon.spi.backend.ElementType;
import dev.tenon.spi.backend.HostTensor;
import dev.tenon.spi.model.TensorSpec;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.stream.LongStream;
import org.jspecify.annotations.Nullable;

/**
 * Made-up tensors in the shapes that a model declares, the same on every run. Matrices are uniform
 * around 0 with a deviation of {@code 1/√(inputs)}, so that activations stay near 1; vectors are
 * uniform in (0.25, 0.75), which suits a norm's weight whether 1 is added to it or not.
 *
 * <p>Tensors with the same distribution are windows of one memory that is little larger than the
 * greatest of them, each at an offset that its name decides: so the largest models take no more
 * host memory than their largest matrix, and no two tensors of a model are alike.
 */
public final class DummyTensors implements TensorStore {
  private static final long ALIGNMENT = 64;
  private static final long CHUNK = 16L << 20;
  private static final long LEAST_ROOM = 1L << 16;

  private final Arena arena;
  private final Map<String, HostTensor> tensors;

  private DummyTensors(Arena arena, Map<String, HostTensor> tensors) {
    this.arena = arena;
    this.tensors = tensors;
  }

  /** What tensors that share a memory have in common. */
  private record Kind(Content content, long inputs) {
    static Kind of(TensorSpec spec, ElementType type) {
      if (type == ElementType.F8_E4M3) {
        return new Kind(Content.FP8_MATRIX, 0);
      }
      return spec.shape().size() < 2
          ? new Kind(Content.VECTOR, 0)
          : new Kind(Content.MATRIX, inputs(spec));
    }

    static Kind ofScales(TensorSpec spec) {
      return new Kind(Content.SCALES, inputs(spec));
    }

    /** Elements that an output is a sum of. */
    private static long inputs(TensorSpec spec) {
      return spec.shape().getLast();
    }
  }

  private enum Content {
    FP8_MATRIX,
    MATRIX,
    SCALES,
    VECTOR
  }

  /** One tensor to make up. */
  private record Wanted(String name, Kind kind, ElementType type, List<Long> shape) {
    long bytes() {
      return shape.stream().reduce(1L, Math::multiplyExact) * type.bytes();
    }
  }

  /** Element type of a made-up tensor. */
  public static ElementType typeOf(TensorSpec spec, Quantisation quantisation) {
    boolean scaled =
        quantisation.declared() == Quantisation.Declared.FP8
            && spec.quantisation() == TensorSpec.Quantisation.BLOCK_SCALED
            && spec.shape().size() > 1;
    return scaled ? ElementType.F8_E4M3 : ElementType.BF16;
  }

  /** Bytes of host memory that {@link #make} takes. */
  public static long bytes(List<TensorSpec> specs, Quantisation quantisation) {
    return sizes(wanted(specs, quantisation)).values().stream().mapToLong(Long::longValue).sum();
  }

  /** Allocates and fills the memories, on all cores. */
  @SuppressWarnings("MustBeClosedChecker") // the store owns the arena and closes it
  public static TensorStore make(List<TensorSpec> specs, Quantisation quantisation) {
    Arena arena = Arena.ofShared();
    try {
      List<Wanted> wanted = wanted(specs, quantisation);
      Map<Kind, MemorySegment> memories = new HashMap<>();
      sizes(wanted).forEach((kind, size) -> memories.put(kind, arena.allocate(size, ALIGNMENT)));
      memories.forEach(DummyTensors::fill);
      Map<String, HostTensor> tensors = new HashMap<>();
      for (Wanted one : wanted) {
        MemorySegment memory = Objects.requireNonNull(memories.get(one.kind()));
        MemorySegment window = memory.asSlice(offset(one, memory.byteSize()), one.bytes());
        tensors.put(one.name(), new HostTensor(one.name(), one.type(), one.shape(), window));
      }
      return new DummyTensors(arena, tensors);
    } catch (RuntimeException | Error e) {
      arena.close();
      throw e;
    }
  }

  private static List<Wanted> wanted(List<TensorSpec> specs, Quantisation quantisation) {
    List<Wanted> wanted = new ArrayList<>();
    for (TensorSpec spec : specs) {
      ElementType type = typeOf(spec, quantisation);
      wanted.add(new Wanted(spec.name(), Kind.of(spec, type), type, spec.shape()));
      if (type == ElementType.F8_E4M3) {
        wanted.add(
            new Wanted(
                spec.name() + Quantisation.SCALE_SUFFIX,
                Kind.ofScales(spec),
                ElementType.BF16,
                quantisation.scaleShape(spec.shape())));
      }
    }
    return wanted;
  }

  /** The greatest tensor of each kind, and some room to place windows in. */
  private static Map<Kind, Long> sizes(List<Wanted> wanted) {
    Map<Kind, Long> sizes = new HashMap<>();
    for (Wanted one : wanted) {
      sizes.merge(one.kind(), one.bytes(), Math::max);
    }
    sizes.replaceAll((kind, most) -> most + Math.max(LEAST_ROOM, most / 16));
    return sizes;
  }

  private static long offset(Wanted tensor, long memory) {
    long places = (memory - tensor.bytes()) / ALIGNMENT + 1;
    return Math.floorMod(DummyFill.hash(tensor.name()), places) * ALIGNMENT;
  }

  private static void fill(Kind kind, MemorySegment memory) {
    long chunks = Math.ceilDiv(memory.byteSize(), CHUNK);
    LongStream.range(0, chunks)
        .parallel()
        .forEach(i -> {
          long from = i * CHUNK;
          long bytes = Math.min(CHUNK, memory.byteSize() - from);
          fill(kind, memory.asSlice(from, bytes), kind + "/" + i);
        });
  }

  private static void fill(Kind kind, MemorySegment part, String name) {
    switch (kind.content()) {
      case FP8_MATRIX -> DummyFill.fp8(part, name);
      case SCALES ->
          DummyFill.bf16Constant(part, 1 / (DummyFill.FP8_DEVIATION * Math.sqrt(kind.inputs())));
      case VECTOR -> DummyFill.bf16(part, name, 0.25, 0.75);
      case MATRIX -> {
        double bound = Math.sqrt(3.0 / kind.inputs());
        DummyFill.bf16(part, name, -bound, bound);
      }
    }
  }

  @Override
  public @Nullable HostTensor find(String name) {
    return tensors.get(name);
  }

  @Override
  public MemorySegment allocate(long bytes) {
    return arena.allocate(bytes, ALIGNMENT);
  }

  @Override
  public void close() {
    if (arena.scope().isAlive()) {
      arena.close();
    }
  }
}
