package dev.tenon.distribution;

import java.util.LinkedHashMap;
import java.util.Map;

/**
 * The backend's own options: named ones in {@code --backend-options}, and those that vLLM has a
 * flag for. A backend that lacks an option refuses it, so none is left out quietly.
 */
final class BackendOptionFlags {
  private BackendOptionFlags() {}

  static Map<String, String> options(FlagValues flags) {
    Map<String, String> options = new LinkedHashMap<>();
    flags
        .json("backend-options")
        .forEach((name, value) -> options.put(name, String.valueOf(value)));
    if (flags.isOn("enforce-eager", false)) {
      put(options, "enforce-eager", "execution", "eager");
    }
    if (flags.isOn("disable-custom-all-reduce", false)) {
      put(options, "disable-custom-all-reduce", "all-reduce", "nccl");
    }
    flags
        .text("kv-cache-dtype")
        .filter(type -> !type.equals("auto"))
        .ifPresent(type -> put(options, "kv-cache-dtype", "kv-cache", keyValues(type)));
    flags
        .text("mamba-ssm-cache-dtype")
        .filter(type -> !type.equals("auto"))
        .ifPresent(type -> put(options, "mamba-ssm-cache-dtype", "recurrent-state", states(type)));
    return options;
  }

  private static String keyValues(String type) {
    return switch (type) {
      case "fp8", "fp8_e4m3" -> "fp8";
      case "bfloat16" -> "bf16";
      default ->
          throw new UsageException(
              "--kv-cache-dtype " + type + ": give auto, bfloat16, fp8 or fp8_e4m3");
    };
  }

  private static String states(String type) {
    return switch (type) {
      case "float32" -> "f32";
      case "bfloat16" -> "bf16";
      default ->
          throw new UsageException(
              "--mamba-ssm-cache-dtype " + type + ": give auto, float32 or bfloat16");
    };
  }

  private static void put(Map<String, String> options, String flag, String name, String value) {
    String before = options.putIfAbsent(name, value);
    if (before != null && !before.equals(value)) {
      throw new UsageException(
          "--%s asks for %s=%s, --backend-options for %s=%s; leave one of them out"
              .formatted(flag, name, value, name, before));
    }
  }
}
