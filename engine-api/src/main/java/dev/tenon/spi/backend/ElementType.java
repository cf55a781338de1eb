package dev.tenon.spi.backend;

/** Element types of checkpoint tensors. */
public enum ElementType {
  /** IEEE single precision. */
  F32(4),
  /** bfloat16. */
  BF16(2),
  /** IEEE half precision. */
  F16(2),
  /** 8-bit float, 4 exponent and 3 mantissa bits, no infinity, greatest 448 (e4m3fn). */
  F8_E4M3(1);

  private final int bytes;

  ElementType(int bytes) {
    this.bytes = bytes;
  }

  /** Bytes of one element. */
  public int bytes() {
    return bytes;
  }
}
