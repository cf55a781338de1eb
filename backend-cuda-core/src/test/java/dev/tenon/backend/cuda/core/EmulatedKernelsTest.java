package dev.tenon.backend.cuda.core;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.tenon.api.TenonException;
import java.io.IOException;
import java.net.URISyntaxException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

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
    Path java = Path.of(System.getProperty("java.home"));
    Path jni = java.resolve("include");
    assumeTrue(Files.exists(jni.resolve("jni.h")), "this Java run-time has no jni.h");
    Run libraries = run(RUN, "--jobs", "2", "--libraries");
    assertThat(libraries.status()).as(libraries.output()).isZero();
    Path built = Path.of(libraries.output().lines().toList().getLast());
    Path bridge = folder.resolve("libtenon_cuda.so");
    String source = "src/main/native/jni/native_cuda.cpp";
    Run compiled =
        run(
            "g++",
            "-std=c++17",
            "-fPIC",
            "-shared",
            source,
            "-o",
            bridge.toString(),
            "-I" + headers,
            "-I" + jni,
            "-I" + jni.resolve("linux"));
    assertThat(compiled.status()).as(compiled.output()).isZero();
    Run scenario =
        run(
            java.resolve("bin/java").toString(),
            "--enable-native-access=ALL-UNNAMED",
            "-cp",
            String.join(
                System.getProperty("path.separator"),
                "target/classes",
                "target/test-classes",
                location(TenonException.class)),
            EmulatedKernelsScenario.class.getName(),
            bridge.toString(),
            built.resolve("libcuda_emulated.so").toString(),
            built.resolve("libtenon_emulated.so").toString());
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
    Process process = new ProcessBuilder(List.of(command)).redirectErrorStream(true).start();
    String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assertThat(process.waitFor(1, TimeUnit.MINUTES)).isTrue();
    return new Run(process.exitValue(), output);
  }
}
