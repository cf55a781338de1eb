package dev.tenon.distribution;

import static dev.tenon.distribution.Flag.negatable;
import static dev.tenon.distribution.Flag.onOff;
import static dev.tenon.distribution.Flag.value;

import dev.tenon.api.EngineConfig;
import dev.tenon.api.EngineConfigBuilder;
import dev.tenon.api.LoadFormat;
import dev.tenon.api.SchedulingPolicy;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** The flags that describe an engine, and what they mean. */
final class EngineFlags {
  /** All of them, in the order of the help. */
  static final List<Flag> ALL =
      List.of(
          value(
              "model", "MODEL", "Folder of the checkpoint, or a hub id in the Hugging Face cache."),
          value("backend", "ID", "Backend to use instead of the best that fits this machine."),
          value(
              "backend-options",
              "JSON",
              "The backend's own options, e.g. {\"device\":\"1\"}; a wrong name lists those it has."),
          value("tensor-parallel-size", "N", "Ranks that share every layer. Default: 1.", "-tp"),
          onOff("enable-expert-parallel", "Give every rank whole experts instead of slices."),
          value("load-format", "FORMAT", "auto, safetensors or dummy (made-up weights)."),
          value("hf-overrides", "JSON", "Keys that replace those of config.json."),
          value("rope-scaling", "JSON", "Replaces rope_scaling of config.json."),
          value(
              "max-model-len", "TOKENS", "Longest prompt plus output; 32k and 1M are understood."),
          value("max-num-seqs", "N", "Sequences that run at once."),
          value("max-num-batched-tokens", "TOKENS", "Rows of a step at most."),
          negatable("enable-chunked-prefill", "Cut long prompts to fill steps. Default: on."),
          value("block-size", "TOKENS", "Tokens of a KV page."),
          value("num-gpu-blocks-override", "N", "Pages of the KV pool, on every backend."),
          value("gpu-memory-utilization", "SHARE", "Share of the device's memory. Default: 0.9."),
          value(
              "speculative-config",
              "JSON",
              "{\"method\":\"qwen3_next_mtp\",\"num_speculative_tokens\":2}."),
          value("scheduling-policy", "POLICY", "fcfs or priority. Default: fcfs."),
          value(
              "max-waiting-requests", "N", "Requests that may wait; more get 429. Default: 4096."),
          value("seed", "N", "Seed of requests that bring none."),
          value("max-logprobs", "N", "Most alternatives a request may ask for. Default: 20."),
          onOff("enforce-eager", "CUDA: run operation by operation, without captured graphs."),
          onOff(
              "disable-custom-all-reduce",
              "CUDA: NCCL sums over ranks, not kernels that reach the other cards' memory."),
          value("kv-cache-dtype", "TYPE", "auto (the backend's own) or fp8. Default: auto."),
          value(
              "mamba-ssm-cache-dtype",
              "TYPE",
              "Recurrent states: auto (the backend's own), float32 or bfloat16. Default: auto."),
          value("threads", "N", "Worker threads of the CPU backend. Default: one per core."),
          value("plugins", "FOLDER", "Folder of further plugins, <name>/*.jar."),
          value("dtype", "TYPE", "auto: each backend's own precision."),
          value("tokenizer-mode", "MODE", "auto: the checkpoint's tokenizer.json."),
          value("generation-config", "SOURCE", "auto: the checkpoint's generation_config.json."),
          value("pipeline-parallel-size", "N", "Only 1.", "-pp"),
          value("data-parallel-size", "N", "Only 1.", "-dp"),
          negatable(
              "enable-prefix-caching", "Prefix caching is not offered yet: only --no-… is taken."));

  private static final Map<String, String> ONLY_VALUE =
      Map.of(
          "dtype", "auto",
          "tokenizer-mode", "auto",
          "generation-config", "auto",
          "pipeline-parallel-size", "1",
          "data-parallel-size", "1");

  private EngineFlags() {}

  /** The configuration that the flags describe. */
  static EngineConfig config(String model, FlagValues flags) {
    ONLY_VALUE.forEach(flags::requireOnly);
    if (flags.isOn("enable-prefix-caching", false)) {
      throw new UsageException(
          "--enable-prefix-caching: prefix caching is not offered yet; leave the flag out");
    }
    EngineConfigBuilder config = EngineConfig.builder(model);
    flags.text("backend").ifPresent(config::backend);
    config.backendOptions(BackendOptionFlags.options(flags));
    flags.text("load-format").ifPresent(format -> config.loadFormat(loadFormat(format)));
    config.configOverrides(overrides(flags));
    flags.integer("tensor-parallel-size").ifPresent(config::tensorParallelSize);
    if (flags.isOn("enable-expert-parallel", false)) {
      config.expertParallel(EngineConfig.ExpertParallel.ON);
    }
    flags.count("max-model-len").ifPresent(config::maxModelLen);
    flags.count("max-num-seqs").ifPresent(config::maxNumSeqs);
    flags.count("max-num-batched-tokens").ifPresent(config::maxNumBatchedTokens);
    if (!flags.isOn("enable-chunked-prefill", true)) {
      config.chunkedPrefill(EngineConfig.ChunkedPrefill.DISABLED);
    }
    flags.count("block-size").ifPresent(config::blockSize);
    flags.count("num-gpu-blocks-override").ifPresent(config::numBlocks);
    flags.share("gpu-memory-utilization").ifPresent(config::memoryUtilization);
    flags
        .text("speculative-config")
        .ifPresent(json -> config.speculation(SpeculativeConfigFlag.parse(json)));
    flags.text("scheduling-policy").ifPresent(name -> config.schedulingPolicy(policy(name)));
    flags.count("max-waiting-requests").ifPresent(config::maxWaiting);
    flags.number("seed").ifPresent(config::seed);
    flags.count("max-logprobs").ifPresent(config::maxLogprobs);
    flags.count("threads").ifPresent(config::threads);
    config.pluginFolder(flags.text("plugins").map(Path::of).orElse(PluginFolder.ofImage()));
    return config.build();
  }

  private static LoadFormat loadFormat(String name) {
    return switch (name) {
      case "auto", "safetensors" -> LoadFormat.SAFETENSORS;
      case "dummy" -> LoadFormat.DUMMY;
      default ->
          throw new UsageException(
              "--load-format "
                  + name
                  + ": give auto, safetensors or dummy; no other format is read");
    };
  }

  private static SchedulingPolicy policy(String name) {
    return switch (name) {
      case "fcfs" -> SchedulingPolicy.FCFS;
      case "priority" -> SchedulingPolicy.PRIORITY;
      default ->
          throw new UsageException("--scheduling-policy " + name + ": give fcfs or priority");
    };
  }

  private static Map<String, Object> overrides(FlagValues flags) {
    Map<String, Object> overrides = new HashMap<>(flags.json("hf-overrides"));
    Map<String, Object> rope = flags.json("rope-scaling");
    if (!rope.isEmpty()) {
      overrides.put("rope_scaling", rope);
    }
    return overrides;
  }
}
