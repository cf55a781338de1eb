package dev.tenon.engine.runtime.stream;

import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Finds stop texts in a text that arrives in pieces. The one that is completed first counts, the
 * longest where several are; so the outcome does not depend on how the text is cut. What may yet
 * become a stop text is held back.
 */
final class StopSearch {
  private final List<String> stops;
  private final int longest;
  private final Inclusion inclusion;
  private final StringBuilder held = new StringBuilder();

  /** Whether a stop text that was found belongs to the output. */
  enum Inclusion {
    /** It does not. */
    EXCLUDED,
    /** It does. */
    INCLUDED
  }

  StopSearch(List<String> stops, Inclusion inclusion) {
    this.stops = stops;
    this.inclusion = inclusion;
    this.longest = stops.stream().mapToInt(String::length).max().orElse(0);
  }

  /**
   * Takes a piece.
   *
   * @param out receives the text that is certain by now
   * @return the stop text found, after which nothing more is to be fed
   */
  @Nullable String feed(String piece, StringBuilder out) {
    return feed(piece, out, stops);
  }

  /** As {@link #feed}, while no stop text counts yet. */
  void pass(String piece, StringBuilder out) {
    feed(piece, out, List.of());
  }

  /** Releases what was held back: the text is over. */
  void finish(StringBuilder out) {
    out.append(held);
    held.setLength(0);
  }

  private @Nullable String feed(String piece, StringBuilder out, List<String> counting) {
    if (stops.isEmpty()) {
      out.append(piece);
      return null;
    }
    int scanned = held.length();
    held.append(piece);
    if (!counting.isEmpty()) {
      for (int end = scanned + 1; end <= held.length(); end++) {
        String stop = endingAt(end);
        if (stop != null) {
          int cut = inclusion == Inclusion.INCLUDED ? end : end - stop.length();
          out.append(held, 0, cut);
          held.setLength(0);
          return stop;
        }
      }
    }
    int keep = held.length();
    for (int start = Math.max(0, held.length() - longest + 1); start < held.length(); start++) {
      if (mayBegin(start)) {
        keep = start;
        break;
      }
    }
    out.append(held, 0, keep);
    held.delete(0, keep);
    return null;
  }

  private @Nullable String endingAt(int end) {
    String found = null;
    for (String stop : stops) {
      int start = end - stop.length();
      if (start >= 0
          && (found == null || stop.length() > found.length())
          && matches(start, stop, stop.length())) {
        found = stop;
      }
    }
    return found;
  }

  private boolean mayBegin(int start) {
    int length = held.length() - start;
    for (String stop : stops) {
      if (stop.length() > length && matches(start, stop, length)) {
        return true;
      }
    }
    return false;
  }

  private boolean matches(int start, String stop, int length) {
    for (int i = length - 1; i >= 0; i--) {
      if (held.charAt(start + i) != stop.charAt(i)) {
        return false;
      }
    }
    return true;
  }
}
