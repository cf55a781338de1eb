package dev.tenon.engine.runtime.opening;

import dev.tenon.api.EngineConfig;
import dev.tenon.api.ErrorCode;
import dev.tenon.api.TenonException;
import org.jspecify.annotations.Nullable;

/** Refuses options whose values cannot work with any model or backend. */
final class ConfigChecks {
  private static final int MOST_RANKS = 1024;
  private static final int LARGEST_PAGE = 4096;

  private ConfigChecks() {}

  static void check(EngineConfig config) {
    within("tensor_parallel_size", config.tensorParallelSize(), 1, MOST_RANKS);
    within("max_model_len", config.maxModelLen(), 1, Integer.MAX_VALUE);
    within("max_num_seqs", config.maxNumSeqs(), 1, Integer.MAX_VALUE);
    within("max_num_batched_tokens", config.maxNumBatchedTokens(), 1, Integer.MAX_VALUE);
    within("block_size", config.blockSize(), 1, LARGEST_PAGE);
    within("num_gpu_blocks_override", config.numBlocks(), 1, Integer.MAX_VALUE);
    within("threads", config.threads(), 1, Integer.MAX_VALUE);
    within("max_waiting", config.maxWaiting(), 1, Integer.MAX_VALUE);
    within("max_choices", config.maxChoices(), 1, Integer.MAX_VALUE);
    within("max_logprobs", config.maxLogprobs(), -1, Integer.MAX_VALUE);
    double share = config.memoryUtilization();
    if (!(share > 0 && share <= 1)) {
      throw invalid(
          "gpu_memory_utilization",
          "gpu_memory_utilization is " + share + "; give a share above 0 and at most 1");
    }
  }

  private static void within(String name, @Nullable Integer value, int least, int most) {
    if (value != null && (value < least || value > most)) {
      String range = most == Integer.MAX_VALUE ? "at least " + least : least + " to " + most;
      throw invalid(name, name + " is " + value + "; give " + range);
    }
  }

  static TenonException invalid(String parameter, String message) {
    return TenonException.of(ErrorCode.INVALID_CONFIGURATION, parameter, message);
  }
}
