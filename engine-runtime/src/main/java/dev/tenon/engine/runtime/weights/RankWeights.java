package dev.tenon.engine.runtime.weights;

import dev.tenon.api.ErrorCode;
import dev.tenon.api.TenonException;
import dev.tenon.spi.backend.BlockScale;
import dev.tenon.spi.backend.ElementType;
import dev.tenon.spi.backend.HostMatrix;
import dev.tenon.spi.backend.HostTensor;
import dev.tenon.spi.model.RankLayout;
import dev.tenon.spi.model.ShardSpec;
import dev.tenon.spi.model.TensorSpec;
import dev.tenon.spi.model.WeightSource;
import java.lang.foreign.MemorySegment;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.LongConsumer;
import org.jspecify.annotations.Nullable;

/**
 * One rank's shares of checked tensors. Shares are views of the store's memory, except those of
 * several row sections, which are gathered. Thread-safe.
 */
public final class RankWeights implements WeightSource {
  private final TensorStore store;
  private final Map<String, TensorSpec> specs;
  private final Quantisation quantisation;
  private final RankLayout layout;
  private final LongConsumer handedOut;

  /**
   * Shares of the tensors that {@link TensorChecks} found in order.
   *
   * @param handedOut told the bytes of each share when it is asked for
   */
  public RankWeights(
      TensorStore store,
      List<TensorSpec> specs,
      Quantisation quantisation,
      RankLayout layout,
      LongConsumer handedOut) {
    this.store = store;
    this.specs = new HashMap<>();
    specs.forEach(spec -> this.specs.put(spec.name(), spec));
    this.quantisation = quantisation;
    this.layout = layout;
    this.handedOut = handedOut;
  }

  @Override
  public HostMatrix matrix(String name) {
    TensorSpec spec = spec(name);
    if (spec.shard() instanceof ShardSpec.AllExperts) {
      throw new IllegalArgumentException(name + " holds all experts; ask for one of them");
    }
    return told(share(spec, whole(tensor(name), 0)));
  }

  @Override
  public HostMatrix expertMatrix(String name, int expert) {
    TensorSpec spec = spec(name);
    if (!(spec.shard() instanceof ShardSpec.AllExperts)) {
      throw new IllegalArgumentException(name + " does not hold all experts");
    }
    return told(share(spec, whole(tensor(name), expert)));
  }

  @Override
  public float[] values(String name) {
    return Widening.values(told(share(spec(name), whole(tensor(name), 0))));
  }

  private HostMatrix told(HostMatrix share) {
    handedOut.accept((long) share.rows() * share.columns() * share.type().bytes());
    return share;
  }

  private TensorSpec spec(String name) {
    TensorSpec spec = specs.get(name);
    if (spec == null) {
      throw new IllegalArgumentException("the model asks for " + name + ", but did not declare it");
    }
    return spec;
  }

  private HostTensor tensor(String name) {
    HostTensor tensor = store.find(name);
    if (tensor == null) {
      throw new TenonException(
          ErrorCode.INVALID_CHECKPOINT, "tensor '" + name + "' is not in the checkpoint");
    }
    return tensor;
  }

  /** A tensor, or one expert's part of a tensor of all experts, as {@code [rows, columns]}. */
  private HostMatrix whole(HostTensor tensor, int expert) {
    List<Long> shape = tensor.shape();
    boolean experts =
        specs.get(tensor.name()) instanceof TensorSpec spec
            && spec.shard() instanceof ShardSpec.AllExperts;
    long outer = experts ? shape.getFirst() : 1;
    if (expert < 0 || expert >= outer) {
      throw new IllegalArgumentException(
          tensor.name() + " has " + outer + " experts, not one of index " + expert);
    }
    List<Long> inner = experts ? shape.subList(1, shape.size()) : shape;
    int rows = inner.isEmpty() ? 1 : Math.toIntExact(inner.getFirst());
    long columns = inner.stream().skip(1).reduce(1L, Math::multiplyExact);
    long rowBytes = columns * tensor.type().bytes();
    return new HostMatrix(
        tensor.name(),
        tensor.type(),
        tensor.data().asSlice(expert * rows * rowBytes, rows * rowBytes),
        rows,
        Math.toIntExact(columns),
        rowBytes,
        tensor.type() == ElementType.F8_E4M3 ? scale(tensor.name(), expert, outer) : null);
  }

  private BlockScale scale(String name, int expert, long outer) {
    HostTensor scales = tensor(name + Quantisation.SCALE_SUFFIX);
    long bytes = scales.data().byteSize() / outer;
    return new BlockScale(
        scales.type(),
        scales.data().asSlice(expert * bytes, bytes),
        Math.toIntExact(scales.shape().getLast()),
        quantisation.blockRows(),
        quantisation.blockColumns(),
        0,
        0);
  }

  private HostMatrix share(TensorSpec spec, HostMatrix whole) {
    Share share = Share.of(spec.shard(), whole.name(), whole.rows(), whole.columns(), layout);
    HostMatrix columns = whole.slicedColumns(share.columns().first(), share.columns().count());
    return share.rows().size() == 1
        ? columns.slicedRows(share.rows().getFirst().first(), share.rows().getFirst().count())
        : gathered(columns, share);
  }

  private HostMatrix gathered(HostMatrix from, Share share) {
    long rowBytes = (long) from.columns() * from.type().bytes();
    MemorySegment data = store.allocate(share.rowCount() * rowBytes);
    long at = 0;
    for (Span span : share.rows()) {
      HostMatrix piece = from.slicedRows(span.first(), span.count());
      for (int row = 0; row < span.count(); row++) {
        MemorySegment.copy(piece.data(), row * piece.rowStride(), data, at, rowBytes);
        at += rowBytes;
      }
    }
    return new HostMatrix(
        from.name(),
        from.type(),
        data,
        share.rowCount(),
        from.columns(),
        rowBytes,
        gatheredScale(from.name(), from.scale(), share));
  }

  private @Nullable BlockScale gatheredScale(String name, @Nullable BlockScale from, Share share) {
    if (from == null) {
      return null;
    }
    int block = from.blockRows();
    long rowBytes = (long) from.columns() * from.type().bytes();
    MemorySegment data = store.allocate(Math.ceilDiv(share.rowCount(), block) * rowBytes);
    long at = 0;
    for (Span span : share.rows()) {
      if (span.first() % block != 0 || span.count() % block != 0) {
        throw TenonException.of(
            ErrorCode.UNSUPPORTED,
            "tensor_parallel_size",
            name
                + ": sections of "
                + span.count()
                + " rows cut blocks of "
                + block
                + " rows that share a scale; use fewer ranks");
      }
      long bytes = span.count() / block * rowBytes;
      MemorySegment.copy(from.data(), span.first() / block * rowBytes, data, at, bytes);
      at += bytes;
    }
    return new BlockScale(
        from.type(), data, from.columns(), block, from.blockColumns(), 0, from.firstColumn());
  }
}
