package dev.tenon.text.huggingface.jinja;

import java.time.ZonedDateTime;
import java.time.format.DateTimeFormatter;
import java.util.Locale;

/** {@code strftime} in the C locale. */
final class TimeFormat {
  private TimeFormat() {}

  static String now(String format, ZonedDateTime now, Run run) {
    TextBuilder out = new TextBuilder(run.budget());
    for (int i = 0; i < format.length(); i++) {
      char character = format.charAt(i);
      if (character != '%' || i + 1 == format.length()) {
        out.append(character);
        continue;
      }
      char directive = format.charAt(++i);
      boolean unpadded = directive == '-' && i + 1 < format.length();
      if (unpadded) {
        directive = format.charAt(++i);
      }
      String field = field(directive, now);
      out.append(unpadded ? withoutPadding(field) : field);
    }
    return out.toString();
  }

  private static String withoutPadding(String field) {
    int start = 0;
    while (start < field.length() - 1 && field.charAt(start) == '0') {
      start++;
    }
    return field.substring(start);
  }

  private static String field(char directive, ZonedDateTime now) {
    return switch (directive) {
      case 'Y' -> format("yyyy", now);
      case 'y' -> format("yy", now);
      case 'm' -> format("MM", now);
      case 'd' -> format("dd", now);
      case 'e' -> String.format(Locale.ROOT, "%2d", now.getDayOfMonth());
      case 'H' -> format("HH", now);
      case 'I' -> format("hh", now);
      case 'M' -> format("mm", now);
      case 'S' -> format("ss", now);
      case 'f' -> format("SSSSSS", now);
      case 'p' -> format("a", now);
      case 'a' -> format("EEE", now);
      case 'A' -> format("EEEE", now);
      case 'b', 'h' -> format("MMM", now);
      case 'B' -> format("MMMM", now);
      case 'j' -> format("DDD", now);
      case 'w' -> String.valueOf(now.getDayOfWeek().getValue() % 7);
      case 'u' -> String.valueOf(now.getDayOfWeek().getValue());
      case 'F' -> format("yyyy-MM-dd", now);
      case 'T', 'X' -> format("HH:mm:ss", now);
      case 'R' -> format("HH:mm", now);
      case 'D', 'x' -> format("MM/dd/yy", now);
      case 'c' -> format("EEE MMM ", now) + field('e', now) + format(" HH:mm:ss yyyy", now);
      case 's' -> String.valueOf(now.toEpochSecond());
      case 'n' -> "\n";
      case 't' -> "\t";
      case '%' -> "%";
      // The time is a local one without a zone, as that of transformers.
      case 'z', 'Z' -> "";
      default -> throw JinjaException.value("strftime_now does not know %" + directive);
    };
  }

  private static String format(String pattern, ZonedDateTime now) {
    return now.format(DateTimeFormatter.ofPattern(pattern, Locale.ENGLISH));
  }
}
