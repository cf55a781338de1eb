package dev.tenon.distribution.bench;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class EventReaderTest {
  private static final String ANSWER =
      """
      data: {"id":"a","choices":[{"index":0,"text":"He","finish_reason":null}],"usage":null}

      data: {"id":"a","choices":[{"index":0,"text":"say \\"usage\\":{ \\"choices\\":[{","finish_reason":null}],"usage":null}

      data: {"id":"a","choices":[{"index":0,"text":"","finish_reason":"length"}],"usage":null}

      data: {"id":"a","choices":[],"usage":{"prompt_tokens":7,"completion_tokens":5}}

      data: [DONE]

      """;

  private static EventReader read(String text, int pieces) {
    EventReader reader = new EventReader();
    byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
    for (int from = 0, time = 0; from < bytes.length; from += pieces, time++) {
      int count = Math.min(pieces, bytes.length - from);
      byte[] piece = new byte[count];
      System.arraycopy(bytes, from, piece, 0, count);
      reader.take(piece, count, time);
    }
    return reader;
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 7, 64, 10_000})
  void chunksWithTokensAreTimedHoweverTheyArrive(int pieces) {
    EventReader reader = read(ANSWER, pieces);
    assertThat(reader.times()).hasSize(2);
    assertThat(reader.promptTokens()).isEqualTo(7);
    assertThat(reader.outputTokens()).isEqualTo(5);
    assertThat(reader.isDone()).isTrue();
    assertThat(reader.failure()).isEmpty();
  }

  @Test
  void chunksOfOtherServersAreUnderstood() {
    EventReader reader =
        read(
            ": comment\r\ndata: {\"choices\": [ {\"delta\": {\"content\": \"a\"},"
                + " \"finish_reason\": null}]}\r\n\r\n"
                + "data:{\"choices\":[{\"text\":\"b\",\"finish_reason\":\"stop\"}]}\r\n\r\n"
                + "data: {\"choices\":[{\"delta\":{},\"finish_reason\":\"stop\"}]}\r\n\r\n",
            100);
    assertThat(reader.times()).hasSize(2);
    assertThat(reader.outputTokens()).isEqualTo(-1);
    assertThat(reader.isDone()).isFalse();
  }

  @Test
  void errorsWithinAStreamAreKept() {
    assertThat(read("data: {\"error\":{\"message\":\"on fire\"}}\n\n", 100).failure())
        .contains("on fire");
  }
}
