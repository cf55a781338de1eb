package dev.tenon.spi.model;

import java.util.List;

/** How the ranks of a group divide a tensor. */
public sealed interface ShardSpec {
  /** Every rank has all of it. */
  record Replicated() implements ShardSpec {}

  /** Equal, contiguous shares of the rows. */
  record Rows() implements ShardSpec {}

  /** Equal, contiguous shares of the columns; products are partial sums. */
  record Columns() implements ShardSpec {}

  /**
   * The rows are sections, and each section is divided equally.
   *
   * @param sizes rows of each section
   */
  record RowSections(List<Integer> sizes) implements ShardSpec {
    /** Copies the sizes. */
    public RowSections {
      sizes = List.copyOf(sizes);
    }
  }

  /**
   * The rows are heads; with more ranks than heads, neighbouring ranks share a head.
   *
   * @param heads number of heads
   * @param headRows rows of a head
   */
  record Heads(int heads, int headRows) implements ShardSpec {}

  /** Rows are ids: contiguous shares, the last one possibly smaller. */
  record Vocabulary() implements ShardSpec {}

  /**
   * Belongs to one routed expert: divided as {@code within}, or held whole by the expert's owner
   * where experts are divided among ranks.
   *
   * @param expert its index
   * @param within its division otherwise
   */
  record OfExpert(int expert, ShardSpec within) implements ShardSpec {}

  /**
   * All routed experts in one tensor, outermost extent = experts.
   *
   * @param within division of one expert's matrix
   */
  record AllExperts(ShardSpec within) implements ShardSpec {}
}
