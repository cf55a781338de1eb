package dev.tenon.server.javalin;

/** How tokens are named in log-probabilities. */
enum TokenForm {
  /** By their text. */
  TEXT,
  /** As {@code token_id:123}, which tells tokens of equal text apart. */
  ID;

  static TokenForm read(Fields fields) {
    return fields.flag("return_tokens_as_token_ids", false) ? ID : TEXT;
  }
}
