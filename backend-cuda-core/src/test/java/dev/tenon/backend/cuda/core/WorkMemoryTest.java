package dev.tenon.backend.cuda.core;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;

class WorkMemoryTest {
  private static final long BASE = 1L << 40;

  @Test
  void buffersThatAreTakenNeverOverlapAndAllSpaceReturns() {
    long seed = Long.getLong("tests.seed", System.nanoTime());
    Random random = new Random(seed);
    long limit = 1 << 20;
    WorkMemory memory = WorkMemory.over(BASE, limit);
    TreeMap<Long, Long> taken = new TreeMap<>();
    for (int i = 0; i < 5_000; i++) {
      if (taken.size() < 20 && (taken.isEmpty() || random.nextInt(3) > 0)) {
        long bytes = random.nextInt(40_000);
        long at = memory.take(bytes);
        Map.Entry<Long, Long> below = taken.floorEntry(at);
        Map.Entry<Long, Long> above = taken.ceilingEntry(at);
        assertThat(at).as("seed %d", seed).isBetween(BASE, BASE + limit - bytes);
        assertThat(at % 256).isZero();
        assertThat(below == null || below.getKey() + below.getValue() <= at).isTrue();
        assertThat(above == null || at + bytes <= above.getKey()).isTrue();
        taken.put(at, bytes);
      } else {
        Long at = taken.keySet().stream().skip(random.nextInt(taken.size())).findFirst().get();
        memory.release(at);
        taken.remove(at);
      }
    }
    taken.keySet().forEach(memory::release);
    assertThat(memory.take(limit)).isEqualTo(BASE);
  }

  @Test
  void measuringFindsTheSpaceThatTheSameCallsNeed() {
    WorkMemory measure = WorkMemory.measuring();
    takeAndRelease(measure);
    WorkMemory exact = WorkMemory.over(BASE, measure.peak());
    takeAndRelease(exact);
    assertThat(exact.peak()).isEqualTo(measure.peak()).isEqualTo(4_096);
    assertThatThrownBy(() -> takeAndRelease(WorkMemory.over(BASE, measure.peak() - 256)))
        .hasMessageContaining("a step's work space of 3840 bytes");
  }

  @Test
  void whatWasNotTakenCannotBeReleased() {
    WorkMemory memory = WorkMemory.over(BASE, 4096);
    long at = memory.take(1);
    memory.release(at);
    assertThatThrownBy(() -> memory.release(at)).hasMessageContaining("no buffer was taken");
  }

  private static void takeAndRelease(WorkMemory memory) {
    long first = memory.take(1_000);
    long second = memory.take(1_024);
    memory.release(first);
    long third = memory.take(2_000); // does not fit the hole
    memory.release(second);
    memory.release(third);
    memory.take(3_000);
  }
}
