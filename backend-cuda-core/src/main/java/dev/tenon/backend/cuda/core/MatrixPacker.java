package dev.tenon.backend.cuda.core;

import dev.tenon.api.ErrorCode;
import dev.tenon.api.TenonException;
import dev.tenon.spi.backend.BlockScale;
import dev.tenon.spi.backend.ElementType;
import dev.tenon.spi.backend.HostMatrix;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.util.List;

/** Brings matrices to the device and packs them there. */
final class MatrixPacker {
  private static final ValueLayout.OfFloat FLOAT =
      ValueLayout.JAVA_FLOAT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
  private static final ValueLayout.OfShort SHORT =
      ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

  private final CudaDevice device;
  private final DeviceMemory memory;
  private final Staging staging;

  MatrixPacker(CudaDevice device, DeviceMemory memory, Staging staging) {
    this.device = device;
    this.memory = memory;
    this.staging = staging;
  }

  /** Where rows of a source go: r becomes {@code first + r / group · stride + r % group}. */
  record Placement(int first, int group, int stride) {
    static Placement at(int first) {
      return new Placement(first, PackedMatrix.TILE, PackedMatrix.TILE);
    }

    /** Every second tile, for pairs of matrices whose outputs meet in one warp. */
    static Placement alternating(int first) {
      return new Placement(first, PackedMatrix.TILE, 2 * PackedMatrix.TILE);
    }
  }

  static DeviceType typeOf(HostMatrix matrix) {
    return matrix.type() == ElementType.F8_E4M3 ? DeviceType.E4M3 : DeviceType.BF16;
  }

  /** A matrix of its own. */
  PackedMatrix single(HostMatrix matrix) {
    return joined(List.of(matrix));
  }

  /** Matrices below one another; all but the last must fill whole tiles. */
  PackedMatrix joined(List<HostMatrix> parts) {
    DeviceType type = typeOf(parts.getFirst());
    int outputs = parts.stream().mapToInt(HostMatrix::rows).sum();
    PackedMatrix target = allocate(type, outputs, parts.getFirst().columns());
    int first = 0;
    parts.subList(0, parts.size() - 1).forEach(MatrixPacker::requireWholeTiles);
    for (HostMatrix part : parts) {
      pack(part, target, Placement.at(first));
      first += part.rows();
    }
    return target;
  }

  /** Two matrices whose tiles alternate. */
  PackedMatrix alternating(HostMatrix even, HostMatrix odd) {
    requireWholeTiles(even);
    PackedMatrix target = allocate(typeOf(even), 2 * even.rows(), even.columns());
    pack(even, target, Placement.alternating(0));
    pack(odd, target, Placement.alternating(PackedMatrix.TILE));
    return target;
  }

  PackedMatrix allocate(DeviceType type, int outputs, int inputs) {
    long scales = PackedMatrix.scaleBytes(type, outputs, inputs);
    PackedMatrix target =
        new PackedMatrix(
            type,
            outputs,
            inputs,
            memory.allocate(PackedMatrix.dataBytes(type, outputs, inputs)),
            scales == 0 ? 0 : memory.allocate(scales));
    clear(target);
    return target;
  }

  /** Zeroes a target: padding must be zero, and finite. */
  void clear(PackedMatrix target) {
    long bytes = PackedMatrix.dataBytes(target.type(), target.outputs(), target.inputs());
    staging.zero(target.data(), bytes);
    if (target.scales() != 0) {
      staging.zero(
          target.scales(),
          PackedMatrix.scaleBytes(target.type(), target.outputs(), target.inputs()));
    }
  }

  /** Packs a source into a part of a target. */
  void pack(HostMatrix source, PackedMatrix target, Placement placement) {
    if (typeOf(source) != target.type() || source.columns() != target.inputs()) {
      throw new TenonException(
          ErrorCode.UNSUPPORTED,
          source.name()
              + ": matrices that are used together must have one element type and one width; this"
              + " one has "
              + source.type()
              + " and "
              + source.columns()
              + " columns, another "
              + target.type()
              + " and "
              + target.inputs());
    }
    requireWholeBlocks(source);
    if (!staging.carries()) {
      return;
    }
    BlockScale scale = source.scale();
    float[] scales = scale == null ? new float[0] : values(scale);
    int perBuffer =
        StagingRing.rowsPerBuffer((long) source.columns() * target.type().bytes, scales.length)
            / PackedMatrix.TILE
            * PackedMatrix.TILE;
    int step = Math.max(PackedMatrix.TILE, perBuffer);
    for (int from = 0; from < source.rows(); from += step) {
      int first = from;
      int count = Math.min(step, source.rows() - from);
      int to = placement.first() + from / placement.group() * placement.stride();
      staging.rows(
          source,
          from,
          count,
          scales,
          (rows, factors) -> launch(source, rows, first, count, factors, target, placement, to));
    }
  }

  private void launch(
      HostMatrix source,
      long address,
      int from,
      int count,
      long scales,
      PackedMatrix target,
      Placement placement,
      int to) {
    BlockScale scale = source.scale();
    Words words =
        new Words(Operation.PACK_MATRIX)
            .with(address, target.type().code, count, source.columns(), scales);
    if (scale == null) {
      words.with(0, 1, 1, 0, 0);
    } else {
      words.with(
          scale.columns(),
          scale.blockRows(),
          scale.blockColumns(),
          scale.firstRow() + from,
          scale.firstColumn());
    }
    device.launch(
        words.with(
            target.data(),
            target.scales(),
            target.inputs(),
            to,
            placement.group(),
            placement.stride()));
  }

  private static void requireWholeBlocks(HostMatrix source) {
    BlockScale scale = source.scale();
    if (scale == null) {
      return;
    }
    int last = (scale.firstColumn() + source.columns() - 1) / scale.blockColumns();
    boolean aligned = scale.firstColumn() % scale.blockColumns() == 0;
    boolean within = last == scale.firstColumn() / scale.blockColumns();
    boolean rows = scale.firstRow() % PackedMatrix.TILE == 0;
    if (scale.blockColumns() % PackedMatrix.STRETCH != 0
        || scale.blockRows() % PackedMatrix.TILE != 0
        || !(aligned || within)
        || !rows) {
      throw new TenonException(
          ErrorCode.UNSUPPORTED,
          "%s: scale blocks of %d×%d from row %d, column %d; this backend needs blocks of a multiple of 16 rows and of 128 columns, and shares that begin at a block or lie within one (take another number of ranks, or --enable-expert-parallel)"
              .formatted(
                  source.name(),
                  scale.blockRows(),
                  scale.blockColumns(),
                  scale.firstRow(),
                  scale.firstColumn()));
    }
  }

  /** Scales, row by row. */
  static float[] values(BlockScale scale) {
    boolean wide = scale.type() == ElementType.F32;
    int bytes = scale.type().bytes();
    float[] values = new float[(int) (scale.data().byteSize() / bytes)];
    for (int i = 0; i < values.length; i++) {
      long at = (long) i * bytes;
      values[i] =
          wide
              ? scale.data().get(FLOAT, at)
              : Float.intBitsToFloat(scale.data().get(SHORT, at) << 16);
    }
    return values;
  }

  static void requireWholeTiles(HostMatrix matrix) {
    if (matrix.rows() % PackedMatrix.TILE != 0) {
      throw new TenonException(
          ErrorCode.UNSUPPORTED,
          matrix.name()
              + " has "
              + matrix.rows()
              + " rows on this rank; this backend needs a multiple of "
              + PackedMatrix.TILE);
    }
  }
}
