package dev.tenon.text.huggingface.jinja;

/** What one rendering has used of its {@link JinjaLimits}. Confined to the rendering thread. */
final class Budget {
  private static final int LONGEST_RANGE = 100_000;

  private final JinjaLimits limits;
  private final long started = System.nanoTime();
  private long steps;
  private long nextClockCheck;
  private long text;
  private int depth;

  Budget(JinjaLimits limits) {
    this.limits = limits;
  }

  /** Counts one node evaluated or one element touched. */
  void step() {
    steps(1);
  }

  /** Counts several, before they are done. */
  void steps(long count) {
    steps += count;
    if (steps > limits.steps()) {
      throw JinjaException.limit(
          "the template takes more than " + limits.steps() + " steps; does it loop?");
    }
    if (steps >= nextClockCheck) {
      nextClockCheck = steps + 1024;
      checkClock();
    }
  }

  private void checkClock() {
    if (Thread.currentThread().isInterrupted()) {
      throw JinjaException.limit("rendering was interrupted");
    }
    if (System.nanoTime() - started > limits.time().toNanos()) {
      throw JinjaException.limit(
          "rendering takes longer than " + limits.time().toMillis() + " ms; does it loop?");
    }
  }

  /** Counts text before it is made; searching and copying it counts as work too. */
  void text(long characters) {
    text += characters;
    if (characters > limits.textCharacters() || text > limits.textCharacters()) {
      throw JinjaException.limit(
          "the template makes more than " + limits.textCharacters() + " characters of text");
    }
    steps(characters >> 6);
  }

  /** Checks the length of the rendered text so far. */
  void output(long characters) {
    if (characters > limits.outputCharacters()) {
      throw JinjaException.limit(
          "the rendered text is longer than " + limits.outputCharacters() + " characters");
    }
  }

  /** Checks the size of an integer before it is made. */
  void integer(long bits) {
    if (bits > limits.integerBits()) {
      throw JinjaException.limit("an integer has more than " + limits.integerBits() + " bits");
    }
  }

  /** Checks the number of elements of a range. */
  void range(long elements) {
    if (elements > LONGEST_RANGE) {
      throw JinjaException.limit("a range has more than " + LONGEST_RANGE + " elements");
    }
  }

  void enter() {
    if (++depth > limits.depth()) {
      depth--;
      throw JinjaException.limit("nesting is deeper than " + limits.depth() + " levels");
    }
  }

  void leave() {
    depth--;
  }
}
