package dev.tenon.backend.cuda.core.tuning;

import java.util.Comparator;
import java.util.List;
import java.util.Map;

/**
 * Tile parameters by number of rows.
 *
 * @param entries in the order of their file; none where there is no file
 */
public record TunedMoe(List<Entry> entries) {
  /** Nothing was tuned. */
  public static final TunedMoe NONE = new TunedMoe(List.of());

  /** Copies the list. */
  public TunedMoe {
    entries = List.copyOf(entries);
  }

  /**
   * What was best for a number of rows.
   *
   * @param rows their number
   * @param tile the parameters
   */
  public record Entry(int rows, MoeTile tile) {}

  /** The same as a map's entries. */
  public static TunedMoe of(Map<Integer, MoeTile> tiles) {
    return new TunedMoe(
        tiles.entrySet().stream().map(e -> new Entry(e.getKey(), e.getValue())).toList());
  }

  /**
   * All parameters, those measured nearest to so many rows first; the first in the file if equal.
   */
  public List<MoeTile> nearest(long rows) {
    return entries.stream()
        .sorted(Comparator.comparingLong(entry -> Math.abs(entry.rows() - rows)))
        .map(Entry::tile)
        .toList();
  }
}
