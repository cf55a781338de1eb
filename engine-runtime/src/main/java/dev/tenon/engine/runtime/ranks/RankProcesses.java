package dev.tenon.engine.runtime.ranks;

import dev.tenon.api.EngineConfig;
import dev.tenon.api.ErrorCode;
import dev.tenon.api.TenonException;
import dev.tenon.spi.backend.StepBatch;
import dev.tenon.spi.backend.StepShape;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Followers in processes that this one starts. A process that this one lost ends itself, when its
 * standard input closes; when this one loses a process, it ends the others.
 */
public final class RankProcesses implements Followers {
  private static final Logger LOG = LoggerFactory.getLogger(RankProcesses.class);
  private static final Duration PATIENCE = Duration.ofSeconds(10);

  /** A rank that notices another one's end reports an error that is not the reason. */
  private static final Duration REASON_PATIENCE = Duration.ofSeconds(3);

  private static final long POLL_MILLIS = 50;

  private final Object lock = new Object();
  private final List<RankConnection> connections = new ArrayList<>();
  private final List<Consumer<TenonException>> listeners = new ArrayList<>();
  private final Path rendezvous;
  private @Nullable Thread waiting;
  private @Nullable TenonException loss;
  private int opened;
  private int allocated;
  private int captured;
  private long available = Long.MAX_VALUE;
  private boolean served;
  private boolean closed;

  private RankProcesses(Path rendezvous) {
    this.rendezvous = rendezvous;
  }

  /** Starts the processes with a command; see {@link RankStarter}. */
  public static RankProcesses start(EngineConfig config, String backend, List<String> command) {
    RankProcesses started;
    try {
      started = new RankProcesses(Files.createTempDirectory("tenon-ranks-"));
    } catch (IOException e) {
      throw new TenonException(
          ErrorCode.INTERNAL, "the ranks need a folder to find each other: " + e, e);
    }
    try {
      String json = ConfigJson.write(config);
      for (int rank = 1; rank < config.tensorParallelSize(); rank++) {
        RankConnection connection = RankConnection.start(rank, command, started::arrived);
        started.connections.add(connection);
        connection.send(new Message.Start(json, backend, rank, started.rendezvous()));
      }
      return started;
    } catch (IOException e) {
      started.close();
      throw new TenonException(
          ErrorCode.INTERNAL, "a rank's process could not be started: " + e, e);
    } catch (RuntimeException e) {
      started.close();
      throw e;
    }
  }

  /** The folder in which the ranks find each other. */
  public String rendezvous() {
    return rendezvous.toString();
  }

  @Override
  public <T> T guard(Work<T> work) throws InterruptedException {
    synchronized (lock) {
      requireAll();
      waiting = Thread.currentThread();
    }
    try {
      return work.run();
    } catch (InterruptedException e) {
      synchronized (lock) {
        requireAll();
      }
      throw e;
    } catch (TenonException e) {
      throw reasonOf(e);
    } finally {
      synchronized (lock) {
        waiting = null;
        if (loss != null) {
          // meant for the work that has ended
          Thread.interrupted();
        }
      }
    }
  }

  @Override
  public long availableMemory() throws InterruptedException {
    synchronized (lock) {
      while (loss == null && opened < connections.size()) {
        lock.wait();
      }
      requireAll();
    }
    // all have met
    deleteRendezvous();
    return available;
  }

  @Override
  public void allocate(int maxLength, int pageSize, int pages, StepShape limits) {
    broadcast(new Message.Allocate(maxLength, pageSize, pages, limits));
  }

  @Override
  public void awaitAllocated() throws InterruptedException {
    synchronized (lock) {
      while (loss == null && allocated < connections.size()) {
        lock.wait();
      }
      requireAll();
    }
  }

  @Override
  public void capture() {
    broadcast(new Message.Capture());
  }

  @Override
  public void awaitCaptured() throws InterruptedException {
    synchronized (lock) {
      while (loss == null && captured < connections.size()) {
        lock.wait();
      }
      requireAll();
      served = true;
    }
  }

  @Override
  public void launch(StepBatch batch) {
    broadcast(new Message.Launch(batch));
  }

