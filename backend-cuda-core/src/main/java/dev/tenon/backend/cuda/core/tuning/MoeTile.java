package dev.tenon.backend.cuda.core.tuning;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Tile parameters of the mixture's kernels; {@code smxx/moe/tuning.h} says what they mean. Which
 * combinations are possible is the kernels' to say.
 *
 * @param groups 8-token groups that a block multiplies at once
 * @param pairs warps side by side over the outputs of gate and up
 * @param depth stages of the ring in shared memory
 * @param downLoops spans of outputs that a block of the second product visits in turn
 * @param gateLoops the same for the first product
 * @param form of the second product, 0 … 3
 */
public record MoeTile(int groups, int pairs, int depth, int downLoops, int gateLoops, int form) {
  /** Their names in files, in the order of the word's bytes. */
  static final List<String> NAMES =
      List.of("groups", "pairs", "depth", "down_loops", "gate_loops", "form");

  /** Greatest value of any of them. */
  static final int MOST = 255;

  private static final long GIVEN = 1L << 62;

  /** From the word that the kernels take. */
  public static MoeTile of(long word) {
    return new MoeTile(
        part(word, 0), part(word, 1), part(word, 2), part(word, 3), part(word, 4), part(word, 5));
  }

  private static int part(long word, int index) {
    return (int) (word >> 8 * index & MOST);
  }

  /** The word that the kernels take. */
  public long word() {
    long word = GIVEN;
    int index = 0;
    for (int value : values().values()) {
      word |= (long) value << 8 * index++;
    }
    return word;
  }

  /** From values by name, all of them present. */
  static MoeTile of(Map<String, Integer> values) {
    List<Integer> inOrder = NAMES.stream().map(values::get).toList();
    return new MoeTile(
        inOrder.get(0),
        inOrder.get(1),
        inOrder.get(2),
        inOrder.get(3),
        inOrder.get(4),
        inOrder.get(5));
  }

  /** By name, in the order of {@link #NAMES}. */
  public Map<String, Integer> values() {
    Map<String, Integer> values = new LinkedHashMap<>();
    List<Integer> inOrder = List.of(groups, pairs, depth, downLoops, gateLoops, form);
    for (int i = 0; i < NAMES.size(); i++) {
      values.put(NAMES.get(i), inOrder.get(i));
    }
    return values;
  }

  /** For people. */
  @Override
  public String toString() {
    String text =
        switch (form) {
          case 0 -> "through memory";
          case 1 -> "owned outputs";
          case 2 -> "few rows";
          case 3 -> "warpgroups";
          default -> "form " + form;
        };
    return form > 1
        ? text
        : "%s, groups %d, pairs %d, depth %d, loops %d"
            .formatted(text, groups, pairs, depth, downLoops);
  }
}
