package dev.tenon.engine.runtime.stream;

import dev.tenon.api.GenerationEvent;
import dev.tenon.api.GenerationStream;
import dev.tenon.api.TenonException;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import org.jspecify.annotations.Nullable;

/** A request's events, made from raw results on the thread that reads them. */
public final class RequestStream implements GenerationStream {
  private static final long FOREVER = Duration.ofDays(365).toNanos();

  private final String requestId;
  private final int[] prompt;
  private final RequestChannel channel;
  private final Cancellation cancellation;
  private final List<ChoiceReader> choices = new ArrayList<>();
  private final Queue<GenerationEvent> ready = new ArrayDeque<>();
  private final List<RawResult> early = new ArrayList<>();
  private boolean promptDone;
  private int choicesLeft;
  private @Nullable TenonException failure;

  /**
   * A stream.
   *
   * @param prompt ids, to report with the first event
   * @param count number of choices
   */
  public RequestStream(
      String requestId,
      int[] prompt,
      int count,
      OutputStyle style,
      RequestChannel channel,
      Cancellation cancellation) {
    this.requestId = requestId;
    this.prompt = prompt;
    this.channel = channel;
    this.cancellation = cancellation;
    for (int choice = 0; choice < count; choice++) {
      choices.add(new ChoiceReader(choice, style));
    }
    this.choicesLeft = count;
  }

  @Override
  public String requestId() {
    return requestId;
  }

  @Override
  public @Nullable GenerationEvent next() throws InterruptedException {
    boolean available = fill(System.nanoTime() + FOREVER);
    while (!available) {
      available = fill(System.nanoTime() + FOREVER);
    }
    if (channel.isClosed()) {
      return null;
    }
    GenerationEvent event = ready.poll();
    if (event == null && failure != null) {
      throw new TenonException(failure.code(), String.valueOf(failure.getMessage()), failure);
    }
    return event;
  }

  @Override
  public boolean await(Duration limit) throws InterruptedException {
    long nanos = limit.compareTo(Duration.ofDays(365)) > 0 ? FOREVER : limit.toNanos();
    return fill(System.nanoTime() + nanos);
  }

  @Override
  public void close() {
    if (!channel.isClosed()) {
      channel.close();
      cancellation.cancel();
    }
  }

  /** Works until there is an event, an end or a failure; answers whether there is. */
  private boolean fill(long deadline) throws InterruptedException {
    while (ready.isEmpty() && choicesLeft > 0 && failure == null && !channel.isClosed()) {
      RawResult result = channel.poll(deadline);
      if (result == null) {
        if (channel.isClosed()) {
          return true;
        }
        return false;
      }
      take(result);
    }
    return true;
  }

  private void take(RawResult result) {
    switch (result) {
      case RawResult.PromptDone done -> {
        promptDone = true;
        ready.add(
            new GenerationEvent.PromptProcessed(prompt.length, 0, prompt.clone(), done.logprobs()));
        early.forEach(this::take);
        early.clear();
      }
      case RawResult.Failed failed -> failure = failed.reason();
      case RawResult.Diagnosed diagnosed ->
          ready.add(new GenerationEvent.Diagnosis(diagnosed.logits(), diagnosed.drafts()));
      case RawResult.Produced produced -> {
        if (promptDone) {
          read(produced);
        } else {
          early.add(produced);
        }
      }
    }
  }

  private void read(RawResult.Produced produced) {
    ChoiceReader reader = choices.get(produced.choice());
    boolean before = reader.isFinished();
    if (reader.accept(produced, ready::add)) {
      cancellation.choiceComplete(produced.choice());
    }
    if (!before && reader.isFinished()) {
      choicesLeft--;
    }
  }
}
