package dev.tenon.text.huggingface.jinja;

import java.time.Duration;

/**
 * What one rendering may use. Going beyond any of them ends it with a {@link JinjaException} of
 * kind {@link JinjaException.Kind#LIMIT}.
 *
 * @param outputCharacters length of the rendered text, in UTF-16 units
 * @param textCharacters all text made on the way, in UTF-16 units, whether kept or not
 * @param steps nodes evaluated plus elements touched
 * @param depth nesting of expressions, statements, calls and values
 * @param integerBits size of an integer
 * @param time wall-clock time
 */
public record JinjaLimits(
    long outputCharacters,
    long textCharacters,
    long steps,
    int depth,
    int integerBits,
    Duration time) {

  /** Wide enough for a conversation of a million tokens, and spent within about a second. */
  public static final JinjaLimits DEFAULT =
      new JinjaLimits(16_000_000, 128_000_000, 10_000_000, 400, 16_384, Duration.ofSeconds(5));
}
