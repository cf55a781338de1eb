package dev.tenon.api;

import java.nio.file.Path;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * What an engine is opened with. Names follow {@code vllm serve}'s flags. {@code null} means "the
 * engine decides from the model, the backend and the memory at hand". Immutable.
 *
 * @param model folder of the checkpoint, or a hub id that the Hugging Face cache holds
 * @param backend id of the backend to use; {@code null} takes the installed one whose probe scores
 *     highest
 * @param loadFormat where weights come from
 * @param configOverrides replace or add keys of {@code config.json} (JSON values)
 * @param tensorParallelSize ranks that share every layer, ≥ 1
 * @param expertParallel how routed experts are divided among ranks
 * @param maxModelLen longest prompt plus output, tokens
 * @param maxNumSeqs sequences that run at once
 * @param maxNumBatchedTokens rows of a step at most
 * @param chunkedPrefill how prompts longer than a step's rows are treated
 * @param blockSize tokens of a KV page
 * @param numBlocks pages of the KV pool, overriding what memory would allow
 * @param memoryUtilization share of the device's memory that the engine may take, in (0, 1]
 * @param maxWaiting requests that may wait before new ones are refused with {@code QUEUE_FULL}
 * @param schedulingPolicy which waiting request is admitted next
 * @param speculation speculative method; {@code null} decodes one token a step
 * @param seed seed of requests that bring none; {@code null} draws one
 * @param maxChoices greatest {@code n} of a request
 * @param maxLogprobs greatest number of alternatives that a request may ask for
 * @param threads worker threads of a CPU backend; {@code null} is one per core
 * @param pluginFolder holds {@code <name>/*.jar} for further plugins; {@code null} is none
 * @param backendOptions options by name that a backend's documentation explains
 */
public record EngineConfig(
    String model,
    @Nullable String backend,
    LoadFormat loadFormat,
    Map<String, Object> configOverrides,
    int tensorParallelSize,
    ExpertParallel expertParallel,
    @Nullable Integer maxModelLen,
    @Nullable Integer maxNumSeqs,
    @Nullable Integer maxNumBatchedTokens,
    ChunkedPrefill chunkedPrefill,
    @Nullable Integer blockSize,
    @Nullable Integer numBlocks,
    double memoryUtilization,
    int maxWaiting,
    SchedulingPolicy schedulingPolicy,
    @Nullable SpeculationConfig speculation,
    @Nullable Long seed,
    int maxChoices,
    int maxLogprobs,
    @Nullable Integer threads,
    @Nullable Path pluginFolder,
    Map<String, String> backendOptions) {

  /** Division of routed experts among ranks. */
  public enum ExpertParallel {
    /** Every rank holds a slice of every expert. */
    OFF,
    /** Every rank holds whole experts. */
    ON
  }

  /** Treatment of prompts that exceed a step's rows. */
  public enum ChunkedPrefill {
    /** Prompts are cut to fill steps beside decodes. */
    ENABLED,
    /** A prompt is processed whole in one step; a step has room for the longest allowed prompt. */
    DISABLED
  }

  /** Copies the collections. */
  public EngineConfig {
    configOverrides = Map.copyOf(configOverrides);
    backendOptions = Map.copyOf(backendOptions);
  }

  /** Starts from the defaults. */
  public static EngineConfigBuilder builder(String model) {
    return new EngineConfigBuilder(model);
  }
}
