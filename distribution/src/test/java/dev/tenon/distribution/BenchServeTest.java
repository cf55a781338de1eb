package dev.tenon.distribution;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.PrintStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The command against a server that says what the test wants. */
class BenchServeTest {
  private static final String EVENT =
      "data: {\"choices\":[{\"index\":0,\"text\":\"a\",\"finish_reason\":null}]}\n\n";
  private static final String STREAM =
      EVENT
          + EVENT
          + "data: {\"choices\":[],\"usage\":{\"prompt_tokens\":5,\"completion_tokens\":3}}\n\n"
          + "data: [DONE]\n\n";

  private final List<String> requests = new CopyOnWriteArrayList<>();
  private final ByteArrayOutputStream out = new ByteArrayOutputStream();
  private final ByteArrayOutputStream err = new ByteArrayOutputStream();
  private ServerSocket server;
  private volatile int completions;
  private volatile int succeeding = Integer.MAX_VALUE;

  @BeforeEach
  void start() throws IOException {
    server = new ServerSocket(0, 50, InetAddress.getLoopbackAddress());
    Thread.ofVirtual().start(this::serve);
  }

  @AfterEach
  void stop() throws IOException {
    server.close();
  }

  private void serve() {
    while (!server.isClosed()) {
      try (Socket socket = server.accept()) {
        String request = request(socket.getInputStream());
        requests.add(request);
        socket.getOutputStream().write(answer(request).getBytes(StandardCharsets.US_ASCII));
      } catch (IOException e) {
        // the client left, or the test has ended
      }
    }
  }

  private static String request(InputStream in) throws IOException {
    StringBuilder request = new StringBuilder();
    while (request.indexOf("\r\n\r\n") < 0) {
      request.append((char) in.read());
    }
    String length = request.substring(request.indexOf("Content-Length: ") + 16).split("\r\n")[0];
    return request + new String(in.readNBytes(Integer.parseInt(length)), StandardCharsets.US_ASCII);
  }

  private String answer(String request) {
    if (request.startsWith("GET /v1/models ")) {
      String models = "{\"data\":[{\"id\":\"m\",\"vocab_size\":9}]}";
      return "HTTP/1.1 200 OK\r\nContent-Length: " + models.length() + "\r\n\r\n" + models;
    }
    if (completions++ >= succeeding) {
      return "HTTP/1.1 500 No\r\n\r\nout of order";
    }
    String half = STREAM.substring(0, 40);
    String rest = STREAM.substring(40);
    return "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
        + Integer.toHexString(half.length())
        + "\r\n"
        + half
        + "\r\n"
        + Integer.toHexString(rest.length())
        + ";x=y\r\n"
        + rest
        + "\r\n0\r\n\r\n";
  }

  private int bench(String... more) {
    List<String> arguments =
        new ArrayList<>(
            List.of(
                "bench",
                "serve",
                "--backend",
                "vllm",
                "--model",
                "big/m",
                "--endpoint",
                "/v1/completions",
                "--dataset-name",
                "random",
                "--random-input",
                "5",
                "--random-output",
                "3",
                "--base-url",
                "http://127.0.0.1:" + server.getLocalPort()));
    arguments.addAll(List.of(more));
    return Main.run(
        arguments.toArray(String[]::new),
        new PrintStream(out, true, StandardCharsets.UTF_8),
        new PrintStream(err, true, StandardCharsets.UTF_8));
  }

  @Test
  void tableAndFileTellWhatTheServerCounted(@TempDir Path folder) throws IOException {
    String[] flags = {
      "--num-prompts",
      "6",
      "--max-concurrency",
      "2",
      "--served-model-name",
      "m",
      "--ignore-eos",
      "--save-result",
      "--result-filename",
      folder.resolve("r.json").toString()
    };
    assertThat(bench(flags)).as(err::toString).isZero();
    assertThat(out.toString(StandardCharsets.UTF_8))
        .contains("Successful requests:                     6         \n")
        .contains("Maximum request concurrency:             2         \n")
        .contains("Total input tokens:                      30        \n")
        .contains("Total generated tokens:                  18        \n")
        .doesNotContain("Failed");
    assertThat(Files.readString(folder.resolve("r.json")))
        .contains("\"completed\":6", "\"request_rate\":\"inf\"", "\"p99_itl_ms\":");
    assertThat(requests.getLast())
        .startsWith("POST /v1/completions ")
        .contains("\"model\":\"m\"", "\"max_tokens\":3", "\"ignore_eos\":true")
        .containsPattern("\"prompt\":\\[[0-8](,[0-8]){4}\\]");
  }

  @Test
  void failuresAreCountedAndTheFirstIsShown() {
    succeeding = 3;
    assertThat(bench("--num-prompts", "4", "--max-concurrency", "1")).isZero();
    assertThat(out.toString(StandardCharsets.UTF_8))
        .contains("Successful requests:                     2         \n")
        .contains("Failed requests:                         2         \n");
    assertThat(err.toString(StandardCharsets.UTF_8)).contains("status 500: out of order");
  }

  @Test
  void nothingAnsweredIsAFailure() {
    succeeding = 1;
    assertThat(bench("--num-prompts", "2")).isEqualTo(1);
    succeeding = 0;
    assertThat(bench("--num-prompts", "2")).isEqualTo(1);
    assertThat(err.toString(StandardCharsets.UTF_8)).contains("the first request to");
  }

  @Test
  void mistakesAreExplained() {
    assertThat(bench("--request-rate", "-1")).isEqualTo(2);
    assertThat(bench("--dataset-name", "sharegpt")).isEqualTo(2);
    assertThat(bench("--percentile-metrics", "speed")).isEqualTo(2);
    assertThat(err.toString(StandardCharsets.UTF_8)).contains("above 0, or inf", "e2el");
    assertThat(requests).isEmpty();
  }
}
