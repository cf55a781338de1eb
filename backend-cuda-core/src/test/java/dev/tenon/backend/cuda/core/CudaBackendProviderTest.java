package dev.tenon.backend.cuda.core;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.tenon.api.ErrorCode;
import dev.tenon.api.TenonException;
import dev.tenon.spi.Probe;
import dev.tenon.spi.backend.BackendOptions;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class CudaBackendProviderTest {
  private static final CudaGeneration CARDS =
      new CudaGeneration("example cards", "example", capability -> 0);

  private static final class Example extends CudaBackendProvider {
    Example(NvidiaDriver driver) {
      super("example", CARDS, NativeParts.installed(driver, Example.class, CARDS.target()));
    }
  }

  @TempDir Path folder;

  @Test
  void withoutADriverTheProbeSaysWhatItLookedForAndWhere() {
    NvidiaDriver driver = NvidiaDriver.in(Map.of("LD_LIBRARY_PATH", "/a:"), List.of("/b"));
    assertThat(new Example(driver).probe())
        .isEqualTo(new Probe.Unfit("no NVIDIA driver: libcuda.so.1 is in none of [/a, /b]"));
  }

  @Test
  void withADriverTheProbeSaysThatKernelsAreMissing() throws IOException {
    Files.createFile(folder.resolve("libcuda.so.1"));
    NvidiaDriver driver = NvidiaDriver.in(Map.of(), List.of(folder.toString()));
    assertThat(new Example(driver).probe())
        .isInstanceOfSatisfying(
            Probe.Unfit.class,
            unfit ->
                assertThat(unfit.reason())
                    .contains(folder.toString(), "no CUDA kernels for example cards", "-Pcuda"));
  }

  @Test
  void openingIsRefusedWithTheProbesReason() {
    Example provider = new Example(NvidiaDriver.in(Map.of(), List.of("/nowhere")));
    assertThatThrownBy(() -> provider.open(BackendOptions.single()))
        .isInstanceOfSatisfying(
            TenonException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.DEVICE_UNAVAILABLE))
        .hasMessageContaining("example", "no NVIDIA driver");
  }

  @Test
  void unknownOptionsAreRefusedBeforeAnythingIsOpened() {
    Example provider = new Example(NvidiaDriver.in(Map.of(), List.of("/nowhere")));
    BackendOptions options =
        new BackendOptions(1, 0, "", null, 0.9, Map.of("recurrent-state", "f64"));
    assertThatThrownBy(() -> provider.open(options))
        .isInstanceOfSatisfying(
            TenonException.class,
            e -> assertThat(e.code()).isEqualTo(ErrorCode.INVALID_CONFIGURATION))
        .hasMessageContaining("[f32, bf16]");
  }
}
