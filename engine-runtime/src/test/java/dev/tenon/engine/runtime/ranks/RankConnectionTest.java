package dev.tenon.engine.runtime.ranks;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

class RankConnectionTest {
  @Test
  void theReasonHasWhatWasPrintedAtTheEndAndNothingOlder() throws Exception {
    assertThat(reasonOf("echo starting >&2; sleep 3; echo no memory >&2; exit 7"))
        .isEqualTo("its process ended with status 7; its last words were:\nno memory");
  }

  @Test
  void aProcessThatIsKilledInSilenceHasNoLastWords() throws Exception {
    assertThat(reasonOf("echo starting >&2; sleep 3; kill -9 $$"))
        .isEqualTo("its process was ended by signal 9");
  }

  /** What is told when a process that does this, in place of a rank's, has ended. */
  private static String reasonOf(String script) throws Exception {
    CompletableFuture<Message> told = new CompletableFuture<>();
    RankConnection.start(3, List.of("sh", "-c", script), (from, message) -> told.complete(message));
    Message message = told.get(30, TimeUnit.SECONDS);
    assertThat(message).isInstanceOf(Message.Failed.class);
    return ((Message.Failed) message).reason();
  }
}
