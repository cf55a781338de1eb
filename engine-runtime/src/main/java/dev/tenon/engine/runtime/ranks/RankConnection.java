package dev.tenon.engine.runtime.ranks;

import dev.tenon.api.ErrorCode;
import dev.tenon.api.TenonException;
import java.io.BufferedReader;
import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.function.BiConsumer;

/** One follower's process: messages to it, messages from it, and what it prints. */
final class RankConnection {
  private static final int LAST_WORDS = 5;

  /** Older lines have nothing to do with the end. */
  private static final Duration LAST_WORDS_AGE = Duration.ofSeconds(2);

  private static final Duration DYING = Duration.ofSeconds(2);

  private final int rank;
  private final Process process;
  private final MessageStream messages;
  private final Deque<Line> lastWords = new ArrayDeque<>();
  private final Thread printing;
  private volatile boolean ending;

  private record Line(long nanos, String text) {}

  private RankConnection(int rank, Process process) {
    this.rank = rank;
    this.process = process;
    this.messages = new MessageStream(process.getInputStream(), process.getOutputStream());
    this.printing = thread("prints", this::pump);
  }

  /**
   * Starts a process.
   *
   * @param arrived told of each message that comes from it, and of its end as a {@link
   *     Message.Failed}
   */
  static RankConnection start(
      int rank, List<String> command, BiConsumer<RankConnection, Message> arrived)
      throws IOException {
    RankConnection started = new RankConnection(rank, new ProcessBuilder(command).start());
    started.printing.start();
    started.thread("listens", () -> started.listen(arrived)).start();
    return started;
  }

  int rank() {
    return rank;
  }

  /**
   * Sends a message.
   *
   * @throws TenonException {@code DEVICE_FAULT} if the process is gone
   */
  void send(Message message) {
    try {
      messages.write(message);
    } catch (IOException e) {
      throw new TenonException(
          ErrorCode.DEVICE_FAULT, "rank " + rank + " takes no more messages: " + e, e);
    }
  }

  /** Asks it to end. */
  void end() {
    ending = true;
    try {
      messages.write(new Message.End());
    } catch (IOException e) {
      // it is gone already
      process.destroyForcibly();
    }
  }

  /** Ends the process at once. */
  void kill() {
    ending = true;
    process.destroyForcibly();
  }

  /** Waits for the process's end; answers whether it came. */
  boolean awaitEnd(Duration limit) throws InterruptedException {
    return process.waitFor(limit.toMillis(), TimeUnit.MILLISECONDS);
  }

  private void listen(BiConsumer<RankConnection, Message> arrived) {
    String why = "";
    try {
      Message message = messages.read();
      while (message != null) {
        arrived.accept(this, message);
        message = messages.read();
      }
    } catch (IOException | RuntimeException e) {
      why = " (" + e.getMessage() + ")";
    }
    if (!ending) {
      arrived.accept(this, new Message.Failed(ErrorCode.DEVICE_FAULT, null, lastReason() + why));
    }
  }

  private String lastReason() {
    long oldest = System.nanoTime() - LAST_WORDS_AGE.toNanos();
    try {
      if (!awaitEnd(DYING)) {
        return "its process talks no more";
      }
      printing.join(DYING);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
    int status = process.isAlive() ? -1 : process.exitValue();
    String reason =
        status > 128 && status < 160
            ? "its process was ended by signal " + (status - 128)
            : "its process ended with status " + status;
    synchronized (lastWords) {
      List<String> words =
          lastWords.stream().filter(l -> l.nanos() - oldest > 0).map(Line::text).toList();
      return words.isEmpty()
          ? reason
          : reason + "; its last words were:\n" + String.join("\n", words);
    }
  }

  /** Passes on what it prints, which is its log, and keeps the end of it. */
  private void pump() {
    OutputStream out = new FileOutputStream(FileDescriptor.err);
    try (BufferedReader lines =
        new BufferedReader(
            new InputStreamReader(process.getErrorStream(), StandardCharsets.UTF_8))) {
      for (String line = lines.readLine(); line != null; line = lines.readLine()) {
        synchronized (lastWords) {
          if (lastWords.size() == LAST_WORDS) {
            lastWords.removeFirst();
          }
          lastWords.addLast(new Line(System.nanoTime(), line));
        }
        out.write(("rank " + rank + ": " + line + "\n").getBytes(StandardCharsets.UTF_8));
      }
    } catch (IOException e) {
      // the process ended, or nobody reads what is printed here
      return;
    }
  }

  private Thread thread(String what, Runnable work) {
    return Thread.ofPlatform().daemon().name("tenon-rank-" + rank + "-" + what).unstarted(work);
  }
}
