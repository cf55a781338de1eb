package dev.tenon.engine.runtime.ranks;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

class RankConnectionTest {
  @Test
  void theReasonHasWhatWasPrintedAtTheEndAndNothingOlder() throws Exception {
    CompletableFuture<Message> told = new CompletableFuture<>();

    RankConnection.start(
        3,
        List.of("sh", "-c", "echo starting >&2; sleep 3; echo no memory >&2; exit 7"),
        (from, message) -> told.complete(message));

    assertThat(told.get(30, TimeUnit.SECONDS))
        .isInstanceOfSatisfying(
            Message.Failed.class,
            failed ->
                assertThat(failed.reason())
                    .isEqualTo("its process ended with status 7; its last words were:\nno memory"));
  }

  @Test
  void aProcessThatIsKilledInSilenceHasNoLastWords() throws Exception {
    CompletableFuture<Message> told = new CompletableFuture<>();

    RankConnection.start(
        1,
        List.of("sh", "-c", "echo starting >&2; sleep 3; kill -9 $$"),
        (from, message) -> told.complete(message));

    assertThat(told.get(30, TimeUnit.SECONDS))
        .isInstanceOfSatisfying(
            Message.Failed.class,
            failed -> assertThat(failed.reason()).isEqualTo("its process was ended by signal 9"));
  }
}
