package dev.tenon.engine.runtime.checkpoint;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.tenon.api.ErrorCode;
import dev.tenon.api.TenonException;
import dev.tenon.json.values.CheckpointJson;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class CheckpointLocationTest {
  @TempDir Path home;

  @Test
  void takesAFolder() throws IOException {
    Path folder = Files.createDirectories(home.resolve("models/demo"));
    CheckpointLocation location = find(folder.toString(), Map.of());
    assertThat(location.name()).isEqualTo("demo");
    assertThat(location.folder()).isEqualTo(folder.toAbsolutePath());
  }

  @Test
  void findsAHubIdInTheUsualCache() throws IOException {
    Path snapshot = cached(home.resolve(".cache/huggingface/hub"));
    assertThat(find("org/some-model", Map.of()))
        .isEqualTo(new CheckpointLocation("org/some-model", snapshot));
  }

  @Test
  void theEnvironmentMovesTheCache() throws IOException {
    Path moved = home.resolve("elsewhere");
    Path viaHome = cached(moved.resolve("hub"));
    assertThat(find("org/some-model", Map.of("HF_HOME", moved.toString())).folder())
        .isEqualTo(viaHome);
    Path direct = cached(home.resolve("direct"));
    Map<String, String> both =
        Map.of("HF_HOME", moved.toString(), "HF_HUB_CACHE", home.resolve("direct").toString());
    assertThat(find("org/some-model", both).folder()).isEqualTo(direct);
  }

  @Test
  void readsFilesThatAreLinksToBlobs() throws IOException {
    Path snapshot = cached(home.resolve(".cache/huggingface/hub"));
    Path blob = Files.createDirectories(snapshot.resolve("../../blobs")).resolve("abc");
    Files.writeString(blob, "{\"model_type\": \"toy\"}");
    Files.createSymbolicLink(snapshot.resolve("config.json"), Path.of("../../blobs/abc"));
    assertThat(
            CheckpointJson.readObject(
                find("org/some-model", Map.of()).folder().resolve("config.json")))
        .containsEntry("model_type", "toy");
  }

  @Test
  void saysWhereItLookedForAHubIdAndHowToGetIt() {
    refused("org/absent", "org/absent", "models--org--absent", "hf download org/absent");
  }

  @Test
  void refusesARevisionThatLeavesTheCache() throws IOException {
    Path model = home.resolve(".cache/huggingface/hub/models--org--some-model");
    Files.createDirectories(model.resolve("refs"));
    Files.writeString(model.resolve("refs/main"), "../../../etc");
    refused("org/some-model", "refs/main", "revision");
  }

  @Test
  void refusesWhatIsNeitherFolderNorHubId() throws IOException {
    refused("/no/such/folder", "/no/such/folder", "hub id");
    refused("../..//x/..y/", "hub id");
    refused(" ", "hub id");
    Path file = Files.writeString(home.resolve("model.gguf"), "x");
    refused(file.toString(), "is a file", "folder");
  }

  private static Path cached(Path cache) throws IOException {
    Path model = cache.resolve("models--org--some-model");
    Files.createDirectories(model.resolve("refs"));
    Files.writeString(model.resolve("refs/main"), "0123abcd\n");
    return Files.createDirectories(model.resolve("snapshots/0123abcd"));
  }

  private CheckpointLocation find(String model, Map<String, String> environment) {
    return CheckpointLocation.of(model, environment, home);
  }

  private void refused(String model, String... parts) {
    assertThatThrownBy(() -> find(model, Map.of()))
        .isInstanceOfSatisfying(
            TenonException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.MODEL_NOT_FOUND))
        .hasMessageContainingAll(parts);
  }
}
