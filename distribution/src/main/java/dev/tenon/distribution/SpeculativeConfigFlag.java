package dev.tenon.distribution;

import dev.tenon.api.SpeculationConfig;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;

/** The value of {@code --speculative-config}. */
final class SpeculativeConfigFlag {
  private static final Set<String> KEYS = Set.of("method", "num_speculative_tokens");
  private static final Set<String> IGNORABLE = Set.of("model", "draft_tensor_parallel_size");

  private SpeculativeConfigFlag() {}

  static SpeculationConfig parse(String json) {
    Map<String, Object> value = JsonText.object("--speculative-config", json);
    Set<String> unknown = new TreeSet<>(value.keySet());
    unknown.removeAll(KEYS);
    if (!unknown.isEmpty()) {
      String advice =
          IGNORABLE.containsAll(unknown)
              ? "drafting always uses the served checkpoint and its ranks; leave it out"
              : "the keys are method and num_speculative_tokens";
      throw new UsageException("--speculative-config: unknown key " + unknown + "; " + advice);
    }
    if (!(value.get("method") instanceof String method)) {
      throw new UsageException(
          "--speculative-config: \"method\" is missing; give for example"
              + " {\"method\":\"qwen3_next_mtp\",\"num_speculative_tokens\":2}");
    }
    if (!(value.get("num_speculative_tokens") instanceof Long tokens)) {
      throw new UsageException(
          "--speculative-config: \"num_speculative_tokens\" is missing or no whole number; give 1"
              + " to "
              + SpeculationConfig.MAX_DRAFT_TOKENS);
    }
    return new SpeculationConfig(method, Math.toIntExact(tokens));
  }
}
