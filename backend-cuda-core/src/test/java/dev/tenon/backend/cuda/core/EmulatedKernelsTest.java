package dev.tenon.backend.cuda.core;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.tenon.api.TenonException;
import dev.tenon.engine.tck.contract.RandomTensors;
import java.io.IOException;
import java.net.URISyntaxException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
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
  private static final String RUN = Path.of("src/test/native/run").toAbsolutePath().toString();

  private static Path headers = Path.of("");

  @BeforeAll
  static void findTools() throws Exception {
    Run found = run("../gpu/toolchain", "--find");
    assumeTrue(found.status() == 0, found.output());
    headers = Path.of(found.output().strip()).resolve("include");
    assumeTrue(available("g++"), "no g++ here");
    assumeTrue(available("bash"), "no bash here");
  }

  @Test
  void everyTestOfTheKernelsPasses() throws Exception {
    Run tests = run(RUN, "--jobs", "2");
    assertThat(tests.status()).as(tests.output()).isZero();
    assertThat(tests.output()).contains("passed emulation_test");
  }

  @Test
  void kernelsRunAtOnceAndFromGraphs(@TempDir Path folder) throws Exception {
    Parts parts = build(folder);
    Run scenario = run(java(EmulatedKernelsScenario.class, parts, List.of()), Map.of());
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
  void aDryRunCountsWhatTheBackendTakes(@TempDir Path folder) throws Exception {
    Run scenario = run(java(DryRunScenario.class, build(folder), List.of()), Map.of());
    assertThat(scenario.output().lines().filter(line -> !line.startsWith("SLF4J")))
        .containsExactly("nothing taken true", "weights true", "rest 0", "recordings true");
  }

  @Test
  void ranksExchangeThroughNccl(@TempDir Path folder) throws Exception {
    Parts parts = build(folder);
    assertThat(ranks(parts, folder, Map.of()))
        .containsExactly(
            "rank 0 [6, 1, 2, 3, 3, 6, 1, 2, 3, 3]",
            "rank 1 [6, 1, 2, 3, 3, 6, 1, 2, 3, 3]",
            "rank 2 [6, 1, 2, 3, 3, 6, 1, 2, 3, 3]");
  }

  @Test
  void ranksNoticeThatAnotherOneIsGone(@TempDir Path folder) throws Exception {
    Parts parts = build(folder);
    assertThat(ranks(parts, folder, Map.of("FAKE_NCCL_DIE", "2:4")))
        .containsExactly(
            "rank 0 DEVICE_FAULT: NCCL lost the other ranks: remote process exited",
            "rank 1 DEVICE_FAULT: NCCL lost the other ranks: remote process exited",
            "the test ends this process");
  }

  /** The last lines of three ranks. */
  private static List<String> ranks(Parts parts, Path folder, Map<String, String> environment)
      throws Exception {
    Path meeting = Files.createDirectory(folder.resolve("meeting"));
    try (ExecutorService threads = Executors.newCachedThreadPool()) {
      List<Future<Run>> runs = new ArrayList<>();
      for (int rank = 0; rank < 3; rank++) {
        String nccl = parts.built().resolve("libnccl_emulated.so").toString();
        List<String> command =
            java(
                NcclGroupScenario.class,
                parts,
                List.of(nccl, meeting.toString(), "3", String.valueOf(rank)));
        runs.add(threads.submit(() -> run(command, environment)));
      }
      List<String> last = new ArrayList<>();
      for (Future<Run> each : runs) {
        last.add(each.get().output().lines().toList().getLast());
      }
      return last;
    }
  }

  /**
   * What scenarios run with.
   *
   * @param bridge the JNI library
   * @param built folder of driver, kernels and NCCL
   */
  private record Parts(Path bridge, Path built) {}

  private static Parts build(Path folder) throws Exception {
    Path jni = Path.of(System.getProperty("java.home"), "include");
    assumeTrue(Files.exists(jni.resolve("jni.h")), "this Java run-time has no jni.h");
    Run libraries = run(RUN, "--jobs", "2", "--libraries");
    assertThat(libraries.status()).as(libraries.output()).isZero();
    Path bridge = folder.resolve("libtenon_cuda.so");
    Run compiled =
        run(
            "g++",
            "-std=c++17",
            "-fPIC",
            "-shared",
            "src/main/native/jni/native_cuda.cpp",
            "src/main/native/jni/native_nccl.cpp",
            "-o",
            bridge.toString(),
            "-I" + headers,
            "-I" + jni,
            "-I" + jni.resolve("linux"));
    assertThat(compiled.status()).as(compiled.output()).isZero();
    return new Parts(bridge, Path.of(libraries.output().lines().toList().getLast()));
  }

  private static List<String> java(Class<?> scenario, Parts parts, List<String> arguments)
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
    command.add(parts.built().resolve("libcuda_emulated.so").toString());
    command.add(parts.built().resolve("libtenon_emulated.so").toString());
    command.addAll(arguments);
    return command;
  }

  private static String location(Class<?> type) throws URISyntaxException {
    return Path.of(type.getProtectionDomain().getCodeSource().getLocation().toURI()).toString();
  }

  private static boolean available(String command) throws Exception {
    try {
      return run(command, "--version").status() == 0;
    } catch (IOException e) {
      return false;
    }
  }

  private record Run(int status, String output) {}

  private static Run run(String... command) throws Exception {
    return run(List.of(command), Map.of());
  }

  private static Run run(List<String> command, Map<String, String> environment) throws Exception {
    ProcessBuilder builder = new ProcessBuilder(command).redirectErrorStream(true);
    builder.environment().putAll(environment);
    Process process = builder.start();
    String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assertThat(process.waitFor(1, TimeUnit.MINUTES)).isTrue();
    return new Run(process.exitValue(), output);
  }
}
