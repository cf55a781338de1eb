package dev.tenon.text.huggingface.jinja;

import java.util.AbstractList;
import java.util.List;

/**
 * Python's {@code range}.
 *
 * @param start first element
 * @param stop the end, exclusive
 * @param step difference between elements, not 0
 */
record Range(long start, long stop, long step) {

  int size() {
    long distance = step > 0 ? stop - start : start - stop;
    long stride = Math.abs(step);
    return distance <= 0 ? 0 : Math.toIntExact((distance - 1) / stride + 1);
  }

  List<Object> items() {
    int size = size();
    return new AbstractList<>() {
      @Override
      public Object get(int index) {
        return start + index * step;
      }

      @Override
      public int size() {
        return size;
      }
    };
  }

  String text() {
    String bounds = "range(" + start + ", " + stop;
    return step == 1 ? bounds + ")" : bounds + ", " + step + ")";
  }
}
