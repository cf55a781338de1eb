package dev.tenon.text.huggingface.jinja;

/** {@code joiner(…)}: nothing on the first call, its separator on every other. */
final class Joiner implements Callable {
  private final String separator;
  private boolean used;

  Joiner(String separator) {
    this.separator = separator;
  }

  @Override
  public Object call(Run run, Arguments arguments) {
    String result = used ? separator : "";
    used = true;
    return result;
  }
}
