package dev.tenon.backend.cpu;

import dev.tenon.api.ErrorCode;
import dev.tenon.api.TenonException;
import java.util.concurrent.LinkedBlockingQueue;

/** The thread that runs a rank's steps, in the order of their launches. */
final class DeviceThread implements AutoCloseable {
  private static final Runnable END = () -> {};

  private final LinkedBlockingQueue<Runnable> work = new LinkedBlockingQueue<>();
  private final Thread thread;
  private volatile boolean closed;

  DeviceThread(String name) {
    thread = Thread.ofPlatform().daemon().name(name).start(this::run);
  }

  void launch(Runnable piece) {
    if (closed) {
      throw new TenonException(ErrorCode.CLOSED, "the CPU backend was closed");
    }
    work.add(piece);
  }

  private void run() {
    try {
      for (Runnable piece = work.take(); piece != END; piece = work.take()) {
        piece.run();
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  /** Waits for what was launched. */
  @Override
  public void close() {
    if (!closed) {
      closed = true;
      work.add(END);
      boolean interrupted = false;
      while (thread.isAlive()) {
        try {
          thread.join();
        } catch (InterruptedException e) {
          interrupted = true;
          thread.interrupt();
        }
      }
      if (interrupted) {
        Thread.currentThread().interrupt();
      }
    }
  }
}
