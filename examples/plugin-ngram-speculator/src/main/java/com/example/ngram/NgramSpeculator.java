package com.example.ngram;

import dev.tenon.spi.speculation.Speculator;
import java.util.Arrays;

/**
 * Looks for the longest run of last tokens, {@value #LEAST} to {@value #MOST} of them, that stood
 * in the sequence before, and drafts what followed it there; of equally long ones the latest. Pays
 * where texts repeat themselves: summaries, edits, code.
 */
final class NgramSpeculator implements Speculator.OnHost {
  private static final int LEAST = 2;
  private static final int MOST = 5;

  @Override
  public int[] propose(int[] tokens, int length, int most) {
    int longest = LEAST - 1;
    int follows = length;
    // tokens[end] is the candidate for the token that followed
    for (int end = length - 1; end >= LEAST && longest < MOST; end--) {
      int matched = matched(tokens, end, length);
      if (matched > longest) {
        longest = matched;
        follows = end;
      }
    }
    return Arrays.copyOfRange(tokens, follows, Math.min(length, follows + most));
  }

  private static int matched(int[] tokens, int end, int length) {
    int matched = 0;
    while (matched < MOST
        && matched < end
        && tokens[end - 1 - matched] == tokens[length - 1 - matched]) {
      matched++;
    }
    return matched;
  }
}
