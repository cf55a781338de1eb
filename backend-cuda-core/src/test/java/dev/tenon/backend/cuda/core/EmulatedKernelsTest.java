package dev.tenon.backend.cuda.core;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

/**
 * The kernels' own tests, with every kernel run thread by thread on this machine's processor. Needs
 * a C++ compiler and CUDA's headers ({@code gpu/toolchain} makes them); skipped with the reason
 * otherwise.
 */
class EmulatedKernelsTest {
  @Test
  void everyTestOfTheKernelsPasses() throws Exception {
    Run found = run("../gpu/toolchain", "--find");
    assumeTrue(found.status() == 0, found.output());
    assumeTrue(available("g++"), "no g++ here");
    assumeTrue(available("bash"), "no bash here");
    Run tests = run(Path.of("src/test/native/run").toAbsolutePath().toString(), "--jobs", "2");
    assertThat(tests.status()).as(tests.output()).isZero();
    assertThat(tests.output()).contains("passed emulation_test");
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
