package dev.tenon.engine.runtime;

import dev.tenon.api.EngineConfig;
import dev.tenon.api.EngineConfig.ChunkedPrefill;
import dev.tenon.api.ErrorCode;
import dev.tenon.api.SpeculationConfig;
import dev.tenon.api.TenonException;
import dev.tenon.spi.backend.BackendCapabilities;
import dev.tenon.spi.backend.StepShape;

/** Derives the bounds of a step from the configuration and what a backend prefers. */
public final class StepLimits {
  /** Logit rows kept beside those of decodes, for prompt log-probabilities. */
  private static final int PROMPT_LOGIT_ROWS = 16;

  private StepLimits() {}

  /** Drafts per sequence and step, 0 without speculation. */
  public static int draftTokens(EngineConfig config) {
    SpeculationConfig speculation = config.speculation();
    return speculation == null ? 0 : speculation.draftTokens();
  }

  /** Sequences that run at once; also the number of slots to allocate. */
  public static int sequences(EngineConfig config, BackendCapabilities capabilities) {
    Integer chosen = config.maxNumSeqs();
    return chosen == null ? capabilities.preferredSequences() : positive("max_num_seqs", chosen);
  }

  /**
   * The bounds of a step.
   *
   * @param maxLength longest sequence, tokens
   * @throws TenonException {@code INVALID_CONFIGURATION}
   */
  public static StepShape of(EngineConfig config, BackendCapabilities capabilities, int maxLength) {
    int drafts = draftTokens(config);
    int sequences = sequences(config, capabilities);
    int decodeRows = Math.multiplyExact(sequences, 1 + drafts);
    Integer chosen = config.maxNumBatchedTokens();
    int rows;
    if (chosen == null) {
      rows = Math.max(capabilities.preferredRows(), decodeRows);
    } else {
      rows = positive("max_num_batched_tokens", chosen);
      if (rows < sequences) {
        throw TenonException.of(
            ErrorCode.INVALID_CONFIGURATION,
            "max_num_batched_tokens",
            ("max_num_batched_tokens is %d, less than max_num_seqs %d; every running sequence needs"
                    + " a row of each step: raise the first or lower the second")
                .formatted(rows, sequences));
      }
    }
    if (config.chunkedPrefill() == ChunkedPrefill.DISABLED) {
      rows = Math.max(rows, maxLength);
    }
    int logitRows = Math.min(rows, decodeRows + PROMPT_LOGIT_ROWS);
    return new StepShape(rows, sequences, Math.max(1, logitRows), drafts);
  }

  private static int positive(String name, int value) {
    if (value < 1) {
      throw TenonException.of(
          ErrorCode.INVALID_CONFIGURATION, name, name + " is " + value + "; give at least 1");
    }
    return value;
  }
}
