package dev.tenon.backend.cuda.core.tuning;

import dev.tenon.api.ErrorCode;
import dev.tenon.api.TenonException;
import dev.tenon.json.values.JsonValues;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;

/**
 * The text of a tuned file: an object with {@code "tenon_moe"}, the version of the parameters, and
 * per number of rows an object of them.
 */
public final class TunedMoeFile {
  /** Tells these files from those of other engines, which have the same names. */
  static final String MARKER = "tenon_moe";

  static final int VERSION = 1;

  /** What is told where a file cannot be used. */
  static final String REMEDY = "`tenon tune moe MODEL --output FOLDER` makes one for this engine";

  private static final String OTHER_VERSION = "triton_version";

  private TunedMoeFile() {}

  /**
   * Reads one.
   *
   * @param place where it is, for messages
   * @throws TenonException {@code INVALID_CONFIGURATION}, naming place and key
   */
  public static TunedMoe read(byte[] text, String place) {
    JsonNode root;
    try {
      root = JsonValues.read(text);
    } catch (JacksonException e) {
      throw invalid(place, "is not JSON: " + e.getOriginalMessage());
    }
    if (!root.isObject()) {
      throw invalid(place, "is not a JSON object");
    }
    Map<String, Object> members = JsonValues.object(root);
    requireOurs(members, place);
    List<TunedMoe.Entry> entries = new ArrayList<>();
    members.forEach((key, value) -> {
      if (!key.equals(MARKER)) {
        entries.add(new TunedMoe.Entry(rows(key, place), tile(key, value, place)));
      }
    });
    if (entries.isEmpty()) {
      throw invalid(place, "has no entries; expected numbers of rows such as \"16\"");
    }
    return new TunedMoe(entries);
  }

  /** The text of a file. */
  public static String write(TunedMoe tuned) {
    String entries =
        tuned.entries().stream()
            .map(entry -> "  \"" + entry.rows() + "\": " + object(entry.tile()))
            .collect(Collectors.joining(",\n"));
    return "{\n  \"" + MARKER + "\": " + VERSION + ",\n" + entries + "\n}\n";
  }

  private static String object(MoeTile tile) {
    return tile.values().entrySet().stream()
        .map(value -> "\"" + value.getKey() + "\": " + value.getValue())
        .collect(Collectors.joining(", ", "{", "}"));
  }

  private static void requireOurs(Map<String, Object> members, String place) {
    Object version = members.get(MARKER);
    if (version == null) {
      throw invalid(
          place,
          members.containsKey(OTHER_VERSION)
                  || members.values().stream().anyMatch(TunedMoeFile::isForeign)
              ? "was made for another engine's kernels (it has "
                  + (members.containsKey(OTHER_VERSION) ? OTHER_VERSION : "BLOCK_SIZE_M")
                  + "), whose parameters mean nothing here"
              : "has no \"" + MARKER + "\", so it was not made for this engine's kernels");
    }
    if (!Long.valueOf(VERSION).equals(version)) {
      throw invalid(
          place, "\"" + MARKER + "\" is " + version + "; this version reads " + VERSION + " only");
    }
  }

  private static boolean isForeign(@Nullable Object value) {
    return value instanceof Map<?, ?> parameters && parameters.containsKey("BLOCK_SIZE_M");
  }

  private static int rows(String key, String place) {
    if (!key.matches("[1-9]\\d{0,8}")) {
      throw invalid(place, "key \"" + key + "\" is not a number of rows");
    }
    return Integer.parseInt(key);
  }

  private static MoeTile tile(String key, @Nullable Object value, String place) {
    if (!(value instanceof Map<?, ?> given)) {
      throw invalid(place, "\"" + key + "\" is not an object of " + MoeTile.NAMES);
    }
    given
        .keySet()
        .forEach(name -> {
          if (!MoeTile.NAMES.contains(name)) {
            throw invalid(
                place,
                "\""
                    + key
                    + "\" has an unknown parameter \""
                    + name
                    + "\"; known: "
                    + MoeTile.NAMES);
          }
        });
    Map<String, Integer> values = new LinkedHashMap<>();
    for (String name : MoeTile.NAMES) {
      if (!(given.get(name) instanceof Long number) || number < 0 || number > MoeTile.MOST) {
        throw invalid(
            place,
            "\"%s\": \"%s\" is %s; expected a whole number of 0 to %d"
                .formatted(
                    key,
                    name,
                    given.containsKey(name) ? given.get(name) : "missing",
                    MoeTile.MOST));
      }
      values.put(name, number.intValue());
    }
    return MoeTile.of(values);
  }

  private static TenonException invalid(String place, String what) {
    return new TenonException(
        ErrorCode.INVALID_CONFIGURATION, "tuned MoE file " + place + " " + what + "; " + REMEDY);
  }
}
