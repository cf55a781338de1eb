package dev.tenon.model.qwen3next;

import dev.tenon.spi.backend.RotaryTable;
import java.util.List;
import java.util.Locale;

/**
 * Reads the position embedding. YaRN (Peng et al. 2023, "YaRN: Efficient Context Window Extension
 * of Large Language Models"): frequencies that turn often within the original context stay, those
 * that turn seldom are divided by the factor, with a ramp between; cosine and sine are scaled by an
 * attention factor.
 */
final class RotaryReader {
  private static final double DEFAULT_THETA = 10_000;
  private static final double DEFAULT_PARTIAL = 0.25;
  private static final List<String> KINDS = List.of("default", "linear", "yarn");

  private final Fields config;
  private final Fields block;
  private final Fields other;

  RotaryReader(Fields config) {
    this.config = config;
    Fields scaling = config.object("rope_scaling");
    Fields parameters = config.object("rope_parameters");
    this.block = scaling.isEmpty() ? parameters : scaling;
    this.other = scaling.isEmpty() ? scaling : parameters;
  }

  /**
   * What was read.
   *
   * @param table frequencies and magnitude
   * @param maxPositions longest sequence that they were made for
   */
  record Rotary(RotaryTable table, int maxPositions) {}

  Rotary read(int headDim, int maxPositions, List<String> notes) {
    double theta = number("rope_theta", DEFAULT_THETA);
    double partial = number("partial_rotary_factor", DEFAULT_PARTIAL);
    int dim = (int) (headDim * partial);
    if (partial > 1 || dim < 2 || dim % 2 != 0) {
      throw config.wrong(
          "partial_rotary_factor",
          partial,
          "such that head_dim · partial_rotary_factor is even, from 2 to head_dim");
    }
    String kind = block.word("rope_type", block.word("type", "default", KINDS), KINDS);
    return switch (kind) {
      case "default" -> new Rotary(new RotaryTable(plain(theta, dim), 1f), maxPositions);
      case "linear" -> linear(theta, dim, maxPositions, notes);
      default -> yarn(theta, dim, maxPositions, notes);
    };
  }

  private double number(String key, double otherwise) {
    if (block.has(key)) {
      return block.positive(key, otherwise);
    }
    if (config.has(key)) {
      return config.positive(key, otherwise);
    }
    return other.positive(key, otherwise);
  }

  private static float[] plain(double theta, int dim) {
    float[] frequencies = new float[dim / 2];
    for (int i = 0; i < frequencies.length; i++) {
      frequencies[i] = (float) Math.pow(theta, -2.0 * i / dim);
    }
    return frequencies;
  }

  private Rotary linear(double theta, int dim, int maxPositions, List<String> notes) {
    double factor = factor();
    float[] frequencies = plain(theta, dim);
    for (int i = 0; i < frequencies.length; i++) {
      frequencies[i] /= (float) factor;
    }
    notes.add("linear position scaling by " + factor);
    return new Rotary(new RotaryTable(frequencies, 1f), maxPositions);
  }

  private Rotary yarn(double theta, int dim, int maxPositions, List<String> notes) {
    double factor = factor();
    int original = block.integer("original_max_position_embeddings", maxPositions, 1);
    double fast = block.positive("beta_fast", 32);
    double slow = block.positive("beta_slow", 1);
    double low = turnsAt(fast, theta, dim, original);
    double high = turnsAt(slow, theta, dim, original);
    if (block.flag("truncate", true)) {
      low = Math.floor(low);
      high = Math.ceil(high);
    }
    low = Math.max(low, 0);
    high = Math.min(high, dim - 1);
    if (low == high) {
      high += 0.001;
    }
    float[] frequencies = new float[dim / 2];
    for (int i = 0; i < frequencies.length; i++) {
      double ramp = Math.clamp((i - low) / (high - low), 0, 1);
      double frequency = Math.pow(theta, -2.0 * i / dim);
      frequencies[i] = (float) (frequency * (1 - ramp + ramp / factor));
    }
    float magnitude = (float) magnitude(factor);
    notes.add(
        String.format(
            Locale.ROOT,
            "YaRN by %s over %d positions, rotary part scaled by %.4f",
            factor,
            original,
            magnitude));
    int longest = (int) Math.min(Integer.MAX_VALUE, original * factor);
    return new Rotary(new RotaryTable(frequencies, magnitude), Math.max(maxPositions, longest));
  }

  /** The index whose frequency turns {@code rotations} times within the original context. */
  private static double turnsAt(double rotations, double theta, int dim, int original) {
    return dim * Math.log(original / (rotations * 2 * Math.PI)) / (2 * Math.log(theta));
  }

  private double factor() {
    Double factor = block.optionalNumber("factor");
    if (factor == null || !(factor >= 1) || factor.isInfinite()) {
      throw block.wrong("factor", factor, "a number of at least 1");
    }
    return factor;
  }

  private double magnitude(double factor) {
    Double given = block.optionalNumber("attention_factor");
    if (given != null) {
      return given;
    }
    Double scale = block.optionalNumber("mscale");
    Double scaleAllDim = block.optionalNumber("mscale_all_dim");
    if (scale != null && scaleAllDim != null && scale != 0 && scaleAllDim != 0) {
      return magnitude(factor, scale) / magnitude(factor, scaleAllDim);
    }
    return magnitude(factor, 1);
  }

  private static double magnitude(double factor, double scale) {
    return factor <= 1 ? 1 : 0.1 * scale * Math.log(factor) + 1;
  }
}
