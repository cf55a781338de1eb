package dev.tenon.distribution;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class BackendOptionFlagsTest {
  private static Map<String, String> options(Map<String, List<String>> flags) {
    return BackendOptionFlags.options(new FlagValues(flags));
  }

  @Test
  void flagsOfVllmBecomeOptionsOfTheBackend() {
    assertThat(
            options(
                Map.of(
                    "backend-options", List.of("{\"device\":1}"),
                    "enforce-eager", List.of("true"),
                    "disable-custom-all-reduce", List.of("true"),
                    "kv-cache-dtype", List.of("fp8_e4m3"),
                    "mamba-ssm-cache-dtype", List.of("bfloat16"))))
        .isEqualTo(
            Map.of(
                "device",
                "1",
                "execution",
                "eager",
                "all-reduce",
                "nccl",
                "kv-cache",
                "fp8",
                "recurrent-state",
                "bf16"));
    assertThat(options(Map.of("kv-cache-dtype", List.of("auto")))).isEmpty();
  }

  @Test
  void contradictionsAndUnknownTypesAreRefused() {
    assertThatThrownBy(() -> options(Map.of("kv-cache-dtype", List.of("fp8_e5m2"))))
        .isInstanceOf(UsageException.class)
        .hasMessageContaining("fp8_e4m3");
    assertThatThrownBy(() ->
            options(
                Map.of(
                    "backend-options", List.of("{\"execution\":\"timed\"}"),
                    "enforce-eager", List.of("true"))))
        .isInstanceOf(UsageException.class)
        .hasMessageContaining("leave one of them out");
  }
}
