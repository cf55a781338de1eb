package dev.tenon.text.huggingface;

import java.util.Arrays;
import java.util.BitSet;
import java.util.HashMap;
import java.util.Map;
import java.util.OptionalInt;

/** Tokens by id and by spelling. Immutable. */
final class Vocabulary {
  private final Map<String, Integer> ids;
  private final BitSet special;
  private final byte[] text;
  private final int[] ends;

  /**
   * Takes the tokens over.
   *
   * @param ids of all tokens, added ones included, by their spelling in the file
   * @param special ids of special tokens
   */
  Vocabulary(Map<String, Integer> ids, BitSet special) {
    this.ids = ids;
    this.special = special;
    int size = ids.values().stream().mapToInt(id -> id + 1).max().orElse(0);
    byte[][] bytes = new byte[size][];
    int length = 0;
    for (Map.Entry<String, Integer> token : ids.entrySet()) {
      byte[] own = ByteAlphabet.bytes(token.getKey());
      bytes[token.getValue()] = own;
      length += own.length;
    }
    text = new byte[length];
    ends = new int[size];
    int end = 0;
    for (int id = 0; id < size; id++) {
      byte[] own = bytes[id];
      if (own != null) {
        System.arraycopy(own, 0, text, end, own.length);
        end += own.length;
      }
      ends[id] = end;
    }
  }

  int size() {
    return ends.length;
  }

  OptionalInt id(String token) {
    Integer id = ids.get(token);
    return id == null ? OptionalInt.empty() : OptionalInt.of(id);
  }

  boolean isSpecial(int id) {
    return id >= 0 && special.get(id);
  }

  /** A copy of the bytes of an id; empty for ids that are not in the vocabulary. */
  byte[] bytes(int id) {
    return id < 0 || id >= ends.length
        ? new byte[0]
        : Arrays.copyOfRange(text, id == 0 ? 0 : ends[id - 1], ends[id]);
  }

  /** Feeds the bytes of an id to an assembler. */
  void feed(int id, Utf8Assembler assembler) {
    if (id >= 0 && id < ends.length) {
      for (int i = id == 0 ? 0 : ends[id - 1]; i < ends[id]; i++) {
        assembler.feed(text[i]);
      }
    }
  }

  /** Collects tokens while a file is read. */
  static final class Builder {
    private final Map<String, Integer> ids = new HashMap<>();
    private final BitSet special = new BitSet();

    void add(String token, int id) {
      ids.put(token, id);
    }

    void addSpecial(String token, int id) {
      ids.put(token, id);
      special.set(id);
    }

    Vocabulary build() {
      return new Vocabulary(ids, special);
    }
  }
}
