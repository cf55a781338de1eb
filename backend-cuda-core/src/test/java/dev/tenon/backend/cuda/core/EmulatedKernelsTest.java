package dev.tenon.backend.cuda.core;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.tenon.api.TenonException;
import dev.tenon.engine.tck.contract.RandomTensors;
import java.net.URISyntaxException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.slf4j.LoggerFactory;

/**
 * The kernels' own tests, and the kernels behind the driver's interface, with every kernel run
 * thread by thread on this machine's processor. Needs a C++ compiler and CUDA's headers ({@code
 * gpu/toolchain} makes them); skipped with the reason otherwise.
 */
class EmulatedKernelsTest {
  /** What ranks of 1, 2 and 3 have after a sum, a collection and a copy, twice. */
  private static final List<String> EXCHANGED =
      List.of(
          "rank 0 [6, 1, 2, 3, 3, 6, 1, 2, 3, 3]",
          "rank 1 [6, 1, 2, 3, 3, 6, 1, 2, 3, 3]",
          "rank 2 [6, 1, 2, 3, 3, 6, 1, 2, 3, 3]");

  @BeforeAll
  static void findTools() throws Exception {
    EmulatedParts.requireTools();
  }

  @Test
  void everyTestOfTheKernelsPasses() throws Exception {
    EmulatedParts.Run tests = EmulatedParts.run(EmulatedParts.RUN, "--jobs", "2");
    assertThat(tests.status()).as(tests.output()).isZero();
    assertThat(tests.output()).contains("passed emulation_test");
  }

  @Test
  void accessesThatNothingOrdersAreReported() throws Exception {
    EmulatedParts.Run found = EmulatedParts.run("g++", "-print-file-name=libtsan.so");
    assumeTrue(found.output().strip().startsWith("/"), "g++ has no ThreadSanitizer here");
    EmulatedParts.Run tests = EmulatedParts.run(EmulatedParts.RUN, "--races", "race_test");
    assertThat(tests.status()).as(tests.output()).isZero();
    assertThat(tests.output()).contains("passed race_test");
  }

  @Test
  void kernelsRunAtOnceAndFromGraphs() throws Exception {
    EmulatedParts parts = EmulatedParts.built();
    EmulatedParts.Run scenario =
        EmulatedParts.run(java(EmulatedKernelsScenario.class, parts, List.of()), Map.of());
    assertThat(scenario.output().lines())
        .containsExactly(
            "target emulated",
            "not offered ",
            "candidates true",
            "space of few rows at 4 true",
            "space of few rows at 12 0",
            "in bounds true",
            "nodes 3",
            "same true",
            "same true");
  }

  @Test
  void aDryRunCountsWhatTheBackendTakes() throws Exception {
    EmulatedParts.Run scenario =
        EmulatedParts.run(java(DryRunScenario.class, EmulatedParts.built(), List.of()), Map.of());
    assertThat(scenario.output().lines().filter(line -> !line.startsWith("SLF4J")))
        .containsExactly("nothing taken true", "weights true", "rest 0", "recordings true");
  }

  @Test
  void ranksExchangeThroughNccl(@TempDir Path folder) throws Exception {
    EmulatedParts parts = EmulatedParts.built();
    assertThat(ranks(parts, folder, "nccl", Map.of())).containsExactlyElementsOf(EXCHANGED);
  }

  @Test
  void ranksSumThroughEachOthersMemory(@TempDir Path folder) throws Exception {
    EmulatedParts parts = EmulatedParts.built();
    assertThat(ranks(parts, folder, "peers", Map.of())).containsExactlyElementsOf(EXCHANGED);
  }

  @Test
  void aSumThroughOthersMemoryEndsWhenItsRankLeaves(@TempDir Path folder) throws Exception {
    EmulatedParts parts = EmulatedParts.built();
    assertThat(ranks(parts, folder, "leave", Map.of()))
        .containsExactly("rank 0 left", "rank 1 left", "rank 2 left");
  }

  @Test
  void cardsThatCannotReachEachOtherAreNamedOnEveryRank(@TempDir Path folder) throws Exception {
    EmulatedParts parts = EmulatedParts.built();
    assertThat(ranks(parts, folder, "peers", Map.of("FAKE_CUDA_NO_IPC", "1")))
        .allSatisfy(line ->
            assertThat(line)
                .contains("DEVICE_UNAVAILABLE")
                .contains("rank 0: cuIpcGetMemHandle")
                .contains("all-reduce nccl"));
  }

  @Test
  void sumsAreLeftToNcclWhereCardsCannotReachEachOther(@TempDir Path folder) throws Exception {
    EmulatedParts parts = EmulatedParts.built();
    assertThat(ranks(parts, folder, "auto", Map.of("FAKE_CUDA_NO_IPC", "1")))
        .containsExactlyElementsOf(EXCHANGED);
  }

  @Test
  void ranksNoticeThatAnotherOneIsGone(@TempDir Path folder) throws Exception {
    EmulatedParts parts = EmulatedParts.built();
    assertThat(ranks(parts, folder, "nccl", Map.of("FAKE_NCCL_DIE", "2:4")))
        .containsExactly(
            "rank 0 DEVICE_FAULT: NCCL lost the other ranks: remote process exited",
            "rank 1 DEVICE_FAULT: NCCL lost the other ranks: remote process exited",
            "the test ends this process");
  }

  /** The last lines of three ranks. */
  private static List<String> ranks(
      EmulatedParts parts, Path folder, String sums, Map<String, String> environment)
      throws Exception {
    Path meeting = Files.createDirectory(folder.resolve("meeting"));
    try (ExecutorService threads = Executors.newCachedThreadPool()) {
      List<Future<EmulatedParts.Run>> runs = new ArrayList<>();
      for (int rank = 0; rank < 3; rank++) {
        String nccl = parts.nccl().toString();
        List<String> command =
            java(
                NcclGroupScenario.class,
                parts,
                List.of(nccl, meeting.toString(), "3", String.valueOf(rank), sums));
        runs.add(threads.submit(() -> EmulatedParts.run(command, environment)));
      }
      List<String> last = new ArrayList<>();
      for (Future<EmulatedParts.Run> each : runs) {
        last.add(each.get().output().lines().toList().getLast());
      }
      return last;
    }
  }

  private static List<String> java(Class<?> scenario, EmulatedParts parts, List<String> arguments)
      throws URISyntaxException {
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.addAll(List.of("--enable-native-access=ALL-UNNAMED", "-cp"));
    command.add(
        String.join(
            System.getProperty("path.separator"),
            "target/classes",
            "target/test-classes",
            location(TenonException.class),
            location(RandomTensors.class),
            location(LoggerFactory.class)));
    command.add(scenario.getName());
    command.add(parts.bridge().toString());
    command.add(parts.driver().toString());
    command.add(parts.kernels().toString());
    command.addAll(arguments);
    return command;
  }

  private static String location(Class<?> type) throws URISyntaxException {
    return Path.of(type.getProtectionDomain().getCodeSource().getLocation().toURI()).toString();
  }
}
