package dev.tenon.text.huggingface.jinja;

/** A part of a template that renders. Immutable. */
interface Statement {
  /** How a statement ended. */
  enum Flow {
    NORMAL,
    BREAK,
    CONTINUE
  }

  Flow run(Scope scope, TextBuilder out);
}
