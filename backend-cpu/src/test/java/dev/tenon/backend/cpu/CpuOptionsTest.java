package dev.tenon.backend.cpu;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.tenon.api.TenonException;
import dev.tenon.spi.backend.Backend;
import dev.tenon.spi.backend.BackendOptions;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class CpuOptionsTest {
  private static List<Backend> open(String name, String value) {
    return new CpuBackendProvider().open(new BackendOptions(1, 0, "", 1, 0.9, Map.of(name, value)));
  }

  @Test
  void whatOthersLetChooseIsRefusedWithWhatThisOneDoes() {
    assertThatThrownBy(() -> open("kv-cache", "fp8"))
        .isInstanceOf(TenonException.class)
        .hasMessageContaining("keeps keys and values in f32");
    assertThatThrownBy(() -> open("recurrent-state", "bf16")).hasMessageContaining("in f32");
    assertThatThrownBy(() -> open("speed", "high")).hasMessageContaining("kernels=scalar");
  }

  @Test
  void whatItDoesAnywayMayBeAskedFor() {
    assertThat(open("execution", "eager")).hasSize(1);
    assertThat(open("recurrent-state", "f32")).hasSize(1);
  }
}
