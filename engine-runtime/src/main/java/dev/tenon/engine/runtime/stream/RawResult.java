package dev.tenon.engine.runtime.stream;

import dev.tenon.api.TenonException;
import dev.tenon.api.TokenLogprobs;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** What the engine's thread hands to a request's reader, text not made of it yet. */
public sealed interface RawResult {
  /** Choice 0's prompt was processed. */
  record PromptDone(@Nullable List<TokenLogprobs> logprobs) implements RawResult {}

  /** Internals that were asked for. */
  @SuppressWarnings("ArrayRecordComponent") // handed over once, never compared
  record Diagnosed(float[] logits, int[] drafts) implements RawResult {}

  /**
   * Tokens of a choice.
   *
   * @param end as in {@link dev.tenon.spi.backend.StepOutput#ends}
   */
  @SuppressWarnings("ArrayRecordComponent") // handed over once, never compared
  record Produced(int choice, int[] tokens, @Nullable List<TokenLogprobs> logprobs, byte end)
      implements RawResult {}

  /** The engine ended before the request did. */
  record Failed(TenonException reason) implements RawResult {}
}