  @Override
  public void onLoss(Consumer<TenonException> listener) {
    TenonException known;
    synchronized (lock) {
      listeners.add(listener);
      known = loss;
    }
    if (known != null) {
      listener.accept(known);
    }
  }

  @Override
  public void abandon() {
    synchronized (lock) {
      served = false;
      connections.forEach(RankConnection::kill);
    }
  }

  @Override
  public void end() {
    synchronized (lock) {
      if (served && loss == null) {
        connections.forEach(RankConnection::end);
      }
    }
  }

  @Override
  public void close() {
    synchronized (lock) {
      if (closed) {
        return;
      }
      closed = true;
      if (!served || loss != null) {
        connections.forEach(RankConnection::kill);
      } else {
        connections.forEach(RankConnection::end);
      }
    }
    long end = System.nanoTime() + PATIENCE.toNanos();
    boolean interrupted = false;
    for (RankConnection connection : connections) {
      try {
        long left = Math.max(0, end - System.nanoTime());
        if (!connection.awaitEnd(Duration.ofNanos(left))) {
          LOG.warn(
              "rank {} did not end within {}; its process is killed", connection.rank(), PATIENCE);
          connection.kill();
        }
      } catch (InterruptedException e) {
        interrupted = true;
        connection.kill();
      }
    }
    deleteRendezvous();
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
  }

  private void broadcast(Message message) {
    synchronized (lock) {
      requireAll();
    }
    try {
      for (RankConnection connection : connections) {
        connection.send(message);
      }
    } catch (TenonException e) {
      throw reasonOf(e);
    }
  }

  private void requireAll() {
    if (loss != null) {
      throw loss;
    }
  }

  /** The reason of what this rank noticed: another rank's, if that shows in time. */
  private TenonException reasonOf(TenonException noticed) {
    synchronized (lock) {
      long end = System.nanoTime() + REASON_PATIENCE.toNanos();
      try {
        while (noticed.code() == ErrorCode.DEVICE_FAULT
            && loss == null
            && System.nanoTime() < end) {
          lock.wait(POLL_MILLIS);
        }
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
      }
      return loss == null ? noticed : loss;
    }
  }

  /** On the thread that listens to a rank. */
  private void arrived(RankConnection from, Message message) {
    List<Consumer<TenonException>> told = List.of();
    TenonException reason = null;
    synchronized (lock) {
      switch (message) {
        case Message.Opened(long memory) -> {
          opened++;
          available = Math.min(available, memory);
        }
        case Message.Allocated ignored -> allocated++;
        case Message.Captured ignored -> captured++;
        case Message.Failed failed -> {
          if (loss == null && !closed) {
            reason = reason(from.rank(), failed);
            loss = reason;
            told = List.copyOf(listeners);
            connections.forEach(RankConnection::kill);
            if (waiting != null) {
              waiting.interrupt();
            }
          }
        }
        case Message.Start ignored -> throw new IllegalStateException("not for this rank");
        case Message.Allocate ignored -> throw new IllegalStateException("not for this rank");
        case Message.Capture ignored -> throw new IllegalStateException("not for this rank");
        case Message.Launch ignored -> throw new IllegalStateException("not for this rank");
        case Message.End ignored -> throw new IllegalStateException("not for this rank");
      }
      lock.notifyAll();
    }
    for (Consumer<TenonException> listener : told) {
      listener.accept(reason);
    }
  }

  private static TenonException reason(int rank, Message.Failed failed) {
    String message = "rank " + rank + ": " + failed.reason();
    String parameter = failed.parameter();
    return parameter == null
        ? new TenonException(failed.code(), message)
        : TenonException.of(failed.code(), parameter, message);
  }

  private void deleteRendezvous() {
    if (!Files.exists(rendezvous)) {
      return;
    }
    try (Stream<Path> files = Files.list(rendezvous)) {
      for (Path file : files.toList()) {
        Files.delete(file);
      }
      Files.delete(rendezvous);
    } catch (IOException e) {
      LOG.debug("{} stays", rendezvous, e);
    }
  }
}
