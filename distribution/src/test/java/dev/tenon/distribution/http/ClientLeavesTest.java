package dev.tenon.distribution.http;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tenon.api.EngineStatistics;
import dev.tenon.api.FinishReason;
import java.io.IOException;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * A client that leaves frees its sequence. That the engine cancels within one step is shown where
 * steps can be held back ({@code AsynchronyTest} of the runtime); here, that leaving is noticed.
 */
class ClientLeavesTest {
  @Test
  void itsSequenceEndsLongBeforeItsTokens(@TempDir Path folder) throws Exception {
    try (DemoServer demo = new DemoServer(folder)) {
      for (String stream : new String[] {"true", "false"}) {
        EngineStatistics before = demo.engine.statistics();
        try (Socket socket = ask(demo, stream)) {
          demo.await(now -> now.generationTokens() > before.generationTokens());
          assertThat(socket.isConnected()).isTrue();
        }
        demo.awaitIdle();
        EngineStatistics after = demo.engine.statistics();
        assertThat(ended(after, FinishReason.CANCELLED))
            .as("stream: " + stream)
            .isEqualTo(ended(before, FinishReason.CANCELLED) + 1);
        assertThat(ended(after, FinishReason.LENGTH)).isEqualTo(ended(before, FinishReason.LENGTH));
      }
    }
  }

  private static Socket ask(DemoServer demo, String stream) throws IOException {
    String body =
        "{\"prompt\":\"The sea\",\"max_tokens\":500,\"ignore_eos\":true,\"stream\":" + stream + "}";
    Socket socket = new Socket("127.0.0.1", demo.server.port());
    String head =
        "POST /v1/completions HTTP/1.1\r\nHost: x\r\nContent-Length: " + body.length() + "\r\n\r\n";
    socket.getOutputStream().write((head + body).getBytes(StandardCharsets.US_ASCII));
    socket.getOutputStream().flush();
    return socket;
  }

  private static long ended(EngineStatistics statistics, FinishReason reason) {
    return statistics.finished().getOrDefault(reason, 0L);
  }
}
