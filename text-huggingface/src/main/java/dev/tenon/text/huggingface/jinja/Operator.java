package dev.tenon.text.huggingface.jinja;

/** Arithmetic operators of two operands. */
enum Operator {
  ADD("+"),
  SUBTRACT("-"),
  MULTIPLY("*"),
  DIVIDE("/"),
  FLOOR_DIVIDE("//"),
  MODULO("%"),
  POWER("**");

  final String sign;

  Operator(String sign) {
    this.sign = sign;
  }
}
