package dev.tenon.engine.runtime.weights;

import dev.tenon.api.ErrorCode;
import dev.tenon.api.TenonException;
import dev.tenon.spi.model.RankLayout;
import dev.tenon.spi.model.ShardSpec;
import java.util.ArrayList;
import java.util.List;

/**
 * The rows and columns of a matrix that one rank has.
 *
 * @param rows spans of rows, in order
 * @param columns the columns
 */
record Share(List<Span> rows, Span columns) {
  Share {
    rows = List.copyOf(rows);
  }

  /** A rank's share of the matrix {@code [rows, columns]}. */
  static Share of(ShardSpec shard, String tensor, int rows, int columns, RankLayout layout) {
    Span allRows = new Span(0, rows);
    Span allColumns = new Span(0, columns);
    int rank = layout.rank();
    int size = layout.size();
    return switch (shard) {
      case ShardSpec.Replicated() -> new Share(List.of(allRows), allColumns);
      case ShardSpec.Rows() ->
          new Share(List.of(part(allRows, rank, size, tensor, "rows")), allColumns);
      case ShardSpec.Columns() ->
          new Share(List.of(allRows), part(allColumns, rank, size, tensor, "columns"));
      case ShardSpec.RowSections(List<Integer> sizes) ->
          new Share(sections(sizes, rows, rank, size, tensor), allColumns);
      case ShardSpec.Heads(int heads, int headRows) ->
          new Share(List.of(heads(heads, headRows, rows, rank, size, tensor)), allColumns);
      case ShardSpec.Vocabulary() -> new Share(List.of(ids(rows, rank, size)), allColumns);
      case ShardSpec.OfExpert(int expert, ShardSpec within) ->
          ofExpert(within, tensor, rows, columns, layout);
      case ShardSpec.AllExperts(ShardSpec within) ->
          ofExpert(within, tensor, rows, columns, layout);
    };
  }

  /** Number of rows. */
  int rowCount() {
    return rows.stream().mapToInt(Span::count).sum();
  }

  private static Share ofExpert(
      ShardSpec within, String tensor, int rows, int columns, RankLayout layout) {
    return switch (layout.experts()) {
      case SLICED -> of(within, tensor, rows, columns, layout);
      case WHOLE -> new Share(List.of(new Span(0, rows)), new Span(0, columns));
    };
  }

  private static List<Span> sections(
      List<Integer> sizes, int rows, int rank, int size, String tensor) {
    List<Span> spans = new ArrayList<>();
    int at = 0;
    for (int section : sizes) {
      spans.add(part(new Span(at, section), rank, size, tensor, "rows of a section"));
      at += section;
    }
    if (at != rows) {
      throw new IllegalArgumentException(
          tensor + ": sections " + sizes + " have " + at + " rows, the tensor has " + rows);
    }
    return size == 1 ? List.of(new Span(0, rows)) : spans;
  }

  private static Span heads(int heads, int headRows, int rows, int rank, int size, String tensor) {
    if ((long) heads * headRows != rows) {
      throw new IllegalArgumentException(
          tensor + ": " + heads + " heads of " + headRows + " rows are not its " + rows + " rows");
    }
    if (size <= heads) {
      Span share = part(new Span(0, heads), rank, size, tensor, "heads");
      return new Span(share.first() * headRows, share.count() * headRows);
    }
    if (size % heads != 0) {
      throw indivisible(tensor, heads + " heads", size);
    }
    return new Span(rank / (size / heads) * headRows, headRows);
  }

  private static Span ids(int rows, int rank, int size) {
    int share = Math.ceilDiv(rows, size);
    int first = Math.min(rows, share * rank);
    return new Span(first, Math.min(share, rows - first));
  }

  private static Span part(Span span, int rank, int size, String tensor, String what) {
    if (span.count() % size != 0) {
      throw indivisible(tensor, span.count() + " " + what, size);
    }
    return new Span(span.first() + span.count() / size * rank, span.count() / size);
  }

  private static TenonException indivisible(String tensor, String what, int size) {
    return TenonException.of(
        ErrorCode.INVALID_CONFIGURATION,
        "tensor_parallel_size",
        tensor + ": " + what + " do not divide among " + size + " ranks");
  }
}
