package dev.tenon.distribution;

import java.util.LinkedHashMap;
import java.util.Map;

/** Flags of {@code vllm serve} that are not offered, and why: they are refused, never ignored. */
final class UnofferedFlags {
  private static final String NOT_NEEDED = "nothing is compiled at start; leave it out";
  private static final String HTTP = "not offered yet; put a reverse proxy in front for it";

  /** Reasons by flag name, without dashes. */
  static final Map<String, String> REASONS = reasons();

  private UnofferedFlags() {}

  private static Map<String, String> reasons() {
    Map<String, String> reasons = new LinkedHashMap<>();
    put(
        reasons,
        "no code from a checkpoint is ever run; leave it out",
        "trust-remote-code",
        "allowed-local-media-path",
        "limit-mm-per-prompt");
    put(
        reasons,
        NOT_NEEDED,
        "compilation-config",
        "max-seq-len-to-capture",
        "cuda-graph-sizes",
        "optimization-level");
    put(
        reasons,
        "quantisation is read from the checkpoint's own tensors; leave it out",
        "quantization",
        "calculate-kv-scales");
    put(
        reasons,
        "state is recomputed after preemption, not swapped or offloaded; leave it out",
        "swap-space",
        "cpu-offload-gb",
        "kv-transfer-config",
        "preemption-mode");
    put(
        reasons,
        "a convolution's last inputs are kept in the backend's own type; leave it out",
        "mamba-cache-dtype");
    put(
        reasons,
        "adapters are not offered",
        "enable-lora",
        "lora-modules",
        "max-loras",
        "max-lora-rank");
    put(
        reasons,
        HTTP,
        "ssl-keyfile",
        "ssl-certfile",
        "ssl-ca-certs",
        "ssl-cert-reqs",
        "root-path",
        "allowed-origins",
        "allowed-methods",
        "allowed-headers",
        "allow-credentials",
        "middleware");
    put(
        reasons,
        "the checkpoint's own template is used; edit its chat_template.jinja instead",
        "chat-template",
        "chat-template-content-format");
    put(
        reasons,
        "only hub ids already in the Hugging Face cache are found; downloading is not offered yet",
        "revision",
        "code-revision",
        "tokenizer-revision",
        "download-dir",
        "hf-token");
    put(reasons, "the tokenizer is the checkpoint's own; leave it out", "tokenizer");
    put(
        reasons,
        "reasoning is not split from the text yet; leave it out",
        "reasoning-parser",
        "enable-reasoning");
    put(
        reasons,
        "structured output is not offered yet; leave it out",
        "guided-decoding-backend",
        "structured-outputs-config");
    put(
        reasons,
        "ranks are started by this command itself; leave it out",
        "distributed-executor-backend",
        "worker-cls",
        "nnodes",
        "node-rank",
        "master-addr",
        "master-port",
        "headless",
        "data-parallel-rank",
        "data-parallel-address",
        "data-parallel-backend",
        "api-server-count");
    put(
        reasons,
        "nothing of this kind is in Qwen3-Next; leave it out",
        "mm-processor-kwargs",
        "task",
        "runner",
        "convert");
    put(reasons, "give the flags on the command line; a file is not read yet", "config");
    return Map.copyOf(reasons);
  }

  private static void put(Map<String, String> reasons, String reason, String... names) {
    for (String name : names) {
      reasons.put(name, reason);
    }
  }
}
