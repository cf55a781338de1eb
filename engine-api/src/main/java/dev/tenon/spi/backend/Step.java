package dev.tenon.spi.backend;

/** The step that operations are issued for. What its rows hold is known on the device only. */
public interface Step {
  /** The pools. */
  StateView states();

  /** The rows that the model processes: prompt chunks, last tokens and drafts to verify. */
  Rows targetRows();

  /**
   * Rows of a drafting pass, valid in the sample body after {@link SamplingOps#sample}.
   *
   * <p>Pass 0 has all target rows with ids shifted left by one: each row holds the token that
   * follows it; the row of the last token emitted so far holds the newly sampled one (or the next
   * prompt token, where a prompt is not complete: its drafts mean nothing). Pass i ≥ 1 has one row
   * per sequence: the draft of pass i − 1, one position further. Rows beyond the accepted ones and
   * rows beyond the longest length write nothing that later steps read.
   *
   * @param pass 0 … draftTokens − 1
   */
  Rows draftRows(int pass);

  /** Tokens that this step drafts per sequence. */
  int draftTokens();
}
