package dev.tenon.backend.cpu;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.concurrent.atomic.AtomicIntegerArray;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(60)
class WorkerPoolTest {
  @Test
  void everyPartRunsOnceAlsoWithMoreThreadsThanCores() {
    int threads = 2 * Runtime.getRuntime().availableProcessors() + 1;
    try (WorkerPool pool = new WorkerPool(threads, "test")) {
      for (int round = 0; round < 5_000; round++) {
        int count = round % 17;
        AtomicIntegerArray ran = new AtomicIntegerArray(17);
        pool.run(count, ran::incrementAndGet);
        for (int i = 0; i < 17; i++) {
          assertThat(ran.get(i)).isEqualTo(i < count ? 1 : 0);
        }
      }
    }
  }

  @Test
  void aPartThatFailsFailsTheJobAndNotTheNextOne() {
    try (WorkerPool pool = new WorkerPool(2, "test")) {
      assertThatThrownBy(() ->
              pool.run(
                  9,
                  index -> {
                    if (index == 7) {
                      throw new ArithmeticException("seven");
                    }
                  }))
          .hasRootCauseMessage("seven");
      AtomicIntegerArray ran = new AtomicIntegerArray(3);
      pool.run(3, ran::incrementAndGet);
      assertThat(ran.get(2)).isEqualTo(1);
    }
  }
}
