package dev.tenon.backend.cuda.core;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.tenon.api.ErrorCode;
import dev.tenon.api.TenonException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(20)
class RendezvousTest {
  @TempDir Path folder;

  @Test
  void allRanksGetTheFirstOnesName() throws Exception {
    try (ExecutorService threads = Executors.newCachedThreadPool()) {
      List<Future<byte[]>> names = new ArrayList<>();
      for (int rank = 0; rank < 4; rank++) {
        byte[] mine = {(byte) (40 + rank)};
        Rendezvous rendezvous = new Rendezvous(folder, 4, rank);
        names.add(threads.submit(() -> rendezvous.meet(() -> mine)));
      }
      for (Future<byte[]> name : names) {
        assertThat(name.get()).containsExactly(40);
      }
    }
  }

  @Test
  void nothingIsNamedUntilAllAreReady() throws InterruptedException {
    AtomicBoolean named = new AtomicBoolean();
    List<Throwable> ends = new ArrayList<>();
    Thread first =
        Thread.ofPlatform()
            .start(() -> {
              try {
                new Rendezvous(folder, 2, 0)
                    .meet(() -> {
                      named.set(true);
                      return new byte[0];
                    });
              } catch (TenonException e) {
                ends.add(e);
              }
            });
    first.interrupt();
    first.join();
    assertThat(named).isFalse();
    assertThatThrownBy(
            () -> {
              throw ends.getFirst();
            })
        .isInstanceOfSatisfying(
            TenonException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.CANCELLED));
  }
}
