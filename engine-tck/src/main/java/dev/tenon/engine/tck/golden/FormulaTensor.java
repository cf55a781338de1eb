package dev.tenon.engine.tck.golden;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.List;
import java.util.stream.Stream;

/**
 * A stored tensor of a formula checkpoint.
 *
 * @param name in the checkpoint
 * @param type {@code BF16} or {@code F8_E4M3}
 * @param shape extents, outermost first
 * @param role what decides its values
 * @param lastExtent last extent of the tensor that it belongs to
 */
record FormulaTensor(String name, String type, List<Long> shape, Role role, long lastExtent) {
  private static final String SCALE = "_scale_inv";
  private static final int BLOCK = 128;
  private static final List<String> QUANTISED =
      List.of(
          "q_proj.weight",
          "k_proj.weight",
          "v_proj.weight",
          "o_proj.weight",
          "in_proj_qkvz.weight",
          "out_proj.weight",
          "gate_proj.weight",
          "up_proj.weight",
          "down_proj.weight");

  enum Role {
    PLAIN,
    FP8,
    SCALE
  }

  FormulaTensor {
    shape = List.copyOf(shape);
  }

  /** What is stored for a weight: itself, and its scales where it is FP8. */
  static Stream<FormulaTensor> of(String name, List<Long> shape, FormulaCheckpoint.Weights kind) {
    long last = shape.getLast();
    if (kind == FormulaCheckpoint.Weights.BF16 || QUANTISED.stream().noneMatch(name::endsWith)) {
      return Stream.of(new FormulaTensor(name, "BF16", shape, Role.PLAIN, last));
    }
    List<Long> blocks = shape.stream().map(extent -> Math.ceilDiv(extent, BLOCK)).toList();
    return Stream.of(
        new FormulaTensor(name, "F8_E4M3", shape, Role.FP8, last),
        new FormulaTensor(name + SCALE, "BF16", blocks, Role.SCALE, last));
  }

  int elements() {
    return Math.toIntExact(shape.stream().reduce(1L, Math::multiplyExact));
  }

  long bytes() {
    return (long) elements() * (role == Role.FP8 ? 1 : 2);
  }

  /** The tensor's bytes as they stand in a file. */
  ByteBuffer encoded() {
    ByteBuffer buffer =
        ByteBuffer.allocate(Math.toIntExact(bytes())).order(ByteOrder.LITTLE_ENDIAN);
    long seed = FormulaValues.seed(name);
    int elements = elements();
    if (role == Role.FP8) {
      byte[] table = FormulaValues.e4m3Table();
      for (int i = 0; i < elements; i++) {
        buffer.put(table[FormulaValues.seven(seed, i)]);
      }
    } else {
      short[] table = bf16(values());
      for (int i = 0; i < elements; i++) {
        buffer.putShort(table[FormulaValues.seven(seed, i)]);
      }
    }
    return buffer.flip();
  }

  private float[] values() {
    return role == Role.SCALE
        ? FormulaValues.scaleTable(lastExtent)
        : FormulaValues.table(name, lastExtent);
  }

  private static short[] bf16(float[] values) {
    short[] table = new short[values.length];
    for (int i = 0; i < table.length; i++) {
      table[i] = (short) (Float.floatToRawIntBits(values[i]) >>> 16);
    }
    return table;
  }
}
