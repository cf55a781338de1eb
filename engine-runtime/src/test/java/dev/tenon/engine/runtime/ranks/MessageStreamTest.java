package dev.tenon.engine.runtime.ranks;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.tenon.api.EngineConfig;
import dev.tenon.api.EngineConfig.ExpertParallel;
import dev.tenon.api.ErrorCode;
import dev.tenon.api.LoadFormat;
import dev.tenon.api.SchedulingPolicy;
import dev.tenon.api.SpeculationConfig;
import dev.tenon.spi.backend.SlotSampling;
import dev.tenon.spi.backend.SlotSetup;
import dev.tenon.spi.backend.StepBatch;
import dev.tenon.spi.backend.StepShape;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import org.assertj.core.api.recursive.comparison.RecursiveComparisonConfiguration;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

class MessageStreamTest {
  private static final RecursiveComparisonConfiguration WHOLE =
      RecursiveComparisonConfiguration.builder().withStrictTypeChecking(true).build();

  @Test
  void everyMessageComesAsItWasSent() throws IOException {
    List<Message> messages =
        List.of(
            new Message.Start("{\"model\": \"ä\"}", "cuda", 3, "/tmp/x"),
            new Message.Opened(1L << 40),
            new Message.Allocate(1000, 16, 77, new StepShape(64, 8, 24, 2)),
            new Message.Allocated(),
            new Message.Capture(),
            new Message.Captured(),
            new Message.Launch(batch(20_000)),
            new Message.Launch(batch(0)),
            new Message.End(),
            new Message.Failed(ErrorCode.OUT_OF_MEMORY, null, "too small"),
            new Message.Failed(ErrorCode.INVALID_CONFIGURATION, "device", "no such"));
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    MessageStream to = new MessageStream(InputStream.nullInputStream(), bytes);
    for (Message message : messages) {
      to.write(message);
    }
    MessageStream from = reading(bytes.toByteArray());
    for (Message message : messages) {
      assertThat(from.read()).usingRecursiveComparison(WHOLE).isEqualTo(message);
    }
    assertThat(from.read()).isNull();
  }

  @Test
  void aMessageThatIsCutOffIsAnEnd() throws IOException {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    new MessageStream(InputStream.nullInputStream(), bytes).write(new Message.Opened(7));
    byte[] all = bytes.toByteArray();
    assertThat(reading(Arrays.copyOf(all, all.length - 1)).read()).isNull();
  }

  @Test
  void whatALibraryPrintsIsNoMessage() {
    byte[] printed = "warning: something happened\n".getBytes(StandardCharsets.UTF_8);
    assertThatThrownBy(() -> reading(printed).read())
        .isInstanceOf(IOException.class)
        .hasMessageContaining("something else than messages");
  }

  @Test
  void aConfigurationComesAsItWasGiven() {
    EngineConfig full =
        EngineConfig.builder("some/model")
            .backend("x")
            .loadFormat(LoadFormat.DUMMY)
            .configOverrides(Map.of("a", 1L, "b", Map.of("c", List.of(true, "d", 0.5))))
            .tensorParallelSize(4)
            .expertParallel(ExpertParallel.ON)
            .maxModelLen(1)
            .maxNumSeqs(2)
            .maxNumBatchedTokens(3)
            .chunkedPrefill(EngineConfig.ChunkedPrefill.DISABLED)
            .blockSize(4)
            .numBlocks(5)
            .memoryUtilization(0.7)
            .maxWaiting(6)
            .schedulingPolicy(SchedulingPolicy.PRIORITY)
            .speculation(new SpeculationConfig("mtp", 2))
            .seed(1L << 60)
            .maxChoices(7)
            .maxLogprobs(8)
            .threads(9)
            .pluginFolder(Path.of("p", "q"))
            .backendOptions(Map.of("device", "0"))
            .build();
    assertThat(ConfigJson.read(ConfigJson.write(full))).isEqualTo(full);
    EngineConfig open = EngineConfig.builder("m").build();
    assertThat(ConfigJson.read(ConfigJson.write(open))).isEqualTo(open);
  }

  private static MessageStream reading(byte[] bytes) {
    return new MessageStream(new ByteArrayInputStream(bytes), OutputStream.nullOutputStream());
  }

  private static StepBatch batch(int tokens) {
    int[] prompt = IntStream.range(0, tokens).toArray();
    return new StepBatch(
        1L << 33,
        List.of(
            new SlotSetup(3, sampling(new int[] {1, 4}), prompt, 5),
            new SlotSetup(4, sampling(null), new int[] {9}, 1)),
        new int[] {3, 0, 17},
        new int[] {3, 4},
        new byte[] {StepBatch.PREFILL_LAST, StepBatch.DECODE},
        new int[] {0, 8},
        new int[] {0, tokens, tokens + 2},
        prompt,
        new int[] {-1, -1},
        new int[] {0, 1},
        new int[] {tokens - 1, tokens, tokens + 1},
        new int[] {0});
  }

  private static SlotSampling sampling(int @Nullable [] allowed) {
    return new SlotSampling(
        0.5f,
        0.9f,
        40,
        0.01f,
        1.1f,
        0.2f,
        0.3f,
        -5,
        new int[] {1, 2},
        new float[] {0.5f, -100},
        allowed,
        new int[][] {{1, 2}, {}, {3}},
        1000,
        1,
        50,
        new int[] {7},
        3,
        -1);
  }
}
