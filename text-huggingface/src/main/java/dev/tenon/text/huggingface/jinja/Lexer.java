package dev.tenon.text.huggingface.jinja;

import java.util.ArrayList;
import java.util.List;

/**
 * Cuts a template into tokens, with {@code trim_blocks} and {@code lstrip_blocks} on: a newline
 * after a block tag or comment goes, and so does blank space before one that starts a line.
 */
final class Lexer {
  private final String source;
  private final List<Token> tokens = new ArrayList<>();
  private int at;
  private int line = 1;
  private boolean lineStarting = true;

  private Lexer(String source) {
    this.source = source;
  }

  static List<Token> tokens(String template) {
    String source = template.replace("\r\n", "\n").replace('\r', '\n');
    if (source.endsWith("\n")) {
      source = source.substring(0, source.length() - 1);
    }
    Lexer lexer = new Lexer(source);
    lexer.run();
    return lexer.tokens;
  }

  private void run() {
    while (at < source.length()) {
      int tag = nextTag();
      if (tag < 0) {
        data(source.substring(at), "");
        advance(source.length());
        break;
      }
      char type = source.charAt(tag + 1);
      int rawBody = type == '%' ? RawBlock.body(source, tag) : -1;
      String sign = sign(tag + 2);
      data(source.substring(at, tag), type == '{' ? "variable" + sign : sign);
      advance(tag);
      if (rawBody >= 0) {
        raw(rawBody);
      } else if (type == '#') {
        comment();
      } else {
        tag(type == '%', sign.length());
      }
    }
    tokens.add(new Token(Token.Kind.END, "", line));
  }

  private int nextTag() {
    for (int i = source.indexOf('{', at); i >= 0; i = source.indexOf('{', i + 1)) {
      if (i + 1 < source.length() && "%{#".indexOf(source.charAt(i + 1)) >= 0) {
        return i;
      }
    }
    return -1;
  }

  private String sign(int place) {
    return place < source.length() && "-+".indexOf(source.charAt(place)) >= 0
        ? source.substring(place, place + 1)
        : "";
  }

  /** Text before a tag; {@code control} is the tag's sign, and whether it prints a variable. */
  private void data(String text, String control) {
    String kept = text;
    if (control.endsWith("-")) {
      kept = Characters.strip(text, None.NONE, false, true);
    } else if (control.isEmpty() && at + text.length() < source.length()) {
      int lineStart = text.lastIndexOf('\n') + 1;
      if ((lineStart > 0 || lineStarting)
          && Characters.strip(text.substring(lineStart), None.NONE, true, false).isEmpty()) {
        kept = text.substring(0, lineStart);
      }
    }
    if (!kept.isEmpty()) {
      tokens.add(new Token(Token.Kind.DATA, kept, line));
    }
  }

  private void advance(int place) {
    for (int i = at; i < place; i++) {
      if (source.charAt(i) == '\n') {
        line++;
      }
    }
    lineStarting = place > at ? source.charAt(place - 1) == '\n' : lineStarting;
    at = place;
  }

  /** Goes beyond a closing mark and what its sign makes it swallow. */
  private void close(int mark, String sign, boolean trimsNewline) {
    int end = mark + 2;
    if (sign.equals("-")) {
      while (end < source.length() && Characters.isSpace(source.charAt(end))) {
        end++;
      }
    } else if (sign.isEmpty() && trimsNewline && source.startsWith("\n", end)) {
      end++;
    }
    advance(end);
  }

  private void comment() {
    int end = source.indexOf("#}", at + 2);
    if (end < 0) {
      throw JinjaException.syntax(line, "a comment has no end: '#}' is missing");
    }
    String sign = end > at + 2 ? sign(end - 1) : "";
    close(end, sign, true);
  }

  private void raw(int body) {
    RawBlock block = RawBlock.read(source, body, line);
    advance(block.bodyStart());
    lineStarting = false;
    String text = source.substring(block.bodyStart(), block.bodyEnd());
    data(text, block.endSign());
    advance(block.closing());
    close(block.closing(), block.closingSign(), true);
  }

  private void tag(boolean block, int signLength) {
    int begin = line;
    tokens.add(new Token(block ? Token.Kind.BLOCK_BEGIN : Token.Kind.OUTPUT_BEGIN, "", line));
    advance(at + 2 + signLength);
    ExpressionLexer inside = new ExpressionLexer(source, at, line, block ? "%}" : "}}");
    int end = inside.run(tokens);
    if (end < 0) {
      throw JinjaException.syntax(
          begin, "a tag has no end: '" + (block ? "%}" : "}}") + "' is missing");
    }
    advance(end);
    tokens.add(new Token(block ? Token.Kind.BLOCK_END : Token.Kind.OUTPUT_END, "", line));
    String sign = source.startsWith(block ? "%}" : "}}", end) ? "" : sign(end);
    close(end + sign.length(), sign, block);
  }
}
