package dev.tenon.distribution;

import static dev.tenon.distribution.Flag.onOff;
import static dev.tenon.distribution.Flag.value;

import dev.tenon.distribution.bench.LoadPlan;
import dev.tenon.distribution.bench.LoadPlan.AnswerEnd;
import dev.tenon.distribution.bench.Report;
import dev.tenon.distribution.bench.Target;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.function.DoublePredicate;

/** The flags of {@code tenon bench serve}, named as {@code vllm bench serve} names them. */
final class BenchFlags {
  /** All of them, in the order of the help. */
  static final List<Flag> ALL =
      List.of(
          value("backend", "API", "vllm or openai: completions; openai-chat: chat completions."),
          value("model", "MODEL", "Name of the model; sent unless --served-model-name is given."),
          value("served-model-name", "NAME", "Name that the server knows the model by."),
          value("base-url", "URL", "Address of the server, e.g. http://127.0.0.1:8000."),
          value("host", "ADDRESS", "Its host, without --base-url. Default: 127.0.0.1."),
          value("port", "PORT", "Its port, without --base-url. Default: 8000."),
          value("endpoint", "PATH", "Path of the API. Default: /v1/completions."),
          value("api-key", "KEY", "Key to send. Also read from OPENAI_API_KEY."),
          value("dataset-name", "NAME", "Only random: prompts of random token ids."),
          value(
              "random-input-len", "TOKENS", "Length of a prompt. Default: 1024.", "--random-input"),
          value(
              "random-output-len",
              "TOKENS",
              "Most tokens of an answer. Default: 128.",
              "--random-output"),
          value("random-range-ratio", "R", "Lengths vary by this share, 0 to below 1. Default: 0."),
          value("random-vocab-size", "N", "Prompts are of ids below N. Default: the server's own."),
          value("num-prompts", "N", "Requests in all. Default: 1000."),
          value("num-warmups", "N", "Requests before them that are not measured. Default: 0."),
          value("max-concurrency", "N", "Requests that run at once at most. Default: any number."),
          value("request-rate", "PER_SECOND", "Arrivals a second. Default: inf, all at once."),
          value("burstiness", "SHAPE", "1: Poisson arrivals; less: bursts. Default: 1."),
          value("seed", "N", "Of prompts, lengths and arrivals. Default: 0."),
          value("temperature", "T", "Of sampling. Default: 0, greedy."),
          onOff("ignore-eos", "Answers end by their length alone."),
          value("percentile-metrics", "NAMES", "Of ttft,tpot,itl,e2el. Default: ttft,tpot,itl."),
          value("metric-percentiles", "P,…", "Percentiles to show, 0 to 100. Default: 99."),
          onOff("save-result", "Write the result as JSON too."),
          value("result-dir", "FOLDER", "Where to. Default: the current folder."),
          value("result-filename", "NAME", "Its name. Default: made of model and time."),
          onOff("disable-tqdm", "Show no progress."));

  private static final List<String> APIS = List.of("vllm", "openai", "openai-chat");
  private static final String CHAT = "chat/completions";

  private BenchFlags() {}

  static Target target(FlagValues flags) {
    String address =
        flags
            .text("base-url")
            .orElseGet(() ->
                "http://"
                    + flags.text("host").orElse("127.0.0.1")
                    + ":"
                    + flags.integer("port").orElse(8000));
    String key = Optional.ofNullable(System.getenv("OPENAI_API_KEY")).orElse("");
    try {
      return Target.of(address, flags.text("api-key").orElse(key));
    } catch (IllegalArgumentException e) {
      throw new UsageException(
          "--base-url " + address + ": give an address such as http://127.0.0.1:8000");
    }
  }

  /**
   * The load that the flags describe.
   *
   * @param vocabulary ids that a prompt may hold
   */
  static LoadPlan plan(FlagValues flags, int vocabulary) {
    flags.requireOnly("dataset-name", "random");
    String model =
        flags
            .text("served-model-name")
            .or(() -> flags.text("model"))
            .orElseThrow(() -> new UsageException("--model is missing; give the model's name"));
    return new LoadPlan(
        model,
        endpoint(flags),
        flags.count("num-prompts").orElse(1000),
        flags.count("random-input-len").orElse(1024),
        flags.count("random-output-len").orElse(128),
        real(flags, "random-range-ratio", 0, r -> r >= 0 && r < 1, "from 0 to below 1"),
        flags.count("max-concurrency").orElse(0),
        rate(flags),
        real(flags, "burstiness", 1, b -> b > 0 && b <= 1e6, "above 0, e.g. 1"),
        flags.number("seed").orElse(0L),
        flags.isOn("ignore-eos", false) ? AnswerEnd.BY_LENGTH : AnswerEnd.BY_ITSELF,
        real(flags, "temperature", 0, t -> t >= 0 && t <= 2, "from 0 to 2"),
        vocabulary,
        flags.text("num-warmups").filter(text -> !text.equals("0")).isEmpty()
            ? 0
            : flags.count("num-warmups").orElse(0));
  }

  static List<String> metrics(FlagValues flags) {
    List<String> given = parts(flags.text("percentile-metrics").orElse("ttft,tpot,itl"));
    for (String metric : given) {
      if (!Report.metricIds().contains(metric)) {
        throw new UsageException(
            "--percentile-metrics " + metric + ": give some of " + Report.metricIds());
      }
    }
    return given;
  }

  static List<Double> percentiles(FlagValues flags) {
    return parts(flags.text("metric-percentiles").orElse("99")).stream()
        .map(text ->
            parse("metric-percentiles", text, p -> p >= 0 && p <= 100, "from 0 to 100, e.g. 99"))
        .toList();
  }

  private static String endpoint(FlagValues flags) {
    String api = flags.text("backend").orElse("vllm");
    if (!APIS.contains(api)) {
      throw new UsageException(
          "--backend " + api + ": give one of " + APIS + "; any server with OpenAI's API will do");
    }
    boolean chat = api.equals("openai-chat");
    String endpoint = flags.text("endpoint").orElse(chat ? "/v1/" + CHAT : "/v1/completions");
    if (!endpoint.startsWith("/")) {
      throw new UsageException("--endpoint " + endpoint + ": give a path, e.g. /v1/completions");
    }
    if (chat && !endpoint.endsWith(CHAT)) {
      throw new UsageException(
          "--endpoint " + endpoint + ": --backend openai-chat needs one that ends in " + CHAT);
    }
    return endpoint;
  }

  private static double rate(FlagValues flags) {
    String text = flags.text("request-rate").orElse("inf");
    return text.equals("inf")
        ? Double.POSITIVE_INFINITY
        : parse("request-rate", text, r -> r > 0 && r <= 1e6, "above 0, or inf");
  }

  private static double real(
      FlagValues flags, String name, double otherwise, DoublePredicate fits, String wanted) {
    return flags.text(name).map(text -> parse(name, text, fits, wanted)).orElse(otherwise);
  }

  private static double parse(String name, String text, DoublePredicate fits, String wanted) {
    try {
      double value = Double.parseDouble(text);
      if (fits.test(value)) {
        return value;
      }
    } catch (NumberFormatException e) {
      // the message below serves both
    }
    throw new UsageException("--" + name + " " + text + ": give a number " + wanted);
  }

  private static List<String> parts(String text) {
    return Arrays.stream(text.split(",")).map(String::strip).toList();
  }
}
