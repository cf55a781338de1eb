package dev.tenon.backend.cuda.core;

import dev.tenon.backend.cuda.core.step.DeviceRows;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * What operations issue into while a step is recorded: the card, or, in a first pass, nothing but a
 * measure of the work space. One thread.
 */
final class StepContext {
  private final CudaDevice device;
  private final long quantised;
  private @Nullable WorkMemory work;
  private boolean measuring;
  private int measured;
  private Around around = (label, launch) -> launch.run();

  /** What is done around each operation. */
  interface Around {
    /** Enqueues the operation of that name, and what belongs to it. */
    void launch(String label, Runnable operation);
  }

  /**
   * @param quantised 1 if mixtures may quantise their rows, else 0
   */
  StepContext(CudaDevice device, long quantised) {
    this.device = device;
    this.quantised = quantised;
  }

  /** 1 if mixtures may quantise their rows, else 0. */
  long quantised() {
    return quantised;
  }

  /** Issues a body into a work space. */
  void issue(WorkMemory space, Runnable body) {
    issue(space, false, body);
  }

  /** Issues a body of which nothing reaches the card; returns how many operations it has. */
  int measure(WorkMemory space, Runnable body) {
    measured = 0;
    issue(space, true, body);
    return measured;
  }

  private void issue(WorkMemory space, boolean onlyMeasure, Runnable body) {
    work = space;
    measuring = onlyMeasure;
    try {
      body.run();
    } finally {
      work = null;
    }
  }

  /** Does something around each operation that a body issues. */
  void around(Around given, Runnable body) {
    Around before = around;
    around = given;
    try {
      body.run();
    } finally {
      around = before;
    }
  }

  /** Takes a temporary buffer. */
  long take(long bytes) {
    return space().take(bytes);
  }

  /** Takes a matrix of bf16. */
  long takeRows(long rows, int width) {
    return take(rows * width * DeviceType.BF16.bytes);
  }

  /** Gives buffers back. */
  void release(long... addresses) {
    for (long address : addresses) {
      space().release(address);
    }
  }

  /** Enqueues an operation. */
  void launch(Words words) {
    if (!measuring) {
      around.launch(words.label(), () -> device.launch(words));
    } else {
      words.complete();
      measured++;
    }
  }

  /** Enqueues an operation whose words were laid out elsewhere. */
  void launchRaw(Operation operation, long[] words) {
    if (!measuring) {
      around.launch(operation.label(), () -> device.launch(operation, words));
    } else {
      measured++;
    }
  }

  /**
   * Enqueues an exchange with other ranks.
   *
   * @param label its name where times are taken
   */
  void exchange(String label, Runnable launch) {
    if (!measuring) {
      around.launch(label, launch);
    } else {
      measured++;
    }
  }

  /**
   * Enqueues an operation that needs work space of its own.
   *
   * @param words adds the parameters up to and without the work space's address and bytes
   * @param rest adds what follows them
   */
  void launchWithSpace(Operation operation, Consumer<Words> words, Consumer<Words> rest) {
    launchKeepingSpace(operation, words, rest).release(this);
  }

  /** The same, with the work space kept for what follows. */
  Launched launchKeepingSpace(Operation operation, Consumer<Words> words, Consumer<Words> rest) {
    Words question = new Words(operation);
    words.accept(question);
    question.with(0, 0);
    rest.accept(question);
    long bytes = device.workspace(question);
    long address = bytes == 0 ? 0 : take(bytes);
    Words answer = new Words(operation);
    words.accept(answer);
    answer.with(address, bytes);
    rest.accept(answer);
    launch(answer);
    return new Launched(operation, answer.complete(), address);
  }

  /**
   * An operation that was enqueued.
   *
   * @param operation which
   * @param words its parameters
   * @param space its work space, or 0
   */
  record Launched(Operation operation, long[] words, long space) {
    /** Gives the work space back. */
    void release(StepContext context) {
      if (space != 0) {
        context.release(space);
      }
    }
  }

  /** {@code y = x · wᵀ}. */
  void product(
      DeviceRows rows,
      Count count,
      PackedMatrix matrix,
      long x,
      int stride,
      long bias,
      DeviceType type,
      long y,
      int yStride) {
    launchWithSpace(
        Operation.PRODUCT,
        words ->
            words
                .with(count.most(rows), count.address(rows))
                .with(matrix)
                .with(x, stride, bias, type.code, y, yStride),
        words -> words.with(0));
  }

  /** Which of a set's counts bounds an operation. */
  enum Count {
    ROWS,
    SELECTED;

    long most(DeviceRows rows) {
      return this == ROWS ? rows.maxRows() : rows.maxSelected();
    }

    long address(DeviceRows rows) {
      return rows.counts() + (this == ROWS ? 0 : 2L * Integer.BYTES);
    }
  }

  CudaDevice device() {
    return device;
  }

  private WorkMemory space() {
    WorkMemory current = work;
    if (current == null) {
      throw new IllegalStateException("operations are issued from within a step's body only");
    }
    return current;
  }
}
