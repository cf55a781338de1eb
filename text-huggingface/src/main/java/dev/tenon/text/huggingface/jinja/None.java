package dev.tenon.text.huggingface.jinja;

/** Python's {@code None}. */
enum None {
  NONE
}
