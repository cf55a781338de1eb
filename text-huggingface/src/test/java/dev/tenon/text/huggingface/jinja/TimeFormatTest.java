package dev.tenon.text.huggingface.jinja;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.time.ZoneOffset;
import java.time.ZonedDateTime;
import org.junit.jupiter.api.Test;

class TimeFormatTest {
  private static final ZonedDateTime TIME =
      ZonedDateTime.of(2026, 2, 3, 16, 5, 9, 123_456_789, ZoneOffset.UTC);

  private static String format(String format) {
    return TimeFormat.now(format, TIME, new Run(JinjaLimits.DEFAULT));
  }

  @Test
  void writesDatesAndTimesAsPythonDoes() {
    assertThat(format("%Y-%m-%d %H:%M:%S.%f %y %I %p"))
        .isEqualTo("2026-02-03 16:05:09.123456 26 04 PM");
    assertThat(format("%a %A %b %B %j %w %u")).isEqualTo("Tue Tuesday Feb February 034 2 2");
    assertThat(format("%-d %e %-I %-m|100%%|%F %T %D"))
        .isEqualTo("3  3 4 2|100%|2026-02-03 16:05:09 02/03/26");
    assertThat(format("%c")).isEqualTo("Tue Feb  3 16:05:09 2026");
    assertThat(format("no directive %")).isEqualTo("no directive %");
  }

  @Test
  void refusesADirectiveThatItDoesNotKnow() {
    assertThatThrownBy(() -> format("%Q"))
        .isInstanceOf(JinjaException.class)
        .hasMessageContaining("%Q");
  }
}
