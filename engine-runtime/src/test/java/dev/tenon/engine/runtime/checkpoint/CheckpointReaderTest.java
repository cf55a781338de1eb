package dev.tenon.engine.runtime.checkpoint;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.tenon.api.ErrorCode;
import dev.tenon.api.LoadFormat;
import dev.tenon.api.TenonException;
import dev.tenon.engine.tck.golden.Golden;
import dev.tenon.spi.model.Checkpoint;
import java.io.IOException;
import java.math.BigInteger;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class CheckpointReaderTest {
  @TempDir Path folder;

  @Test
  void readsConfigsAndHeaders() throws IOException {
    Golden.copyTinyCheckpoint(folder);
    Files.writeString(folder.resolve("generation_config.json"), "{\"top_k\": 20}");
    Checkpoint checkpoint = read(Map.of(), LoadFormat.SAFETENSORS).checkpoint();
    assertThat(checkpoint.config()).containsEntry("hidden_size", 64L);
    assertThat(checkpoint.generationConfig()).containsEntry("top_k", 20L);
    assertThat(checkpoint.tensors()).hasSize(195);
    assertThat(checkpoint.source()).isEqualTo(Checkpoint.Source.FILES);
  }

  @Test
  void mergesOverridesKeyByKey() throws IOException {
    config("{\"a\": 1, \"rope\": {\"type\": \"yarn\", \"factor\": 4}, \"list\": [1]}");
    Map<String, Object> overrides =
        Map.of("rope", Map.of("factor", 2L), "list", List.of(), "b", true);
    assertThat(read(overrides, LoadFormat.DUMMY).checkpoint().config())
        .isEqualTo(
            Map.of(
                "a",
                1L,
                "b",
                true,
                "rope",
                Map.of("type", "yarn", "factor", 2L),
                "list",
                List.of()));
  }

  @Test
  void keepsNumbersExactly() throws IOException {
    config("{\"l\": 7, \"d\": 1e-6, \"b\": 123456789012345678901234567890, \"n\": null}");
    Map<String, Object> config = read(Map.of(), LoadFormat.DUMMY).checkpoint().config();
    assertThat(config).containsEntry("l", 7L).containsEntry("d", 1e-6);
    assertThat(config).containsEntry("b", new BigInteger("123456789012345678901234567890"));
    assertThat(config).containsKey("n");
  }

  @Test
  void dummyWeightsNeedNoFiles() throws IOException {
    config("{}");
    CheckpointReader.Opened opened = read(Map.of(), LoadFormat.DUMMY);
    assertThat(opened.files()).isNull();
    assertThat(opened.checkpoint().source()).isEqualTo(Checkpoint.Source.DUMMY);
  }

  @Test
  void saysThatTheFolderIsNoCheckpoint() {
    refused("config.json", "none");
  }

  @Test
  void refusesABrokenConfig() throws IOException {
    config("{\"a\": ");
    refused("config.json", "not a JSON object");
    config("[1]");
    refused("config.json", "not a JSON object");
    config("{} {}");
    refused("config.json", "not a JSON object");
    config("{\"a\": " + "[".repeat(5000));
    refused("config.json", "not a JSON object");
  }

  private void config(String json) throws IOException {
    Files.writeString(folder.resolve("config.json"), json);
  }

  private CheckpointReader.Opened read(Map<String, Object> overrides, LoadFormat format) {
    return CheckpointReader.read(CheckpointLocation.of(folder.toString()), overrides, format);
  }

  private void refused(String... parts) {
    assertThatThrownBy(() -> read(Map.of(), LoadFormat.DUMMY))
        .isInstanceOfSatisfying(
            TenonException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.INVALID_CHECKPOINT))
        .hasMessageContainingAll(parts);
  }
}
