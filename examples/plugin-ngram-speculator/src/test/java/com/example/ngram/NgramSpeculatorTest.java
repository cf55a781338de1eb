package com.example.ngram;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class NgramSpeculatorTest {
  private static int[] propose(int most, int... tokens) {
    return new NgramSpeculator().propose(tokens, tokens.length, most);
  }

  @Test
  void draftsWhatFollowedTheSameTokensBefore() {
    assertThat(propose(2, 7, 1, 2, 3, 4, 9, 1, 2)).containsExactly(3, 4);
  }

  @Test
  void prefersTheLongestMatch() {
    assertThat(propose(1, 5, 1, 2, 3, 8, 1, 2, 4, 5, 1, 2)).containsExactly(3);
  }

  @Test
  void prefersTheLatestOfEqualMatches() {
    assertThat(propose(1, 1, 2, 3, 1, 2, 4, 1, 2)).containsExactly(4);
  }

  @Test
  void draftsNothingWithoutAMatch() {
    assertThat(propose(4, 1, 2, 3, 4)).isEmpty();
    assertThat(propose(4, 1, 1)).isEmpty();
    assertThat(propose(4)).isEmpty();
  }

  @Test
  void draftsNoMoreThanIsKnown() {
    assertThat(propose(4, 1, 2, 1, 2)).containsExactly(1, 2);
  }

  @Test
  void looksOnlyAtValidTokens() {
    int[] tokens = {1, 2, 3, 1, 2, 99, 99};
    assertThat(new NgramSpeculator().propose(tokens, 5, 1)).containsExactly(3);
  }
}
