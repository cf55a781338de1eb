package dev.tenon.text.huggingface.jinja;

/** One rendering: its budget, the line at work, and the semantics bound to them. */
final class Run {
  private final Budget budget;
  private final Comparison comparison;
  private final Text text;
  private int line;

  Run(JinjaLimits limits) {
    budget = new Budget(limits);
    comparison = new Comparison(budget);
    text = new Text(budget);
  }

  Budget budget() {
    return budget;
  }

  Comparison comparison() {
    return comparison;
  }

  /** {@code str(value)}. */
  String text(Object value) {
    return text.of(value);
  }

  /** {@code repr(value)}. */
  String quoted(Object value) {
    return text.quoted(value);
  }

  /** Says where a failure from now on is. */
  void at(int lineAtWork) {
    line = lineAtWork;
  }

  int line() {
    return line;
  }
}
