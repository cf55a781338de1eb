package dev.tenon.engine.runtime.ranks;

import dev.tenon.api.ErrorCode;
import dev.tenon.api.TenonException;
import dev.tenon.spi.backend.StepBatch;
import dev.tenon.spi.backend.StepShape;
import org.jspecify.annotations.Nullable;

/** What passes between the first rank and the process of another. */
public sealed interface Message {
  /**
   * To a rank: open a device.
   *
   * @param config the engine's, in JSON
   * @param backend id of the backend that the first rank chose
   * @param rank which one it is
   * @param rendezvous where the ranks of the group find each other
   */
  record Start(String config, String backend, int rank, String rendezvous) implements Message {}

  /** From it: the device is open, and the group joined. */
  record Opened(long availableMemory) implements Message {}

  /** To it: pack weights, allocate pools. */
  record Allocate(int maxLength, int pageSize, int pages, StepShape limits) implements Message {}

  /** From it. */
  record Allocated() implements Message {}

  /** To it: record steps. */
  record Capture() implements Message {}

  /** From it. */
  record Captured() implements Message {}

  /** To it: run a batch. */
  record Launch(StepBatch batch) implements Message {}

  /** To it: close everything and end. */
  record End() implements Message {}

  /** From it: it cannot go on. */
  record Failed(ErrorCode code, @Nullable String parameter, String reason) implements Message {
    /** Of what went wrong. */
    public static Failed of(Throwable failure) {
      return failure instanceof TenonException known
          ? new Failed(known.code(), known.parameter(), String.valueOf(known.getMessage()))
          : new Failed(ErrorCode.INTERNAL, null, "defect: " + failure);
    }
  }
}
