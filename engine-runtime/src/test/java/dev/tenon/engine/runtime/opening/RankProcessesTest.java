package dev.tenon.engine.runtime.opening;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.tenon.api.Engine;
import dev.tenon.api.EngineConfig;
import dev.tenon.api.EngineHealth;
import dev.tenon.api.ErrorCode;
import dev.tenon.api.GenerationEvent;
import dev.tenon.api.GenerationRequest;
import dev.tenon.api.GenerationStream;
import dev.tenon.api.LoadFormat;
import dev.tenon.api.LoadProgress;
import dev.tenon.api.Prompt;
import dev.tenon.api.SamplingParameters;
import dev.tenon.api.TenonException;
import dev.tenon.engine.runtime.RuntimeEngine;
import dev.tenon.engine.runtime.ToyRank;
import dev.tenon.engine.runtime.plugins.PluginCatalog;
import dev.tenon.engine.runtime.ranks.RankProcesses;
import dev.tenon.engine.tck.fake.FakeOptions;
import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Engines whose other ranks are processes, on devices that compute nothing. */
@Timeout(60)
class RankProcessesTest {
  @TempDir Path folder;
  private final ToyBackendProvider backends = ToyBackendProvider.ofProcesses();
  private Set<Long> before = Set.of();

  @BeforeEach
  void writeConfig() throws IOException {
    Files.writeString(folder.resolve("config.json"), "{\"model_type\": \"toy\"}");
    before = children().map(ProcessHandle::pid).collect(Collectors.toSet());
  }

  @AfterEach
  void noProcessIsLeft() {
    assertThat(ranks()).isEmpty();
  }

  @Test
  void allRanksServeAndEndWithTheEngine() throws InterruptedException {
    try (Engine engine = open(4, Map.of())) {
      assertThat(ranks()).hasSize(3);
      assertThat(tokens(engine.submit(request(20)))).hasSize(20);
      assertThat(engine.description().toString()).contains("on each of 4 ranks");
    }
  }

  @Test
  void aRankThatCannotBeOpenedGivesItsReason() {
    assertThatThrownBy(() -> open(4, Map.of("refuse", "2")))
        .isInstanceOfSatisfying(
            TenonException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.DEVICE_UNAVAILABLE))
        .hasMessage("rank 2: no toy for this rank");
  }

  @Test
  void aRankThatDiesWhileItIsOpenedIsNamed() {
    assertThatThrownBy(() -> open(4, Map.of("die", "1")))
        .hasMessageStartingWith("rank 1: its process ended with status 7");
  }

  @Test
  void aRankThatDiesEndsTheEngineWhileAStepIsWaitedFor() throws InterruptedException {
    backends.options = FakeOptions.defaults().held();
    try (Engine engine = open(4, Map.of())) {
      GenerationStream stream = engine.submit(request(20));
      while (backends.opened.getFirst().launched() == 0) {
        Thread.onSpinWait();
      }
      ranks().getFirst().destroyForcibly();
      assertThatThrownBy(() -> tokens(stream))
          .isInstanceOfSatisfying(
              TenonException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.DEVICE_FAULT))
          .hasMessageMatching("(?s)rank \\d: its process was ended by signal 9.*");
      assertThat(engine.health().state()).isEqualTo(EngineHealth.State.FAILED);
      assertThat(engine.health().reason()).contains("ended by signal 9");
    }
  }

  @Test
  void aRankThatDiesEndsAnIdleEngine() throws InterruptedException {
    try (Engine engine = open(2, Map.of())) {
      ranks().getFirst().destroyForcibly();
      awaitFailure(engine);
      assertThat(engine.health().reason()).contains("rank 1: its process was ended by signal 9");
      assertThatThrownBy(() -> engine.submit(request(1))).hasMessageContaining("rank 1");
    }
  }

  @Test
  void aFaultOfARanksDeviceEndsTheEngine() throws InterruptedException {
    try (Engine engine = open(2, Map.of("fail", "1"))) {
      // this rank's fake device does not wait for the other's
      assertThat(tokens(engine.submit(request(20)))).hasSize(20);
      awaitFailure(engine);
      assertThat(engine.health().reason())
          .isEqualTo("DEVICE_FAULT: rank 1: sample: fault injected in step 3");
    }
  }

  @Test
  void aRankEndsWhenTheFirstOneIsGone() throws Exception {
    Process orphan = new ProcessBuilder(command()).start();
    orphan.getOutputStream().close();
    assertThat(orphan.waitFor()).isEqualTo(3);
  }

  @Test
  void aRankLeavesSignalsToTheFirstOne() throws InterruptedException {
    try (Engine engine = open(2, Map.of())) {
      // SIGTERM, which is to ranks what Ctrl-C is
      assertThat(ranks().getFirst().destroy()).isTrue();
      assertThat(tokens(engine.submit(request(20)))).hasSize(20);
      assertThat(ranks()).hasSize(1);
    }
  }

  private static void awaitFailure(Engine engine) throws InterruptedException {
    while (engine.health().state() == EngineHealth.State.SERVING) {
      Thread.sleep(5);
    }
  }

  private Engine open(int ranks, Map<String, String> options) {
    EngineConfig config =
        EngineConfig.builder(folder.toString())
            .loadFormat(LoadFormat.DUMMY)
            .tensorParallelSize(ranks)
            .maxModelLen(100)
            .backendOptions(options)
            .build();
    PluginCatalog catalog = PluginCatalog.of(List.of(backends, new ToyModelProvider()));
    return RuntimeEngine.start(
        EngineOpener.open(
            config,
            LoadProgress.SILENT,
            catalog,
            (given, backend) -> RankProcesses.start(given, backend, command())));
  }

  private static List<String> command() {
    String places =
        Stream.of(
                "target/classes",
                "target/test-classes",
                System.getProperty("jdk.module.path", ""),
                System.getProperty("java.class.path", ""))
            .filter(place -> !place.isEmpty())
            .collect(Collectors.joining(File.pathSeparator));
    String java = Path.of(System.getProperty("java.home"), "bin", "java").toString();
    return List.of(java, "-Xshare:auto", "-cp", places, ToyRank.class.getName());
  }

  private static GenerationRequest request(int tokens) {
    return GenerationRequest.of(
        Prompt.of(1, 2, 3),
        SamplingParameters.builder()
            .temperature(0.0)
            .maxTokens(tokens)
            .ignoreEndOfText(true)
            .build());
  }

  private static List<Integer> tokens(GenerationStream stream) throws InterruptedException {
    List<Integer> tokens = new ArrayList<>();
    for (GenerationEvent event = stream.next(); event != null; event = stream.next()) {
      if (event instanceof GenerationEvent.Delta delta) {
        for (int token : delta.tokens()) {
          tokens.add(token);
        }
      }
    }
    return tokens;
  }

  private List<ProcessHandle> ranks() {
    return children().filter(child -> !before.contains(child.pid())).toList();
  }

  private static Stream<ProcessHandle> children() {
    return ProcessHandle.current().children().filter(ProcessHandle::isAlive);
  }
}
