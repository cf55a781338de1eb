package dev.tenon.api;

import java.nio.file.Path;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Builds an {@link EngineConfig}; each method is named after the record's component. */
public final class EngineConfigBuilder {
  private final String model;
  private @Nullable String backend;
  private LoadFormat loadFormat = LoadFormat.SAFETENSORS;
  private Map<String, Object> configOverrides = Map.of();
  private int tensorParallelSize = 1;
  private EngineConfig.ExpertParallel expertParallel = EngineConfig.ExpertParallel.OFF;
  private @Nullable Integer maxModelLen;
  private @Nullable Integer maxNumSeqs;
  private @Nullable Integer maxNumBatchedTokens;
  private EngineConfig.ChunkedPrefill chunkedPrefill = EngineConfig.ChunkedPrefill.ENABLED;
  private @Nullable Integer blockSize;
  private @Nullable Integer numBlocks;
  private double memoryUtilization = 0.9;
  private int maxWaiting = 4096;
  private SchedulingPolicy schedulingPolicy = SchedulingPolicy.FCFS;
  private @Nullable SpeculationConfig speculation;
  private @Nullable Long seed;
  private int maxChoices = 128;
  private int maxLogprobs = 20;
  private @Nullable Integer threads;
  private @Nullable Path pluginFolder;
  private Map<String, String> backendOptions = Map.of();

  EngineConfigBuilder(String model) {
    this.model = model;
  }

  /** Sets {@link EngineConfig#backend()}. */
  public EngineConfigBuilder backend(@Nullable String backend) {
    this.backend = backend;
    return this;
  }

  /** Sets {@link EngineConfig#loadFormat()}. */
  public EngineConfigBuilder loadFormat(LoadFormat loadFormat) {
    this.loadFormat = loadFormat;
    return this;
  }

  /** Sets {@link EngineConfig#configOverrides()}. */
  public EngineConfigBuilder configOverrides(Map<String, Object> configOverrides) {
    this.configOverrides = configOverrides;
    return this;
  }

  /** Sets {@link EngineConfig#tensorParallelSize()}. */
  public EngineConfigBuilder tensorParallelSize(int tensorParallelSize) {
    this.tensorParallelSize = tensorParallelSize;
    return this;
  }

  /** Sets {@link EngineConfig#expertParallel()}. */
  public EngineConfigBuilder expertParallel(EngineConfig.ExpertParallel expertParallel) {
    this.expertParallel = expertParallel;
    return this;
  }

  /** Sets {@link EngineConfig#maxModelLen()}. */
  public EngineConfigBuilder maxModelLen(@Nullable Integer maxModelLen) {
    this.maxModelLen = maxModelLen;
    return this;
  }

  /** Sets {@link EngineConfig#maxNumSeqs()}. */
  public EngineConfigBuilder maxNumSeqs(@Nullable Integer maxNumSeqs) {
    this.maxNumSeqs = maxNumSeqs;
    return this;
  }

  /** Sets {@link EngineConfig#maxNumBatchedTokens()}. */
  public EngineConfigBuilder maxNumBatchedTokens(@Nullable Integer maxNumBatchedTokens) {
    this.maxNumBatchedTokens = maxNumBatchedTokens;
    return this;
  }

  /** Sets {@link EngineConfig#chunkedPrefill()}. */
  public EngineConfigBuilder chunkedPrefill(EngineConfig.ChunkedPrefill chunkedPrefill) {
    this.chunkedPrefill = chunkedPrefill;
    return this;
  }

  /** Sets {@link EngineConfig#blockSize()}. */
  public EngineConfigBuilder blockSize(@Nullable Integer blockSize) {
    this.blockSize = blockSize;
    return this;
  }

  /** Sets {@link EngineConfig#numBlocks()}. */
  public EngineConfigBuilder numBlocks(@Nullable Integer numBlocks) {
    this.numBlocks = numBlocks;
    return this;
  }

  /** Sets {@link EngineConfig#memoryUtilization()}. */
  public EngineConfigBuilder memoryUtilization(double memoryUtilization) {
    this.memoryUtilization = memoryUtilization;
    return this;
  }

  /** Sets {@link EngineConfig#maxWaiting()}. */
  public EngineConfigBuilder maxWaiting(int maxWaiting) {
    this.maxWaiting = maxWaiting;
    return this;
  }

  /** Sets {@link EngineConfig#schedulingPolicy()}. */
  public EngineConfigBuilder schedulingPolicy(SchedulingPolicy schedulingPolicy) {
    this.schedulingPolicy = schedulingPolicy;
    return this;
  }

  /** Sets {@link EngineConfig#speculation()}. */
  public EngineConfigBuilder speculation(@Nullable SpeculationConfig speculation) {
    this.speculation = speculation;
    return this;
  }

  /** Sets {@link EngineConfig#seed()}. */
  public EngineConfigBuilder seed(@Nullable Long seed) {
    this.seed = seed;
    return this;
  }

  /** Sets {@link EngineConfig#maxChoices()}. */
  public EngineConfigBuilder maxChoices(int maxChoices) {
    this.maxChoices = maxChoices;
    return this;
  }

  /** Sets {@link EngineConfig#maxLogprobs()}. */
  public EngineConfigBuilder maxLogprobs(int maxLogprobs) {
    this.maxLogprobs = maxLogprobs;
    return this;
  }

  /** Sets {@link EngineConfig#threads()}. */
  public EngineConfigBuilder threads(@Nullable Integer threads) {
    this.threads = threads;
    return this;
  }

  /** Sets {@link EngineConfig#pluginFolder()}. */
  public EngineConfigBuilder pluginFolder(@Nullable Path pluginFolder) {
    this.pluginFolder = pluginFolder;
    return this;
  }

  /** Sets {@link EngineConfig#backendOptions()}. */
  public EngineConfigBuilder backendOptions(Map<String, String> backendOptions) {
    this.backendOptions = backendOptions;
    return this;
  }

  /** The immutable value. It is checked when an engine is opened with it. */
  public EngineConfig build() {
    return new EngineConfig(
        model,
        backend,
        loadFormat,
        configOverrides,
        tensorParallelSize,
        expertParallel,
        maxModelLen,
        maxNumSeqs,
        maxNumBatchedTokens,
        chunkedPrefill,
        blockSize,
        numBlocks,
        memoryUtilization,
        maxWaiting,
        schedulingPolicy,
        speculation,
        seed,
        maxChoices,
        maxLogprobs,
        threads,
        pluginFolder,
        backendOptions);
  }
}
