package dev.tenon.engine.runtime.stream;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tenon.engine.runtime.stream.StopSearch.Inclusion;
import dev.tenon.engine.tck.Randoms;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

class StopSearchTest {
  /** What a search made of a text. */
  private record Found(String text, @Nullable String stop) {}

  private static Found search(List<String> stops, Inclusion inclusion, String... pieces) {
    StopSearch search = new StopSearch(stops, inclusion);
    StringBuilder out = new StringBuilder();
    for (String piece : pieces) {
      String stop = search.feed(piece, out);
      if (stop != null) {
        return new Found(out.toString(), stop);
      }
    }
    search.finish(out);
    return new Found(out.toString(), null);
  }

  @Test
  void leavesTextWithoutStopsAlone() {
    assertThat(search(List.of(), Inclusion.EXCLUDED, "ab", "c")).isEqualTo(new Found("abc", null));
    assertThat(search(List.of("x"), Inclusion.EXCLUDED, "ab", "c"))
        .isEqualTo(new Found("abc", null));
  }

  @Test
  void findsAStopAcrossPieces() {
    assertThat(search(List.of("END"), Inclusion.EXCLUDED, "aE", "N", "Db"))
        .isEqualTo(new Found("a", "END"));
    assertThat(search(List.of("END"), Inclusion.INCLUDED, "aE", "N", "Db"))
        .isEqualTo(new Found("aEND", "END"));
  }

  @Test
  void releasesWhatTurnedOutToBeNoStop() {
    assertThat(search(List.of("END"), Inclusion.EXCLUDED, "EN", "EN", "x"))
        .isEqualTo(new Found("ENENx", null));
    assertThat(search(List.of("END"), Inclusion.EXCLUDED, "aEN")).isEqualTo(new Found("aEN", null));
  }

  @Test
  void takesTheStopThatIsCompletedFirstAndTheLongestOfThose() {
    assertThat(search(List.of("bc", "abcd"), Inclusion.EXCLUDED, "xabcd"))
        .isEqualTo(new Found("xa", "bc"));
    assertThat(search(List.of("bc", "abc"), Inclusion.EXCLUDED, "xabcd"))
        .isEqualTo(new Found("x", "abc"));
  }

  @Test
  void holdsBackNothingThatCannotBecomeAStop() {
    StopSearch search = new StopSearch(List.of("abab"), Inclusion.EXCLUDED);
    StringBuilder out = new StringBuilder();
    assertThat(search.feed("xab", out)).isNull();
    assertThat(out).hasToString("x");
    assertThat(search.feed("ac", out)).isNull();
    assertThat(out).hasToString("xabac");
  }

  @Test
  void doesNotCountStopsThatArePassed() {
    StopSearch search = new StopSearch(List.of("ab"), Inclusion.EXCLUDED);
    StringBuilder out = new StringBuilder();
    search.pass("xaby", out);
    search.pass("a", out);
    assertThat(search.feed("bz", out)).isEqualTo("ab");
    assertThat(out).hasToString("xaby");
  }

  @Test
  void findsTheSameHoweverTheTextIsCut() {
    Random random = Randoms.create("StopSearchTest");
    for (int round = 0; round < 3000; round++) {
      String text = letters(random, random.nextInt(20));
      List<String> stops = new ArrayList<>();
      for (int i = random.nextInt(4); i >= 0; i--) {
        stops.add(letters(random, 1 + random.nextInt(4)));
      }
      Inclusion inclusion = random.nextBoolean() ? Inclusion.INCLUDED : Inclusion.EXCLUDED;
      List<String> pieces = new ArrayList<>();
      for (int at = 0; at < text.length(); ) {
        int end = Math.min(text.length(), at + random.nextInt(5));
        pieces.add(text.substring(at, end));
        at = end;
      }
      assertThat(search(stops, inclusion, pieces.toArray(String[]::new)))
          .as("%s in %s as %s", stops, text, pieces)
          .isEqualTo(naive(text, stops, inclusion));
    }
  }

  private static Found naive(String text, List<String> stops, Inclusion inclusion) {
    for (int end = 1; end <= text.length(); end++) {
      String best = null;
      for (String stop : stops) {
        if (text.substring(0, end).endsWith(stop)
            && (best == null || stop.length() > best.length())) {
          best = stop;
        }
      }
      if (best != null) {
        int cut = inclusion == Inclusion.INCLUDED ? end : end - best.length();
        return new Found(text.substring(0, cut), best);
      }
    }
    return new Found(text, null);
  }

  private static String letters(Random random, int length) {
    StringBuilder text = new StringBuilder();
    for (int i = 0; i < length; i++) {
      text.append((char) ('a' + random.nextInt(3)));
    }
    return text.toString();
  }
}
