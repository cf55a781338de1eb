package dev.tenon.spi;

/** A plugin's answer to "can you do this here?". Probing is cheap and never throws. */
public sealed interface Probe {
  /**
   * It can.
   *
   * @param score the greatest is chosen; 1 … 1000
   * @param description what it found, for people
   */
  record Fit(int score, String description) implements Probe {
    /** Checks the range. */
    public Fit {
      if (score < 1 || score > 1000) {
        throw new IllegalArgumentException("score " + score + " is not within 1 … 1000");
      }
    }
  }

  /**
   * It cannot.
   *
   * @param reason why, and what would be needed
   */
  record Unfit(String reason) implements Probe {}
}
