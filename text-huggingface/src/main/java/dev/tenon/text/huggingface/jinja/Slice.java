package dev.tenon.text.huggingface.jinja;

import java.util.ArrayList;
import java.util.List;

/** {@code owner[start:stop:step]}. */
final class Slice {
  private Slice() {}

  static Object of(Object owner, Object start, Object stop, Object step, Budget budget) {
    if (owner instanceof Undefined missing) {
      throw missing.failure();
    }
    int stride = step instanceof None ? 1 : Numbers.index(step);
    if (stride == 0) {
      throw JinjaException.value("slice step cannot be zero");
    }
    if (!Access.isSequence(owner)) {
      return Undefined.because("'" + Types.describe(owner) + "' cannot be sliced");
    }
    int length = Types.length(owner);
    int from = bound(start, length, stride, stride > 0 ? 0 : length - 1);
    int to = bound(stop, length, stride, stride > 0 ? length : -1);
    if (owner instanceof String text) {
      return ofText(text, from, to, stride, budget);
    }
    List<Object> items = pick(Iteration.items(owner, budget), from, to, stride, budget);
    return owner instanceof Tuple ? new Tuple(items) : items;
  }

  private static int bound(Object given, int length, int stride, int otherwise) {
    if (given instanceof None) {
      return otherwise;
    }
    int index = Numbers.index(given);
    int place = index < 0 ? index + length : index;
    return stride > 0 ? Math.clamp(place, 0, length) : Math.clamp(place, -1, length - 1);
  }

  private static String ofText(String text, int from, int to, int stride, Budget budget) {
    if (stride != 1) {
      List<Object> characters = Iteration.items(text, budget);
      TextBuilder out = new TextBuilder(budget);
      for (Object character : pick(characters, from, to, stride, budget)) {
        out.append((String) character);
      }
      return out.toString();
    }
    if (from >= to) {
      return "";
    }
    int begin = text.offsetByCodePoints(0, from);
    String result = text.substring(begin, text.offsetByCodePoints(begin, to - from));
    budget.text(result.length());
    return result;
  }

  private static List<Object> pick(
      List<Object> items, int from, int to, int stride, Budget budget) {
    List<Object> picked = new ArrayList<>();
    for (long i = from; stride > 0 ? i < to : i > to; i += stride) {
      budget.step();
      picked.add(items.get((int) i));
    }
    return picked;
  }
}
