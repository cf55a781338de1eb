package dev.tenon.engine.runtime.ranks;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;

/**
 * Values as {@link ByteWriter} wrote them.
 *
 * @param buffer of them, from its position on
 */
record ByteReader(ByteBuffer buffer) {
  byte octet() {
    return buffer.get();
  }

  int integer() {
    return buffer.getInt();
  }

  long wide() {
    return buffer.getLong();
  }

  float real() {
    return buffer.getFloat();
  }

  String text() {
    return new String(bytes(), StandardCharsets.UTF_8);
  }

  byte[] bytes() {
    byte[] values = new byte[length(1)];
    buffer.get(values);
    return values;
  }

  int[] integers() {
    int[] values = new int[length(Integer.BYTES)];
    buffer.asIntBuffer().get(values);
    buffer.position(buffer.position() + values.length * Integer.BYTES);
    return values;
  }

  float[] reals() {
    float[] values = new float[length(Float.BYTES)];
    buffer.asFloatBuffer().get(values);
    buffer.position(buffer.position() + values.length * Float.BYTES);
    return values;
  }

  private int length(int each) {
    int length = buffer.getInt();
    if (length < 0 || (long) length * each > buffer.remaining()) {
      throw new IllegalArgumentException("a message ends within an array of " + length);
    }
    return length;
  }
}
