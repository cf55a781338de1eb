package dev.tenon.engine.runtime.weights;

import dev.tenon.api.ErrorCode;
import dev.tenon.api.TenonException;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * How the FP8 matrices of a checkpoint are scaled. That a matrix is FP8 is said by its own element
 * type, never by the config's lists.
 *
 * @param declared whether the config declares quantised weights
 * @param blockRows rows that share a scale
 * @param blockColumns columns that share a scale
 */
public record Quantisation(Declared declared, int blockRows, int blockColumns) {
  /** Companions of FP8 tensors have the tensor's name and this ending; they multiply. */
  public static final String SCALE_SUFFIX = "_scale_inv";

  private static final int USUAL_BLOCK = 128;

  /** Whether the config declares quantised weights. */
  public enum Declared {
    /** It does. */
    FP8,
    /** It does not. */
    NONE
  }

  /**
   * Reads {@code quantization_config}.
   *
   * @throws TenonException {@code UNSUPPORTED} for any other method or form than FP8 e4m3 in blocks
   */
  public static Quantisation of(Map<String, Object> config) {
    Object value = config.get("quantization_config");
    if (value == null) {
      return new Quantisation(Declared.NONE, USUAL_BLOCK, USUAL_BLOCK);
    }
    if (!(value instanceof Map<?, ?> quantisation)) {
      throw new TenonException(
          ErrorCode.INVALID_CHECKPOINT,
          "config.json: quantization_config is " + value + "; expected an object");
    }
    require("quant_method", quantisation.get("quant_method"), "fp8");
    Object format = quantisation.get("fmt");
    require("fmt", format == null ? "e4m3" : format, "e4m3");
    Object scheme = quantisation.get("activation_scheme");
    require("activation_scheme", scheme == null ? "dynamic" : scheme, "dynamic");
    if (quantisation.get("weight_block_size") instanceof List<?> block
        && block.size() == 2
        && block.get(0) instanceof Long rows
        && block.get(1) instanceof Long columns
        && Math.min(rows, columns) >= 1
        && Math.max(rows, columns) <= 1 << 20) {
      return new Quantisation(Declared.FP8, rows.intValue(), columns.intValue());
    }
    throw unsupported("weight_block_size", quantisation.get("weight_block_size"), "[128, 128]");
  }

  private static void require(String key, @Nullable Object found, String expected) {
    if (!expected.equals(found)) {
      throw unsupported(key, found, "\"" + expected + "\"");
    }
  }

  private static TenonException unsupported(String key, @Nullable Object found, String expected) {
    return new TenonException(
        ErrorCode.UNSUPPORTED,
        "config.json: quantization_config."
            + key
            + " is "
            + (found instanceof String text ? "\"" + Damage.shown(text) + "\"" : found)
            + "; this engine reads bf16, f16 and f32 weights and FP8 (e4m3) weights in blocks,"
            + " where it is "
            + expected);
  }

  /** Extents of the scales that belong to a tensor's last two extents. */
  List<Long> scaleShape(List<Long> shape) {
    int last = shape.size() - 1;
    long rows = Math.ceilDiv(shape.get(last - 1), blockRows);
    long columns = Math.ceilDiv(shape.get(last), blockColumns);
    return last == 1 ? List.of(rows, columns) : List.of(shape.getFirst(), rows, columns);
  }
}
