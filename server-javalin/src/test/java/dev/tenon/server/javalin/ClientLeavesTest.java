package dev.tenon.server.javalin;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.InputStream;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** A client that leaves is noticed while it is being answered, streamed or not. */
class ClientLeavesTest {
  private static final Duration STEP = Duration.ofMillis(50);
  private static final int TOO_LATE_MILLIS = 2000;

  private final ServerFixture fixture = new ServerFixture();

  @AfterEach
  void close() {
    fixture.close();
  }

  private Socket ask(String fields) throws IOException {
    Socket socket = new Socket("127.0.0.1", fixture.server.port());
    send(socket, fields);
    return socket;
  }

  private static void send(Socket socket, String fields) throws IOException {
    String body = "{\"prompt\":\"a\"" + fields + "}";
    String head =
        "POST /v1/completions HTTP/1.1\r\nHost: x\r\nContent-Length: " + body.length() + "\r\n\r\n";
    socket.getOutputStream().write((head + body).getBytes(StandardCharsets.US_ASCII));
    socket.getOutputStream().flush();
  }

  private boolean cancelledBeforeTheEnd() throws InterruptedException {
    for (int waited = 0; waited < TOO_LATE_MILLIS; waited += 5) {
      if (!fixture.engine.streams.isEmpty()) {
        FakeStream stream = fixture.engine.streams.getFirst();
        if (stream.closed || stream.ended) {
          return stream.cancelled;
        }
      }
      Thread.sleep(5);
    }
    return false;
  }

  @ParameterizedTest
  @ValueSource(strings = {"", ",\"stream\":true"})
  void requestIsCancelled(String fields) throws Exception {
    fixture.engine.stepTime = STEP;
    fixture.engine.answer = "x".repeat(150);
    try (Socket socket = ask(fields + ",\"max_tokens\":150")) {
      while (fixture.engine.streams.isEmpty()) {
        Thread.sleep(2);
      }
      assertThat(socket.isConnected()).isTrue();
    }
    assertThat(cancelledBeforeTheEnd()).isTrue();
  }

  @Test
  void clientThatSendsItsNextRequestEarlyGetsBothAnswers() throws Exception {
    fixture.engine.stepTime = STEP;
    try (Socket socket = ask(",\"max_tokens\":9")) {
      while (fixture.engine.streams.isEmpty()) {
        Thread.sleep(2);
      }
      send(socket, ",\"max_tokens\":4");
      socket.setSoTimeout(TOO_LATE_MILLIS);
      InputStream in = socket.getInputStream();
      StringBuilder answers = new StringBuilder();
      byte[] buffer = new byte[1 << 14];
      while (!answers.toString().contains("\"Hell\"")) {
        int read = in.read(buffer);
        assertThat(read).as(answers.toString()).isPositive();
        answers.append(new String(buffer, 0, read, StandardCharsets.UTF_8));
      }
      assertThat(answers.toString()).contains("\"Hello the\"");
    }
  }
}
