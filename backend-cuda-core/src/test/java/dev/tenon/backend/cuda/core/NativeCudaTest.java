package dev.tenon.backend.cuda.core;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.fasterxml.jackson.annotation.JsonSerializeAs;
import dev.tenon.api.TenonException;
import dev.tenon.json.values.JsonValues;
import java.io.IOException;
import java.net.URISyntaxException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.slf4j.Logger;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;

/**
 * The JNI library against a driver and kernels that run nothing. Needs a C++ compiler and CUDA's
 * headers ({@code gpu/toolchain} makes them); skipped with the reason otherwise.
 */
class NativeCudaTest {
  @TempDir private static Path folder;

  @BeforeAll
  static void build() throws Exception {
    Run found = run(List.of("../gpu/toolchain", "--find"), Map.of());
    assumeTrue(found.status() == 0, found.output());
    Path headers = Path.of(found.output().strip()).resolve("include");
    Path jdk = Path.of(System.getProperty("java.home"), "include");
    assumeTrue(Files.exists(jdk.resolve("jni.h")), "this Java run-time has no jni.h");
    assumeTrue(available("g++"), "no g++ here");
    compile(
        "g++",
        "-std=c++17",
        "src/main/native/jni/native_cuda.cpp",
        "libtenon_cuda.so",
        headers,
        jdk,
        jdk.resolve("linux"));
    compile(
        "gcc", "-std=c11", "src/test/native/fake_driver/fake_driver.c", "libcuda.so.1", headers);
    compile(
        "gcc",
        "-std=c11",
        "src/test/native/fake_driver/fake_kernels.c",
        "libkernels.so",
        Path.of("src/main/native/abi"));
  }

  @Test
  void aDriverIsOpened() throws Exception {
    assertThat(scenario("open", Map.of())).isEqualTo("driver 13000\nFake H200\n");
  }

  @Test
  void aDriverThatIsTooOldSaysWhatIsNeeded() throws Exception {
    assertThat(scenario("open", Map.of("FAKE_CUDA_VERSION", "12080")))
        .isEqualTo(
            "DEVICE_UNAVAILABLE: the NVIDIA driver supports CUDA 12.8; 13.0 or later is needed"
                + " (driver 580 or later)\n");
  }

  @Test
  void aMissingDriverSaysSo() throws Exception {
    Run run = run(command("/nowhere/libcuda.so.1", "open"), Map.of());
    assertThat(run.output())
        .startsWith("DEVICE_UNAVAILABLE: no NVIDIA driver: /nowhere/libcuda.so.1");
  }

  @Test
  void kernelsAreLaunchedAndErrorsNameTheOperation() throws Exception {
    assertThat(scenario("kernels", Map.of()).lines())
        .containsExactly(
            "driver 13000",
            "target fake",
            "offers gather false",
            "space 700",
            "candidates of moe [100, 101, 102]",
            "candidates of product []",
            "packed 4711",
            "DEVICE_FAULT: operation embed: CUDA_ERROR_ILLEGAL_ADDRESS"
                + " (CUDA_ERROR_ILLEGAL_ADDRESS)",
            "DEVICE_UNAVAILABLE: the kernel library does not offer the operation gather",
            "DEVICE_FAULT: add_norm takes " + Operation.ADD_NORM.words + " words, not 3");
  }

  @Test
  void kernelsOfAnotherVersionAreRefused() throws Exception {
    assertThat(scenario("kernels", Map.of("FAKE_ABI", "99")))
        .contains("DEVICE_UNAVAILABLE: ")
        .contains("was built for version 99 of the table")
        .contains("install both from one release");
  }

  @Test
  void memoryThatRunsOutIsAnErrorWithTheSize() throws Exception {
    assertThat(scenario("memory", Map.of("FAKE_CUDA_MEMORY", "1000")))
        .contains("OUT_OF_MEMORY: cuMemAlloc of 1048576 bytes: CUDA_ERROR_OUT_OF_MEMORY");
  }

  @Test
  void everythingThatWasOpenedIsClosed() throws Exception {
    assertThat(scenario("leaks", Map.of()).lines())
        .containsExactly("driver 13000", "floats 1.5 -2.0", "nodes 0", "open 0");
  }

  @Test
  void tuningTriesEveryCandidateAndWritesAFileThatIsReadAgain() throws Exception {
    assertThat(scenario("tune", Map.of()).lines())
        .contains(
            "file E=16,N=16,device_name=NVIDIA_H200.json",
            "rows " + MoeTuner.ROWS,
            // as many as rows, as the fake kernels have it
            "tried " + MoeTuner.ROWS.stream().mapToInt(rows -> rows).sum());
  }

  @Test
  void aFaultOfTheDeviceShowsAtTheNextWait() throws Exception {
    assertThat(scenario("fault", Map.of()))
        .contains("DEVICE_FAULT: cuStreamSynchronize: CUDA_ERROR_ILLEGAL_ADDRESS");
  }

  @Test
  void aKernelThatNeverEndsIsAFaultThatNamesTheStep() throws Exception {
    assertThat(scenario("hang", Map.of("FAKE_CUDA_HANGS", "1")))
        .contains(
            "DEVICE_FAULT: step 7 of 3 sequences has not ended on the card after PT0.3S: a kernel"
                + " hangs");
  }

  private static String scenario(String name, Map<String, String> environment) throws Exception {
    Run run = run(command(folder.resolve("libcuda.so.1").toString(), name), environment);
    assertThat(run.status()).as(run.output()).isZero();
    return run.output();
  }

  private static List<String> command(String driver, String scenario) throws URISyntaxException {
    String places =
        String.join(
            System.getProperty("path.separator"),
            "target/classes",
            "target/test-classes",
            location(TenonException.class),
            location(JsonValues.class),
            location(JsonNode.class),
            location(JacksonException.class),
            location(JsonSerializeAs.class),
            location(Logger.class));
    return List.of(
        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
        "--enable-native-access=ALL-UNNAMED",
        "-cp",
        places,
        NativeCudaScenario.class.getName(),
        folder.resolve("libtenon_cuda.so").toString(),
        driver,
        folder.resolve("libkernels.so").toString(),
        scenario);
  }

  private static String location(Class<?> type) throws URISyntaxException {
    return Path.of(type.getProtectionDomain().getCodeSource().getLocation().toURI()).toString();
  }

  private static boolean available(String compiler) throws Exception {
    try {
      return run(List.of(compiler, "--version"), Map.of()).status() == 0;
    } catch (IOException e) {
      return false;
    }
  }

  private static void compile(
      String compiler, String standard, String source, String target, Path... includes)
      throws Exception {
    List<String> command =
        new ArrayList<>(List.of(compiler, standard, "-Wall", "-Wextra", "-Werror", "-fPIC"));
    command.addAll(List.of("-shared", source, "-o", folder.resolve(target).toString()));
    for (Path include : includes) {
      command.add("-I" + include);
    }
    Run run = run(command, Map.of());
    assertThat(run.status()).as(run.output()).isZero();
  }

  private record Run(int status, String output) {}

  private static Run run(List<String> command, Map<String, String> environment) throws Exception {
    ProcessBuilder builder = new ProcessBuilder(command).redirectErrorStream(true);
    builder.environment().putAll(environment);
    Process process = builder.start();
    String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assertThat(process.waitFor(60, TimeUnit.SECONDS)).isTrue();
    return new Run(process.exitValue(), output);
  }
}
