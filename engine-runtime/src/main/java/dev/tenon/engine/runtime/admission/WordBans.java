package dev.tenon.engine.runtime.admission;

import dev.tenon.api.TenonException;
import dev.tenon.spi.text.Tokenizer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Id sequences of words that must not come up, at the start of a text and after a space. */
final class WordBans {
  private static final int MOST = 1024;
  private static final int LONGEST = 1024;

  private final @Nullable Tokenizer tokenizer;
  private final int vocabularySize;

  WordBans(@Nullable Tokenizer tokenizer, int vocabularySize) {
    this.tokenizer = tokenizer;
    this.vocabularySize = vocabularySize;
  }

  int[][] of(List<String> words) {
    if (words.isEmpty()) {
      return new int[0][];
    }
    if (tokenizer == null) {
      throw TenonException.invalid(
          "bad_words", "the checkpoint has no tokenizer; bad_words cannot be encoded");
    }
    if (words.size() > MOST) {
      throw TenonException.invalid(
          "bad_words",
          "bad_words must have at most %d words, got %d".formatted(MOST, words.size()));
    }
    List<int[]> bans = new ArrayList<>();
    for (String word : words) {
      if (word.isBlank() || word.length() > LONGEST) {
        throw TenonException.invalid(
            "bad_words",
            "each of bad_words must have 1 to %d characters that are not all blank"
                .formatted(LONGEST));
      }
      Checks.wellFormed("bad_words", word);
      String bare = word.stripLeading();
      int[] atStart = tokenizer.encode(bare);
      int[] afterSpace = tokenizer.encode(" " + bare);
      add(bans, atStart);
      if (!Arrays.equals(atStart, afterSpace)) {
        add(bans, afterSpace);
      }
    }
    return bans.toArray(int[][]::new);
  }

  private void add(List<int[]> bans, int[] ids) {
    for (int id : ids) {
      Checks.id("bad_words", id, vocabularySize);
    }
    if (ids.length > 0) {
      bans.add(ids);
    }
  }
}
