package dev.tenon.server.javalin;

import org.jspecify.annotations.Nullable;

/**
 * How an answer is sent.
 *
 * @param transfer whole or piece by piece
 * @param usage where a stream tells its token counts
 */
record StreamOptions(Transfer transfer, UsageReport usage) {
  /** Whole or piece by piece. */
  enum Transfer {
    WHOLE,
    STREAM
  }

  /** Where a stream tells its token counts. */
  enum UsageReport {
    NEVER,
    AT_END,
    IN_EACH_CHUNK
  }

  boolean streams() {
    return transfer == Transfer.STREAM;
  }

  static StreamOptions read(Fields fields) {
    Fields options = fields.object("stream_options");
    if (!fields.flag("stream", false)) {
      if (options != null) {
        throw HttpError.badField("stream_options", "stream_options needs \"stream\": true");
      }
      return new StreamOptions(Transfer.WHOLE, UsageReport.NEVER);
    }
    if (fields.has("prompt_logprobs")) {
      throw HttpError.unsupported(
          "prompt_logprobs", "prompt_logprobs are not streamed; send \"stream\": false");
    }
    return new StreamOptions(Transfer.STREAM, usage(options));
  }

  private static UsageReport usage(@Nullable Fields options) {
    if (options == null || !options.flag("include_usage", false)) {
      return UsageReport.NEVER;
    }
    return options.flag("continuous_usage_stats", false)
        ? UsageReport.IN_EACH_CHUNK
        : UsageReport.AT_END;
  }
}
