package dev.tenon.backend.cuda.core;

/**
 * A matrix {@code [outputs, inputs]} in the tensor cores' order; its form is described at {@code
 * tenon_pack_matrix}.
 *
 * @param type BF16 or E4M3
 * @param outputs rows
 * @param inputs columns
 * @param data device address
 * @param scales device address of f32 scales, 0 for BF16
 */
record PackedMatrix(DeviceType type, int outputs, int inputs, long data, long scales) {
  /** Outputs that share a tile. */
  static final int TILE = 16;

  /** Inputs that share a scale. */
  static final int STRETCH = 128;

  /** Bytes of the data of such a matrix. */
  static long dataBytes(DeviceType type, int outputs, int inputs) {
    return (long) tiles(outputs) * TILE * stretches(inputs) * STRETCH * type.bytes;
  }

  /** Bytes of its scales. */
  static long scaleBytes(DeviceType type, int outputs, int inputs) {
    return type == DeviceType.E4M3 ? (long) tiles(outputs) * stretches(inputs) * Float.BYTES : 0;
  }

  static int tiles(int outputs) {
    return Math.ceilDiv(outputs, TILE);
  }

  static int stretches(int inputs) {
    return Math.ceilDiv(inputs, STRETCH);
  }
}
