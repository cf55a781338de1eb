package dev.tenon.spi.backend;

import dev.tenon.api.TokenLogprobs;
import java.util.Map;

/**
 * What a step brought, by sequence of its batch.
 *
 * @param id the batch's
 * @param width entries per sequence in {@code tokens}: 1 + draftTokens
 * @param counts tokens emitted; 0 for unfinished prompts and ended slots
 * @param tokens {@code [sequences · width]}, of which {@code counts[b]} are valid
 * @param ends {@link #RUNNING}, {@link #ENDED_BY_TOKEN} or {@link #ENDED_BY_LENGTH}
 * @param drafts {@code [sequences · draftTokens]} drafted for the next step
 * @param logprobs per emitted token that asked for it, key {@code b · width + i}
 * @param promptLogprobs per prompt row that asked for it, key row index; the entry describes the
 *     token after that row
 * @param logits whole logit rows asked for, by sequence
 */
@SuppressWarnings("ArrayRecordComponent") // handed over once, never compared
public record StepOutput(
    long id,
    int width,
    int[] counts,
    int[] tokens,
    byte[] ends,
    int[] drafts,
    Map<Integer, TokenLogprobs> logprobs,
    Map<Integer, TokenLogprobs> promptLogprobs,
    Map<Integer, float[]> logits) {

  /** The sequence goes on. */
  public static final byte RUNNING = 0;

  /** The last emitted token is one of its end ids. */
  public static final byte ENDED_BY_TOKEN = 1;

  /** It reached its token limit. */
  public static final byte ENDED_BY_LENGTH = 2;
}
