package dev.tenon.text.huggingface.jinja;

/**
 * A {@code {% raw %}} block, by its places in the template.
 *
 * @param bodyStart first character of its body
 * @param bodyEnd where the tag that ends it begins
 * @param endSign sign after the opening mark of that tag
 * @param closing its closing mark
 * @param closingSign sign before that
 */
record RawBlock(int bodyStart, int bodyEnd, String endSign, int closing, String closingSign) {

  /** Where the body of a raw block begins whose tag is at {@code tag}; −1 if it is no raw block. */
  static int body(String source, int tag) {
    int at = afterWord(source, tag, "raw");
    if (at < 0) {
      return -1;
    }
    if (source.startsWith("-%}", at)) {
      int end = at + 3;
      while (end < source.length() && Characters.isSpace(source.charAt(end))) {
        end++;
      }
      return end;
    }
    return source.startsWith("%}", at) ? at + 2 : -1;
  }

  static RawBlock read(String source, int body, int line) {
    for (int tag = source.indexOf("{%", body); tag >= 0; tag = source.indexOf("{%", tag + 1)) {
      int at = afterWord(source, tag, "endraw");
      if (at < 0) {
        continue;
      }
      String sign = sign(source, at);
      if (source.startsWith("%}", at + sign.length())) {
        return new RawBlock(body, tag, sign(source, tag + 2), at + sign.length(), sign);
      }
    }
    throw JinjaException.syntax(line, "a raw block has no end: '{% endraw %}' is missing");
  }

  private static String sign(String source, int at) {
    return at < source.length() && (source.charAt(at) == '-' || source.charAt(at) == '+')
        ? source.substring(at, at + 1)
        : "";
  }

  private static int afterWord(String source, int tag, String word) {
    int at = skipSpace(source, tag + 2 + sign(source, tag + 2).length());
    return source.startsWith(word, at) ? skipSpace(source, at + word.length()) : -1;
  }

  private static int skipSpace(String source, int from) {
    int at = from;
    while (at < source.length() && Characters.isSpace(source.charAt(at))) {
      at++;
    }
    return at;
  }
}
