package dev.tenon.backend.cuda.core;

import dev.tenon.api.TenonException;
import dev.tenon.spi.backend.StepShape;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** How a step gets onto the stream, as a whole or in halves. One thread. */
interface StepLauncher extends AutoCloseable {
  /** Where measured times go. */
  Logger LOG = LoggerFactory.getLogger(StepLauncher.class);

  /** Enqueues a step that nothing is to be done in the middle of. */
  default void whole() {
    forward();
    sample();
  }

  /** Enqueues the forward half. */
  void forward();

  /** Enqueues the sampling half. */
  void sample();

  @Override
  void close();

  /** Issues the operations anew each time. */
  static StepLauncher eager(
      StepContext context, WorkMemory work, CudaStep step, StepBodies bodies) {
    return new StepLauncher() {
      @Override
      public void forward() {
        work.reset();
        context.issue(work, () -> bodies.issueForward(step));
      }

      @Override
      public void sample() {
        context.issue(work, () -> bodies.issueSample(step));
      }

      @Override
      public void close() {
        // nothing was recorded
      }
    };
  }

  /** Times each operation, and logs how long each kind took when it is closed. */
  static StepLauncher timed(StepLauncher eager, StepContext context, StepShape shape) {
    OperationTimes times = new OperationTimes(context.device());
    return new StepLauncher() {
      @Override
      public void forward() {
        context.around(times::around, eager::forward);
      }

      @Override
      public void sample() {
        context.around(times::around, eager::sample);
        times.collect();
      }

      @Override
      public void close() {
        times.lines().forEach(line -> LOG.info("{}: {}", shape, line));
        times.close();
      }
    };
  }

  /** Waits for each operation, and names the one that failed. */
  static StepLauncher checked(StepLauncher eager, StepContext context) {
    StepContext.Around check =
        (label, launch) -> {
          try {
            launch.run();
            context.device().synchronize();
          } catch (TenonException e) {
            throw new TenonException(e.code(), "operation " + label + ": " + e.getMessage(), e);
          }
        };
    return new StepLauncher() {
      @Override
      public void forward() {
        context.around(check, eager::forward);
      }

      @Override
      public void sample() {
        context.around(check, eager::sample);
      }

      @Override
      public void close() {
        eager.close();
      }
    };
  }
}
