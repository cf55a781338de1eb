package dev.tenon.server.javalin;

import dev.tenon.api.EngineStatistics;
import dev.tenon.api.FinishReason;

/** The engine's statistics under vLLM's names, so that its dashboards work. */
final class Metrics {
  private Metrics() {}

  static String exposition(EngineStatistics statistics, String modelName) {
    PrometheusText text = new PrometheusText(modelName);
    load(text, statistics);
    counters(text, statistics);
    speculation(text, statistics);
    histograms(text, statistics);
    return text.toString();
  }

  private static void load(PrometheusText text, EngineStatistics s) {
    text.gauge("vllm:num_requests_running", "Sequences with state on the device.", s.running())
        .gauge("vllm:num_requests_waiting", "Requests that wait.", s.waiting())
        .gauge(
            "vllm:kv_cache_usage_perc",
            "Share of KV pages in use, 0 to 1.",
            share(s.pagesUsed(), s.pagesTotal()))
        .gauge(
            "tenon:sequence_slot_usage",
            "Share of sequence slots in use, 0 to 1.",
            share(s.slotsUsed(), s.slotsTotal()));
  }

  private static double share(int used, int total) {
    return total == 0 ? 0 : (double) used / total;
  }

  private static void counters(PrometheusText text, EngineStatistics s) {
    text.counter("vllm:prompt_tokens_total", "Prompt tokens processed.", s.promptTokens())
        .counter("vllm:generation_tokens_total", "Tokens generated.", s.generationTokens())
        .counter(
            "vllm:num_preemptions_total", "Sequences dropped to be recomputed.", s.preemptions())
        .counter("tenon:steps_total", "Device steps completed.", s.steps())
        .head("vllm:request_success_total", "Choices that ended, by reason.", "counter");
    for (FinishReason reason : FinishReason.values()) {
      text.sample(
          "vllm:request_success_total",
          "finished_reason=\"" + FinishReasons.text(reason) + "\"",
          s.finished().getOrDefault(reason, 0L));
    }
  }

  private static void speculation(PrometheusText text, EngineStatistics s) {
    String byPosition = "vllm:spec_decode_num_accepted_tokens_per_pos_total";
    text.counter("vllm:spec_decode_num_drafts_total", "Rounds of drafting.", s.drafts())
        .counter(
            "vllm:spec_decode_num_draft_tokens_total", "Draft tokens verified.", s.draftTokens())
        .counter(
            "vllm:spec_decode_num_accepted_tokens_total",
            "Draft tokens accepted.",
            s.acceptedTokens())
        .head(byPosition, "Draft tokens accepted, by position.", "counter");
    for (int i = 0; i < s.acceptedByPosition().size(); i++) {
      text.sample(byPosition, "position=\"" + i + "\"", s.acceptedByPosition().get(i));
    }
  }

  private static void histograms(PrometheusText text, EngineStatistics s) {
    text.histogram(
            "vllm:time_to_first_token_seconds", "Submission to first token.", s.timeToFirstToken())
        .histogram(
            "vllm:inter_token_latency_seconds",
            "Between tokens of a choice.",
            s.timeBetweenTokens())
        .histogram(
            "vllm:e2e_request_latency_seconds", "Submission to end of a request.", s.endToEnd())
        .histogram("vllm:request_queue_time_seconds", "Submission to admission.", s.queueTime())
        .histogram("vllm:request_prompt_tokens", "Prompt lengths.", s.requestPromptTokens())
        .histogram(
            "vllm:request_generation_tokens", "Output lengths.", s.requestGenerationTokens());
  }
}
