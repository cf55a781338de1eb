package dev.tenon.engine.runtime.scheduler;

import dev.tenon.api.TokenLogprobs;
import dev.tenon.engine.runtime.stream.RequestChannel;
import dev.tenon.spi.backend.SlotSampling;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** A request that was accepted: its prompt, its choices, and where its results go. */
public final class ActiveRequest {
  /** Drafts to report for a request without diagnostics. */
  public static final int NO_DIAGNOSIS = -1;

  private final String id;
  private final int[] prompt;
  private final int priority;
  private final long arrival;
  private final long submittedNanos;
  private final int diagnosedDrafts;
  private final RequestChannel channel;
  private final List<Sequence> choices;
  private final @Nullable TokenLogprobs @Nullable [] promptLogprobs;
  private int choicesLeft;
  private boolean admitted;
  private boolean answered;

  /**
   * A request.
   *
   * @param prompt ids, not changed by anyone from now on
   * @param arrival counts requests
   * @param submittedNanos {@link System#nanoTime} of its submission
   * @param diagnosedDrafts drafts to report with the logits, or {@link #NO_DIAGNOSIS}
   * @param samplings one per choice
   */
  @SuppressWarnings("this-escape") // the sequences only keep the reference
  public ActiveRequest(
      String id,
      int[] prompt,
      int priority,
      long arrival,
      long submittedNanos,
      int diagnosedDrafts,
      List<SlotSampling> samplings,
      RequestChannel channel) {
    this.id = id;
    this.prompt = prompt;
    this.priority = priority;
    this.arrival = arrival;
    this.submittedNanos = submittedNanos;
    this.diagnosedDrafts = diagnosedDrafts;
    this.channel = channel;
    this.promptLogprobs =
        samplings.getFirst().promptLogprobs() < 0 ? null : new TokenLogprobs[prompt.length - 1];
    List<Sequence> sequences = new ArrayList<>();
    for (SlotSampling sampling : samplings) {
      sequences.add(new Sequence(this, sequences.size(), sampling));
    }
    this.choices = List.copyOf(sequences);
    this.choicesLeft = choices.size();
  }

  /** Names the request in messages. */
  public String id() {
    return id;
  }

  /** The prompt's ids; not to be changed. */
  public int[] prompt() {
    return prompt;
  }

  /** Lower is served earlier, where priorities count. */
  public int priority() {
    return priority;
  }

  /** Counts requests. */
  public long arrival() {
    return arrival;
  }

  /** When it was submitted. */
  public long submittedNanos() {
    return submittedNanos;
  }

  /** Drafts to report with the logits, or {@link #NO_DIAGNOSIS}. */
  public int diagnosedDrafts() {
    return diagnosedDrafts;
  }

  /** Where results go. */
  public RequestChannel channel() {
    return channel;
  }

  /** The choices, by index. */
  public List<Sequence> choices() {
    return choices;
  }

  /** Notes that a choice runs for the first time; answers whether it is the request's first. */
  public boolean markAdmitted() {
    boolean first = !admitted;
    admitted = true;
    return first;
  }

  /** Notes a token; answers whether it is the request's first. */
  public boolean markAnswered() {
    boolean first = !answered;
    answered = true;
    return first;
  }

  /** Notes that a choice ended; answers whether it was the last one. */
  public boolean markChoiceEnded() {
    choicesLeft--;
    if (choicesLeft < 0) {
      throw new IllegalStateException(id + " ended more choices than it has");
    }
    return choicesLeft == 0;
  }

  /** Keeps the log-probabilities of the prompt token at a position. */
  public void keepPromptLogprobs(int position, TokenLogprobs logprobs) {
    if (promptLogprobs != null && position >= 1 && position <= promptLogprobs.length) {
      promptLogprobs[position - 1] = logprobs;
    }
  }

  /**
   * Per prompt position but the first, or {@code null} if not asked for.
   *
   * @throws IllegalStateException if one is missing
   */
  public @Nullable List<TokenLogprobs> promptLogprobs() {
    if (promptLogprobs == null) {
      return null;
    }
    List<TokenLogprobs> all = new ArrayList<>(promptLogprobs.length);
    for (TokenLogprobs logprobs : promptLogprobs) {
      if (logprobs == null) {
        throw new IllegalStateException(
            id + " lacks prompt log-probabilities: " + Arrays.toString(promptLogprobs));
      }
      all.add(logprobs);
    }
    return all;
  }
}
