package dev.tenon.engine.runtime.weights;

import static dev.tenon.engine.runtime.weights.SafetensorsFiles.entry;
import static dev.tenon.engine.runtime.weights.SafetensorsFiles.write;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.tenon.api.ErrorCode;
import dev.tenon.api.TenonException;
import dev.tenon.engine.tck.golden.Golden;
import dev.tenon.spi.backend.HostTensor;
import java.io.IOException;
import java.lang.foreign.ValueLayout;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Objects;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class CheckpointFilesTest {
  @TempDir Path folder;

  @Test
  void readsAShardedCheckpointInPlace() {
    Golden.copyTinyCheckpoint(folder);
    CheckpointFiles files = CheckpointFiles.read(folder);
    assertThat(files.entries()).hasSize(195);
    try (TensorStore store = files.map()) {
      HostTensor norm = Objects.requireNonNull(store.find("mtp.norm.weight"));
      assertThat(norm.shape()).containsExactly(64L);
      float first =
          Float.intBitsToFloat(norm.data().get(ValueLayout.JAVA_SHORT_UNALIGNED, 0) << 16);
      double expected =
          Objects.requireNonNull(Golden.load("tiny").weightProbe().get("mtp.norm.weight"))
              .getFirst();
      assertThat((double) first).isEqualTo(expected);
      assertThat(norm.data().isReadOnly()).isTrue();
    }
  }

  @Test
  void readsASingleFile() throws IOException {
    write(folder.resolve("model.safetensors"), 4, entry("a", "F32", "[1]", 0, 4));
    assertThat(CheckpointFiles.read(folder).entries()).containsOnlyKeys("a");
  }

  @Test
  void saysThatPickledWeightsAreNeverRead() throws IOException {
    Files.writeString(folder.resolve("pytorch_model.bin"), "x");
    refused("pytorch_model.bin", "pickled", "safetensors");
  }

  @Test
  void saysThatAFolderHasNoWeights() {
    refused("model.safetensors", "neither", "--load-format dummy");
  }

  @Test
  void refusesSeveralFilesWithoutAnIndex() throws IOException {
    twoFiles();
    refused("model.safetensors.index.json", "2 .safetensors files");
  }

  @Test
  void refusesAnIndexThatNamesAMissingFile() throws IOException {
    twoFiles();
    index("\"a\": \"one.safetensors\", \"b\": \"three.safetensors\"");
    refused("three.safetensors", "no such file");
  }

  @Test
  void refusesAnIndexThatNamesATensorInNoFile() throws IOException {
    twoFiles();
    index("\"a\": \"one.safetensors\", \"b\": \"two.safetensors\", \"c\": \"two.safetensors\"");
    refused("index.json", "'c'", "two.safetensors", "none of the files");
  }

  @Test
  void refusesAnIndexThatNamesTheWrongFile() throws IOException {
    twoFiles();
    index("\"b\": \"one.safetensors\", \"a\": \"two.safetensors\"");
    refused("'b'", "to be in one.safetensors", "in two.safetensors");
  }

  @Test
  void refusesATensorThatTheIndexDoesNotName() throws IOException {
    write(
        folder.resolve("one.safetensors"),
        8,
        entry("a", "F32", "[1]", 0, 4),
        entry("b", "F32", "[1]", 4, 8));
    index("\"a\": \"one.safetensors\"");
    refused("one.safetensors", "'b'", "index.json");
  }

  @Test
  void refusesATensorInTwoFiles() throws IOException {
    write(folder.resolve("one.safetensors"), 4, entry("a", "F32", "[1]", 0, 4));
    write(
        folder.resolve("two.safetensors"),
        8,
        entry("a", "F32", "[1]", 0, 4),
        entry("b", "F32", "[1]", 4, 8));
    index("\"a\": \"one.safetensors\", \"b\": \"two.safetensors\"");
    refused("two.safetensors", "'a'", "also in one.safetensors");
  }

  @Test
  void refusesFileNamesThatLeaveTheFolder() throws IOException {
    for (String name :
        new String[] {
          "../one.safetensors", "/etc/one.safetensors", "a\\\\one.safetensors", "C:one.safetensors"
        }) {
      index("\"a\": \"" + name + "\"");
      refused("'a'", "the checkpoint's own folder");
    }
  }

  @Test
  void refusesFilesOfAnotherKind() throws IOException {
    index("\"a\": \"pytorch_model.bin\"");
    refused("'a'", ".safetensors file", "pytorch_model.bin");
  }

  @Test
  void refusesABadIndex() throws IOException {
    Files.writeString(folder.resolve("model.safetensors.index.json"), "{\"weight_map\": [");
    refused("index.json", "not a JSON object");
    Files.writeString(folder.resolve("model.safetensors.index.json"), "{\"weight_map\": []}");
    refused("index.json", "weight_map");
    index("\"a\": 3");
    refused("'a'", "a file name", "3");
    index("\"a\": \"one.safetensors\", \"a\": \"two.safetensors\"");
    refused("index.json", "Duplicate", "\"a\"");
  }

  private void twoFiles() throws IOException {
    write(folder.resolve("one.safetensors"), 4, entry("a", "F32", "[1]", 0, 4));
    write(folder.resolve("two.safetensors"), 4, entry("b", "F32", "[1]", 0, 4));
  }

  private void index(String map) throws IOException {
    Files.writeString(
        folder.resolve("model.safetensors.index.json"), "{\"weight_map\": {" + map + "}}");
  }

  private void refused(String... parts) {
    assertThatThrownBy(() -> CheckpointFiles.read(folder))
        .isInstanceOfSatisfying(
            TenonException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.INVALID_CHECKPOINT))
        .hasMessageContainingAll(parts);
  }
}
