package dev.tenon.text.huggingface.jinja;

/** What a template can call. */
interface Callable {
  Object call(Run run, Arguments arguments);
}
