package dev.tenon.backend.cuda.core;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * What runs kernels on this machine's processor, thread by thread. Needs a C++ compiler and CUDA's
 * headers ({@code gpu/toolchain} makes them); tests are skipped with the reason otherwise.
 *
 * @param bridge the JNI library
 * @param driver in place of CUDA's
 * @param kernels for it
 * @param nccl in place of NCCL
 */
record EmulatedParts(Path bridge, Path driver, Path kernels, Path nccl) {
  static final String RUN = Path.of("src/test/native/run").toAbsolutePath().toString();

  private static @Nullable EmulatedParts built;

  /** What a process left. */
  record Run(int status, String output) {}

  /** Skips the test where tools are missing; returns the folder of CUDA's headers. */
  static Path requireTools() throws Exception {
    Run found = run("../gpu/toolchain", "--find");
    assumeTrue(found.status() == 0, found.output());
    assumeTrue(available("g++"), "no g++ here");
    assumeTrue(available("bash"), "no bash here");
    return Path.of(found.output().strip()).resolve("include");
  }

  /** Builds them, once for all tests. */
  static synchronized EmulatedParts built() throws Exception {
    EmulatedParts known = built;
    if (known == null) {
      known = build();
      built = known;
    }
    return known;
  }

  private static EmulatedParts build() throws Exception {
    Path headers = requireTools();
    Path jni = Path.of(System.getProperty("java.home"), "include");
    assumeTrue(Files.exists(jni.resolve("jni.h")), "this Java run-time has no jni.h");
    Run libraries = run(RUN, "--jobs", "2", "--libraries");
    assertThat(libraries.status()).as(libraries.output()).isZero();
    Path bridge = Files.createDirectories(Path.of("target/emulated")).resolve("libtenon_cuda.so");
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
    Path folder = Path.of(libraries.output().lines().toList().getLast());
    return new EmulatedParts(
        bridge.toAbsolutePath(),
        folder.resolve("libcuda_emulated.so"),
        folder.resolve("libtenon_emulated.so"),
        folder.resolve("libnccl_emulated.so"));
  }

  private static boolean available(String command) throws Exception {
    try {
      return run(command, "--version").status() == 0;
    } catch (IOException e) {
      return false;
    }
  }

  static Run run(String... command) throws Exception {
    return run(List.of(command), Map.of());
  }

  static Run run(List<String> command, Map<String, String> environment) throws Exception {
    ProcessBuilder builder = new ProcessBuilder(command).redirectErrorStream(true);
    builder.environment().putAll(environment);
    Process process = builder.start();
    String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assertThat(process.waitFor(1, TimeUnit.MINUTES)).isTrue();
    return new Run(process.exitValue(), output);
  }
}
