package dev.tenon.backend.cpu;

import dev.tenon.spi.backend.RotaryTable;

/** Rotary position embedding of one row's heads. */
final class Rotary {
  private Rotary() {}

  /** Cosines, then sines, of a position: {@code 2 · frequencies.length} values. */
  static void angles(RotaryTable table, int position, float[] out) {
    int half = table.frequencies().length;
    for (int i = 0; i < half; i++) {
      float angle = position * table.frequencies()[i];
      out[i] = (float) Math.cos(angle) * table.magnitude();
      out[half + i] = (float) Math.sin(angle) * table.magnitude();
    }
  }

  /** Rotates the first elements of a head in place. */
  static void rotate(float[] angles, int half, float[] head, int offset) {
    for (int i = 0; i < half; i++) {
      float a = head[offset + i];
      float b = head[offset + half + i];
      head[offset + i] = a * angles[i] - b * angles[half + i];
      head[offset + half + i] = b * angles[i] + a * angles[half + i];
    }
  }
}
