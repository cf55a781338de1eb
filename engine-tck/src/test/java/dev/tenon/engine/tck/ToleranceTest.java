package dev.tenon.engine.tck;

import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;

class ToleranceTest {
  private static final float[] EXPECTED = {100f, 0f, -1f};

  @Test
  void takesWhatIsWithinTheBoundOfTheGreatestElement() {
    assertThatCode(() ->
            Tolerance.relative(1e-3)
                .requireNear(new float[] {100.05f, 0.09f, -1.05f}, EXPECTED, "x"))
        .doesNotThrowAnyException();
  }

  @Test
  void namesTheWorstElement() {
    assertThatThrownBy(() ->
            Tolerance.relative(1e-3).requireNear(new float[] {100.2f, 0.5f, -1f}, EXPECTED, "x"))
        .isInstanceOf(AssertionError.class)
        .hasMessageContaining("x[1] is 0.5");
  }

  @Test
  void refusesNaNAndOtherLengths() {
    assertThatThrownBy(() ->
            new Tolerance(1, 1000).requireNear(new float[] {Float.NaN, 0f, 0f}, EXPECTED, "x"))
        .hasMessageContaining("x[0]");
    assertThatThrownBy(() -> Tolerance.EXACT.requireNear(new float[2], EXPECTED, "x"))
        .hasMessageContaining("2 elements, not 3");
  }
}
