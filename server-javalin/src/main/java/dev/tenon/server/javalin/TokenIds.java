package dev.tenon.server.javalin;

/** Whether token ids are part of an answer. */
enum TokenIds {
  /** They are not. */
  OMITTED,
  /** Of prompt and output. */
  RETURNED;

  static TokenIds read(Fields fields) {
    return fields.flag("return_token_ids", false) ? RETURNED : OMITTED;
  }
}
