package dev.tenon.engine.runtime.opening;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.tenon.api.EngineConfig;
import dev.tenon.api.EngineConfigBuilder;
import dev.tenon.api.ErrorCode;
import dev.tenon.api.LoadFormat;
import dev.tenon.api.LoadProgress;
import dev.tenon.api.SpeculationConfig;
import dev.tenon.api.TenonException;
import dev.tenon.engine.runtime.EngineParts;
import dev.tenon.engine.runtime.plugins.PluginCatalog;
import dev.tenon.engine.runtime.ranks.RankStarter;
import dev.tenon.engine.tck.fake.FakeBackend;
import dev.tenon.spi.backend.HostMatrix;
import java.io.IOException;
import java.lang.foreign.ValueLayout;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class EngineOpenerTest {
  private static final RankStarter NONE =
      (config, backend) -> {
        throw new AssertionError("these ranks are threads");
      };

  @TempDir Path folder;
  private final ToyBackendProvider backends = new ToyBackendProvider();
  private final ToyModelProvider models = new ToyModelProvider();
  private EngineConfigBuilder config = EngineConfig.builder("");

  @BeforeEach
  void writeConfig() throws IOException {
    Files.writeString(folder.resolve("config.json"), "{\"model_type\": \"toy\"}");
    config = EngineConfig.builder(folder.toString()).loadFormat(LoadFormat.DUMMY);
  }

  @Test
  void opensEveryRankWithItsShareAndPools() {
    List<String> stages = new ArrayList<>();
    config.tensorParallelSize(2).maxModelLen(100);
    EngineParts parts = open((stage, done, total) -> stages.add(stage + " " + done + "/" + total));
    assertThat(parts.ranks()).hasSize(2);
    assertThat(models.bound).extracting(HostMatrix::rows).containsExactly(4, 4);
    assertThat(models.bound.get(1).data().address())
        .isEqualTo(models.bound.get(0).data().address() + 4 * 8 * 2);
    assertThat(parts.plan().limits().maxLength()).isEqualTo(100);
    assertThat(parts.plan().slots()).isEqualTo(parts.limits().sequences()).isEqualTo(8);
    assertThat(parts.card().family()).isEqualTo("toy");
    assertThat(parts.card().maxModelLen()).isEqualTo(100);
    // per rank 4 x 8 matrix elements and 8 of the vector, in bf16
    assertThat(stages).contains("weights 0/160", "weights 64/160", "weights 160/160");
    assertThat(String.join("\n", parts.description()))
        .contains("toy", "fake backend", "on each of 2 ranks", "100 of the model's 1,000 tokens");
    parts.resources().run();
  }

  @Test
  void closingFreesBackendsAndWeightsOnce() {
    EngineParts parts = open(LoadProgress.SILENT);
    HostMatrix matrix = models.bound.getFirst();
    assertThat(matrix.data().get(ValueLayout.JAVA_SHORT, 0)).isNotZero();
    parts.resources().run();
    parts.resources().run();
    everythingIsClosed();
  }

  @Test
  void nothingStaysOpenWhenAModelFails() {
    models.failure = ToyModelProvider.Failure.BIND;
    refused(ErrorCode.INTERNAL, "toy failed at BIND");
    assertThat(backends.opened).hasSize(1);
    everythingIsClosed();
  }

  @Test
  void nothingStaysOpenWhenTheTokenizerFails() {
    models.failure = ToyModelProvider.Failure.TEXT;
    refused(ErrorCode.INTERNAL, "toy failed at TEXT");
    everythingIsClosed();
  }

  private void everythingIsClosed() {
    assertThat(backends.opened).isNotEmpty().allMatch(FakeBackend::isClosed);
    assertThat(models.bound).noneMatch(matrix -> matrix.data().scope().isAlive());
  }

  @Test
  void checksTheModelBeforeABackendIsOpened() {
    models.failure = ToyModelProvider.Failure.DESCRIBE;
    refused(ErrorCode.INTERNAL, "toy failed at DESCRIBE");
    models.failure = ToyModelProvider.Failure.NONE;
    config.tensorParallelSize(3);
    refused(ErrorCode.INVALID_CONFIGURATION, "8 rows do not divide");
    config.tensorParallelSize(1).loadFormat(LoadFormat.SAFETENSORS);
    refused(ErrorCode.INVALID_CHECKPOINT, "model.safetensors");
    assertThat(backends.opened).isEmpty();
  }

  @Test
  void namesTheModelsThatDoNotReadTheCheckpoint() throws IOException {
    Files.writeString(folder.resolve("config.json"), "{\"model_type\": \"other\"}");
    refused(ErrorCode.PLUGIN_NOT_FOUND, "model_type other", "toy: model_type is other, not toy");
  }

  @Test
  void refusesAModelHeadWhereTheCheckpointHasNone() {
    config.speculation(new SpeculationConfig("absent", 1));
    refused(ErrorCode.PLUGIN_NOT_FOUND, "speculator 'absent'", "installed: none");
  }

  @Test
  void refusesABackendThatIsNotInstalled() {
    config.backend("cuda-hopper");
    refused(ErrorCode.PLUGIN_NOT_FOUND, "'cuda-hopper'", "installed: toy");
  }

  @Test
  void refusesOptionsThatCannotWork() {
    assertThatThrownBy(() ->
            EngineOpener.open(config.memoryUtilization(1.5).build(), LoadProgress.SILENT, NONE))
        .hasMessageContainingAll("gpu_memory_utilization is 1.5", "at most 1");
    assertThatThrownBy(() ->
            EngineOpener.open(
                config.memoryUtilization(1).blockSize(0).build(), LoadProgress.SILENT, NONE))
        .isInstanceOfSatisfying(
            TenonException.class, e -> assertThat(e.parameter()).isEqualTo("block_size"))
        .hasMessageContainingAll("block_size is 0", "1 to 4096");
  }

  private EngineParts open(LoadProgress progress) {
    return EngineOpener.open(
        config.build(), progress, PluginCatalog.of(List.of(backends, models)), NONE);
  }

  private void refused(ErrorCode code, String... parts) {
    assertThatThrownBy(() -> open(LoadProgress.SILENT))
        .isInstanceOfSatisfying(TenonException.class, e -> assertThat(e.code()).isEqualTo(code))
        .hasMessageContainingAll(parts);
  }
}
