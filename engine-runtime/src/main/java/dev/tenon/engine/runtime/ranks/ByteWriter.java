package dev.tenon.engine.runtime.ranks;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;

/** Values one after another, in a buffer that grows. */
final class ByteWriter {
  private ByteBuffer buffer = ByteBuffer.allocate(1 << 12);

  void clear() {
    buffer.clear();
  }

  /** What was written since it was cleared, from the beginning of its array. */
  ByteBuffer written() {
    return buffer.duplicate().flip();
  }

  void octet(int value) {
    room(1).put((byte) value);
  }

  void integer(int value) {
    room(Integer.BYTES).putInt(value);
  }

  void wide(long value) {
    room(Long.BYTES).putLong(value);
  }

  void real(float value) {
    room(Float.BYTES).putFloat(value);
  }

  void text(String value) {
    bytes(value.getBytes(StandardCharsets.UTF_8));
  }

  void bytes(byte[] values) {
    integer(values.length);
    room(values.length).put(values);
  }

  void integers(int... values) {
    integer(values.length);
    long size = (long) values.length * Integer.BYTES;
    ByteBuffer to = room(size);
    to.asIntBuffer().put(values);
    to.position(to.position() + (int) size);
  }

  void reals(float... values) {
    integer(values.length);
    long size = (long) values.length * Float.BYTES;
    ByteBuffer to = room(size);
    to.asFloatBuffer().put(values);
    to.position(to.position() + (int) size);
  }

  private ByteBuffer room(long bytes) {
    if (buffer.remaining() < bytes) {
      int size = Math.toIntExact(Math.max(2L * buffer.capacity(), buffer.position() + bytes));
      buffer = ByteBuffer.allocate(size).put(buffer.flip());
    }
    return buffer;
  }
}
