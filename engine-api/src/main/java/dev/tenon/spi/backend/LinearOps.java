package dev.tenon.spi.backend;

/** Embedding, projections and logits. */
public interface LinearOps {
  /** Starts a residual stream with the rows' embeddings {@code [rows, hidden]}. */
  Residual embed(Rows rows, Packed.Embedding embedding);

  /**
   * Starts a residual stream for a drafting pass: {@code projection · concat(embeddingNorm(e),
   * hiddenNorm(h))} where e are the embeddings of the rows' ids and h the given hidden rows.
   *
   * @param hidden {@code [rows, hidden]}
   * @param projection {@code [hidden, 2 · hidden]}
   */
  Residual joinEmbedding(
      Rows rows,
      Packed.Embedding embedding,
      Activations hidden,
      Packed.Norm embeddingNorm,
      Packed.Norm hiddenNorm,
      Packed.Projection projection);

  /**
   * Picks the rows whose logits are needed: of target rows those that the batch asks for; of
   * drafting pass 0 the row of each sequence's last emitted token; of later passes all.
   */
  Activations select(Rows rows, Activations activations);

  /**
   * Logits of selected rows, gathered from all ranks. Ids without a token in a padded vocabulary
   * are the model's to mask through {@code vocabularySize}.
   */
  Logits logits(Rows rows, Packed.Head head, Activations selected);
}
