package dev.tenon.distribution.bench;

import dev.tenon.distribution.bench.Measurement.Metric;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/**
 * A measurement for people and for programs, in the lines and keys that {@code vllm bench serve}
 * writes.
 *
 * @param plan the load
 * @param measurement what it gave
 * @param metrics ids of the times to show
 * @param percentiles to show of each, 0 to 100
 */
public record Report(
    LoadPlan plan, Measurement measurement, List<String> metrics, List<Double> percentiles) {
  private static final int WIDTH = 50;

  /** Ids of all times that can be shown. */
  public static List<String> metricIds() {
    return Arrays.stream(Metric.values()).map(Metric::id).toList();
  }

  /** The table. */
  public List<String> lines() {
    List<String> lines = new ArrayList<>();
    double seconds = measurement.seconds();
    lines.add(centered(" Serving Benchmark Result ", '='));
    lines.add(line("Successful requests:", measurement.succeeded()));
    if (measurement.failed() > 0) {
      lines.add(line("Failed requests:", measurement.failed()));
    }
    if (plan.maxConcurrency() > 0) {
      lines.add(line("Maximum request concurrency:", plan.maxConcurrency()));
    }
    if (!Double.isInfinite(plan.requestRate())) {
      lines.add(line("Request rate configured (RPS):", plan.requestRate()));
    }
    lines.add(line("Benchmark duration (s):", seconds));
    lines.add(line("Total input tokens:", measurement.inputTokens()));
    lines.add(line("Total generated tokens:", measurement.outputTokens()));
    rates().forEach((name, rate) -> lines.add(line(name, rate)));
    for (Metric metric : Metric.values()) {
      if (metrics.contains(metric.id())) {
        section(lines, metric);
      }
    }
    lines.add("=".repeat(WIDTH));
    return lines;
  }

  private Map<String, Double> rates() {
    double seconds = measurement.seconds();
    long input = measurement.inputTokens();
    long output = measurement.outputTokens();
    Map<String, Double> rates = new LinkedHashMap<>();
    rates.put("Request throughput (req/s):", measurement.succeeded() / seconds);
    rates.put("Output token throughput (tok/s):", output / seconds);
    rates.put("Total Token throughput (tok/s):", (input + output) / seconds);
    return rates;
  }

  private void section(List<String> lines, Metric metric) {
    Sample sample = measurement.sample(metric);
    String name = metric.id().toUpperCase(Locale.ROOT) + " (ms):";
    lines.add(centered(metric.title(), '-'));
    lines.add(line("Mean " + name, sample.mean()));
    lines.add(line("Median " + name, sample.median()));
    for (double percentile : percentiles) {
      lines.add(line("P" + plain(percentile) + " " + name, sample.percentile(percentile)));
    }
  }

  /** The same for a JSON file, without the runs of single requests. */
  public Map<String, Object> values() {
    Map<String, Object> values = new LinkedHashMap<>();
    double seconds = measurement.seconds();
    long input = measurement.inputTokens();
    long output = measurement.outputTokens();
    values.put("model_id", plan.model());
    values.put("endpoint", plan.endpoint());
    values.put("num_prompts", plan.requests());
    values.put("random_input_len", plan.inputTokens());
    values.put("random_output_len", plan.outputTokens());
    values.put("seed", plan.seed());
    values.put(
        "request_rate",
        Double.isInfinite(plan.requestRate()) ? "inf" : (Object) plan.requestRate());
    values.put("burstiness", plan.burstiness());
    if (plan.maxConcurrency() > 0) {
      values.put("max_concurrency", plan.maxConcurrency());
    }
    values.put("duration", seconds);
    values.put("completed", measurement.succeeded());
    values.put("failed", measurement.failed());
    values.put("total_input_tokens", input);
    values.put("total_output_tokens", output);
    values.put("request_throughput", measurement.succeeded() / seconds);
    values.put("output_throughput", output / seconds);
    values.put("total_token_throughput", (input + output) / seconds);
    for (Metric metric : Metric.values()) {
      if (metrics.contains(metric.id())) {
        Sample sample = measurement.sample(metric);
        String end = "_" + metric.id() + "_ms";
        values.put("mean" + end, sample.mean());
        values.put("median" + end, sample.median());
        values.put("std" + end, sample.deviation());
        percentiles.forEach(p -> values.put("p" + plain(p) + end, sample.percentile(p)));
      }
    }
    return values;
  }

  private static String centered(String text, char fill) {
    int room = WIDTH - text.length();
    String side = String.valueOf(fill);
    return side.repeat(room / 2) + text + side.repeat(room - room / 2);
  }

  private static String line(String name, long value) {
    return String.format(Locale.ROOT, "%-40s %-10d", name, value);
  }

  private static String line(String name, double value) {
    return String.format(
        Locale.ROOT, "%-40s %-10s", name, String.format(Locale.ROOT, "%.2f", value));
  }

  private static String plain(double number) {
    return number == Math.rint(number) ? String.valueOf((long) number) : String.valueOf(number);
  }
}
