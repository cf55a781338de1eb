package dev.tenon.engine.runtime.opening;

import dev.tenon.api.ErrorCode;
import dev.tenon.api.TenonException;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;

/** Work that goes on beside the opening thread. */
final class Concurrently {
  private Concurrently() {}

  static <T> FutureTask<T> start(String name, Callable<T> work) {
    FutureTask<T> task = new FutureTask<>(work);
    Thread.ofPlatform().daemon().name("tenon-open-" + name).start(task);
    return task;
  }

  static <T> T await(FutureTask<T> task) {
    try {
      return task.get();
    } catch (ExecutionException e) {
      if (e.getCause() instanceof TenonException refusal) {
        throw refusal;
      }
      throw new TenonException(ErrorCode.INTERNAL, "opening failed: " + e.getCause(), e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new TenonException(ErrorCode.CANCELLED, "opening was interrupted", e);
    }
  }
}
