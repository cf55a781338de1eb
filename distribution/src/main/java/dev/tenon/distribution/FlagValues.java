package dev.tenon.distribution;

import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * The flags given on a command line.
 *
 * @param values texts given for each flag, by name; {@code "true"} or {@code "false"} for switches
 */
record FlagValues(Map<String, List<String>> values) {
  private static final Pattern COUNT = Pattern.compile("(\\d+(?:\\.\\d+)?)([kKmMgG]?)");

  FlagValues {
    values = Map.copyOf(values);
  }

  /** These values with one flag given otherwise. */
  FlagValues with(String name, String text) {
    Map<String, List<String>> changed = new HashMap<>(values);
    changed.put(name, List.of(text));
    return new FlagValues(changed);
  }

  Optional<String> text(String name) {
    List<String> given = values.getOrDefault(name, List.of());
    return given.isEmpty() ? Optional.empty() : Optional.of(given.getLast());
  }

  List<String> texts(String name) {
    return values.getOrDefault(name, List.of());
  }

  boolean isOn(String name, boolean otherwise) {
    return text(name).map(Boolean::parseBoolean).orElse(otherwise);
  }

  Optional<Integer> integer(String name) {
    return text(name)
        .map(text -> {
          try {
            return Integer.parseInt(text);
          } catch (NumberFormatException e) {
            throw new UsageException("--" + name + " " + text + ": give a whole number");
          }
        });
  }

  Optional<Long> number(String name) {
    return text(name)
        .map(text -> {
          try {
            return Long.parseLong(text);
          } catch (NumberFormatException e) {
            throw new UsageException("--" + name + " " + text + ": give a whole number");
          }
        });
  }

  /** A count, at least 1; {@code 32k} is 32,000 and {@code 32K} is 32,768, as vLLM reads them. */
  Optional<Integer> count(String name) {
    return text(name).map(text -> parseCount(name, text));
  }

  Optional<Double> share(String name) {
    return text(name)
        .map(text -> {
          try {
            double share = Double.parseDouble(text);
            if (share > 0 && share <= 1) {
              return share;
            }
          } catch (NumberFormatException e) {
            // the message below serves both
          }
          throw new UsageException(
              "--" + name + " " + text + ": give a share above 0 and up to 1, e.g. 0.9");
        });
  }

  Map<String, Object> json(String name) {
    return text(name).map(text -> JsonText.object("--" + name, text)).orElse(Map.of());
  }

  void requireOnly(String name, String only) {
    text(name)
        .filter(text -> !text.equals(only))
        .ifPresent(text -> {
          throw new UsageException(
              "--" + name + " " + text + ": only " + only + " is offered so far");
        });
  }

  private static int parseCount(String name, String text) {
    Matcher matcher = COUNT.matcher(text);
    if (matcher.matches()) {
      double factor =
          switch (matcher.group(2)) {
            case "k" -> 1e3;
            case "K" -> 1024;
            case "m" -> 1e6;
            case "M" -> 1024 * 1024;
            case "g" -> 1e9;
            case "G" -> 1024.0 * 1024 * 1024;
            default -> 1;
          };
      double count = Double.parseDouble(matcher.group(1)) * factor;
      if (count >= 1 && count <= Integer.MAX_VALUE && count == Math.rint(count)) {
        return (int) count;
      }
    }
    throw new UsageException(
        String.format(
            Locale.ROOT, "--%s %s: give a count of at least 1, e.g. 4096 or 32k", name, text));
  }
}
