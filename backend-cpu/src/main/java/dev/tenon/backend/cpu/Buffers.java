package dev.tenon.backend.cpu;

import java.util.ArrayList;
import java.util.List;

/**
 * Work space of a step: arrays that are handed out during the step and all taken back at its end.
 * The content of an array is undefined.
 */
final class Buffers {
  private final List<float[]> free = new ArrayList<>();
  private final List<float[]> taken = new ArrayList<>();

  /** An array of at least {@code length} elements, valid until the step's end. */
  float[] take(int length) {
    int best = -1;
    for (int i = 0; i < free.size(); i++) {
      int size = free.get(i).length;
      if (size >= length && (best < 0 || size < free.get(best).length)) {
        best = i;
      }
    }
    float[] array =
        best >= 0 && free.get(best).length <= 4L * Math.max(length, 1024)
            ? free.remove(best)
            : new float[length];
    taken.add(array);
    return array;
  }

  /** Gives one array back before the step's end. */
  void release(float[] array) {
    for (int i = taken.size() - 1; i >= 0; i--) {
      if (taken.get(i) == array) {
        taken.remove(i);
        free.add(array);
        return;
      }
    }
  }

  /** Takes everything back; keeps at most what one step used. */
  void reset() {
    free.addAll(taken);
    taken.clear();
    while (free.size() > 64) {
      free.removeFirst();
    }
  }
}
