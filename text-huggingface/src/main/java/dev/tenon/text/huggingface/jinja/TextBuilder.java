package dev.tenon.text.huggingface.jinja;

/** A {@link StringBuilder} that asks the budget before it grows. */
final class TextBuilder {
  private final Budget budget;
  private final StringBuilder text = new StringBuilder();

  TextBuilder(Budget budget) {
    this.budget = budget;
  }

  TextBuilder append(String part) {
    budget.text(part.length());
    text.append(part);
    return this;
  }

  TextBuilder append(char part) {
    budget.text(1);
    text.append(part);
    return this;
  }

  TextBuilder repeat(String part, long count) {
    if (count > 0) {
      budget.text(Math.multiplyExact(count, (long) part.length()));
      text.repeat(part, (int) count);
    }
    return this;
  }

  int length() {
    return text.length();
  }

  void cut(int length) {
    text.setLength(length);
  }

  @Override
  public String toString() {
    return text.toString();
  }
}
