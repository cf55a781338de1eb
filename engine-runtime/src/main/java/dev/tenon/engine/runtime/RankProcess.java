package dev.tenon.engine.runtime;

import dev.tenon.api.EngineConfig;
import dev.tenon.engine.runtime.opening.FollowingRank;
import dev.tenon.engine.runtime.plugins.PluginCatalog;
import dev.tenon.engine.runtime.ranks.ConfigJson;
import dev.tenon.engine.runtime.ranks.Message;
import dev.tenon.engine.runtime.ranks.MessageStream;
import dev.tenon.engine.runtime.step.Rank;
import dev.tenon.engine.runtime.step.StepRunner;
import dev.tenon.spi.backend.StepBatch;
import dev.tenon.spi.backend.StepTicket;
import java.io.FileDescriptor;
import java.io.FileInputStream;
import java.io.FileOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayDeque;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Function;

/**
 * A rank in a process of its own. Messages come through standard input and go through standard
 * output; the process ends when the input does, since then the first rank's process is gone.
 */
public final class RankProcess {
  private static final int FAILED = 1;
  private static final int ORPHANED = 3;

  /** While steps run, their ends are looked for so often; a message is seen at once. */
  private static final long POLL_MICROS = 500;

  private final MessageStream messages;
  private final BlockingQueue<Message> arrived = new LinkedBlockingQueue<>();
  private final Queue<StepTicket> inFlight = new ArrayDeque<>();

  private RankProcess(MessageStream messages) {
    this.messages = messages;
  }

  /** Runs a rank. */
  public static void main(String[] arguments) {
    run(config -> PluginCatalog.find(config.pluginFolder()));
  }

  /** Runs a rank with plugins of the caller's choice, and ends the process. */
  public static void run(Function<EngineConfig, PluginCatalog> plugins) {
    FileOutputStream out = new FileOutputStream(FileDescriptor.out);
    // what libraries print must not come between the messages
    System.setOut(
        new PrintStream(new FileOutputStream(FileDescriptor.err), true, StandardCharsets.UTF_8));
    MessageStream messages = new MessageStream(new FileInputStream(FileDescriptor.in), out);
    RankProcess process = new RankProcess(messages);
    Thread.ofPlatform().daemon().name("tenon-rank-listens").start(process::listen);
    // Ctrl-C reaches every process of a terminal; what runs is the first rank's to end or to finish
    Runtime.getRuntime().addShutdownHook(new Thread(RankProcess::waitToBeHalted));
    int status = process.serve(plugins);
    // not by the usual way: threads that wait for other ranks must not hold the process
    Runtime.getRuntime().halt(status);
  }

  private static void waitToBeHalted() {
    while (true) {
      LockSupport.park();
    }
  }

  private void listen() {
    try {
      Message message = messages.read();
      while (message != null) {
        arrived.add(message);
        message = messages.read();
      }
    } catch (IOException e) {
      // no better than an end
      Runtime.getRuntime().halt(ORPHANED);
    }
    Runtime.getRuntime().halt(ORPHANED);
  }

  // Whatever ends the rank, errors of the machine included, must reach the first one.
  private int serve(Function<EngineConfig, PluginCatalog> plugins) {
    try {
      if (!(arrived.take() instanceof Message.Start start)) {
        throw new IllegalStateException("a rank is started first");
      }
      EngineConfig config = ConfigJson.read(start.config());
      try (FollowingRank following =
          FollowingRank.open(
              config, start.backend(), start.rank(), start.rendezvous(), plugins.apply(config))) {
        messages.write(new Message.Opened(following.availableMemory()));
        steps(following);
      }
      return 0;
    } catch (Throwable failure) {
      try {
        messages.write(Message.Failed.of(failure));
      } catch (IOException e) {
        return ORPHANED;
      }
      return FAILED;
    }
  }

  private void steps(FollowingRank following) throws InterruptedException, IOException {
    Message.Allocate plan = next(Message.Allocate.class);
    Rank rank = following.allocate(plan.maxLength(), plan.pageSize(), plan.pages(), plan.limits());
    messages.write(new Message.Allocated());
    next(Message.Capture.class);
    try (StepRunner runner = new StepRunner(List.of(rank), plan.limits())) {
      messages.write(new Message.Captured());
      Message message = next();
      while (message instanceof Message.Launch(StepBatch batch)) {
        inFlight.add(runner.launch(batch));
        message = next();
      }
      if (!(message instanceof Message.End)) {
        throw outOfTurn(message);
      }
    }
  }

  private <M extends Message> M next(Class<M> type) throws InterruptedException {
    Message message = next();
    if (type.isInstance(message)) {
      return type.cast(message);
    }
    throw outOfTurn(message);
  }

  private static IllegalStateException outOfTurn(Message message) {
    return new IllegalStateException("out of turn: " + message.getClass().getSimpleName());
  }

  /** The next message; while there is none, ended steps are taken note of. */
  private Message next() throws InterruptedException {
    while (!inFlight.isEmpty()) {
      while (!inFlight.isEmpty() && inFlight.element().isDone()) {
        inFlight.remove().await();
      }
      Message message = arrived.poll(POLL_MICROS, TimeUnit.MICROSECONDS);
      if (message != null) {
        return message;
      }
    }
    return arrived.take();
  }
}
