package dev.tenon.engine.runtime;

import dev.tenon.api.EngineHealth;
import dev.tenon.api.EngineHealth.State;
import dev.tenon.api.EngineStatistics;
import dev.tenon.api.ErrorCode;
import dev.tenon.api.TenonException;
import dev.tenon.engine.runtime.step.Command;
import dev.tenon.engine.runtime.step.LoadGauge;
import java.time.Duration;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicReference;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The thread that steps the engine: its start, its health, its end. */
final class EngineThread {
  private static final Logger LOG = LoggerFactory.getLogger(EngineThread.class);
  private static final Duration PATIENCE = Duration.ofSeconds(60);

  private final Assembly assembly;
  private final Runnable resources;
  private final Thread thread;
  private final AtomicReference<EngineHealth> health =
      new AtomicReference<>(new EngineHealth(State.SERVING, ""));
  private final AtomicBoolean stopping = new AtomicBoolean();
  private final Object endLock = new Object();
  private boolean ended;
  private TenonException reason =
      new TenonException(ErrorCode.CLOSED, "the engine was closed while the request ran");

  private EngineThread(Assembly assembly, Runnable resources) {
    this.assembly = assembly;
    this.resources = resources;
    this.thread = Thread.ofPlatform().name("tenon-engine").daemon().unstarted(this::run);
  }

  /**
   * Starts it.
   *
   * @param resources gives everything back; called here if the engine fails, since a failed engine
   *     must not hold its devices until somebody closes it
   */
  static EngineThread start(Assembly assembly, Runnable resources) {
    EngineThread started = new EngineThread(assembly, resources);
    started.thread.start();
    return started;
  }

  LoadGauge gauge() {
    return assembly.gauge();
  }

  EngineHealth health() {
    return health.get();
  }

  EngineStatistics statistics() {
    return assembly.statistics().snapshot();
  }

  void requireServing() {
    EngineHealth now = health.get();
    switch (now.state()) {
      case SERVING -> {}
      case DRAINING ->
          throw new TenonException(
              ErrorCode.CLOSED, "the engine is shutting down and takes no new requests");
      case CLOSED -> throw new TenonException(ErrorCode.CLOSED, "the engine is closed");
      case FAILED ->
          throw new TenonException(
              ErrorCode.DEVICE_FAULT, "the engine failed and must be restarted: " + now.reason());
    }
  }

  void refuseNew() {
    health.updateAndGet(now ->
        now.state() == State.SERVING
            ? new EngineHealth(State.DRAINING, "it ends what runs and takes nothing new")
            : now);
  }

  /** Hands a command over; one that comes after the end is answered at once. */
  void send(Command command) {
    assembly.commands().add(command);
    synchronized (endLock) {
      if (ended) {
        assembly.loop().failAll(reason);
      }
    }
  }

  /** Ends the thread; answers whether this was the first call. */
  boolean stop() {
    if (!stopping.compareAndSet(false, true)) {
      return false;
    }
    health.updateAndGet(now ->
        now.state() == State.FAILED ? now : new EngineHealth(State.CLOSED, "closed by its owner"));
    assembly.commands().add(new Command.Shutdown());
    boolean interrupted = joinUninterruptibly(PATIENCE);
    if (thread.isAlive()) {
      LOG.warn("the device did not answer within {}; giving up waiting for it", PATIENCE);
      thread.interrupt();
      interrupted |= joinUninterruptibly(PATIENCE);
    }
    assembly.runner().close();
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
    return true;
  }

  private boolean joinUninterruptibly(Duration limit) {
    boolean interrupted = false;
    long deadline = System.nanoTime() + limit.toNanos();
    while (true) {
      try {
        thread.join(Duration.ofNanos(Math.max(0, deadline - System.nanoTime())));
        return interrupted;
      } catch (InterruptedException early) {
        interrupted = true;
      }
    }
  }

  // Whatever ends the loop, errors of the machine included, must reach those who wait.
  private void run() {
    try {
      assembly.loop().run();
      end(reason);
    } catch (TenonException failure) {
      fail(failure);
    } catch (InterruptedException interrupted) {
      fail(
          new TenonException(
              ErrorCode.INTERNAL, "the engine's thread was interrupted", interrupted));
    } catch (Throwable defect) {
      fail(new TenonException(ErrorCode.INTERNAL, "defect of the engine: " + defect, defect));
    }
  }

  private void fail(TenonException failure) {
    LOG.error("the engine ends: {}", failure.getMessage(), failure);
    health.set(new EngineHealth(State.FAILED, failure.code() + ": " + failure.getMessage()));
    assembly.runner().abandon();
    end(failure);
    resources.run();
  }

  private void end(TenonException why) {
    synchronized (endLock) {
      ended = true;
      reason = why;
      assembly.loop().failAll(why);
    }
  }
}
