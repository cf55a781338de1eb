package dev.tenon.text.huggingface.jinja;

import dev.tenon.text.huggingface.jinja.Token.Kind;
import java.util.ArrayList;
import java.util.List;

/** Reads a template's statements. */
final class StatementParser {
  private final TokenCursor cursor;
  private final ExpressionParser expressions;
  private final MacroParser macros;
  private int loops;

  StatementParser(TokenCursor cursor) {
    this.cursor = cursor;
    this.expressions = new ExpressionParser(cursor);
    this.macros = new MacroParser(cursor, expressions, this);
  }

  Block template() {
    Block block = body("the template");
    if (cursor.peek().kind() != Kind.END) {
      cursor.next();
      throw JinjaException.syntax(
          cursor.line(), "'" + cursor.peek().text() + "' without a tag that it belongs to");
    }
    return block;
  }

  /** Statements up to a tag of one of these names, or to the template's end. */
  private Block body(String opener, String... ends) {
    cursor.enter();
    int line = cursor.line();
    List<Statement> statements = new ArrayList<>();
    while (true) {
      Token token = cursor.peek();
      if (token.kind() == Kind.END) {
        if (ends.length > 0) {
          throw JinjaException.syntax(
              line,
              "'" + opener + "' has no end: '{% " + ends[ends.length - 1] + " %}' is missing");
        }
        break;
      } else if (token.kind() == Kind.DATA) {
        statements.add(new Statements.Data(cursor.next().text()));
      } else if (token.kind() == Kind.OUTPUT_BEGIN) {
        statements.add(output());
      } else if (isEnd(ends)) {
        break;
      } else {
        cursor.next();
        statements.add(tag());
      }
    }
    cursor.leave();
    return new Block(List.copyOf(statements));
  }

  private boolean isEnd(String... ends) {
    Token name = cursor.peekNext();
    return name.kind() == Kind.NAME
        && (List.of(ends).contains(name.text())
            || (ends.length == 0 && name.text().startsWith("end")));
  }

  /** The body of a tag that was just read, and the tag that ends it. */
  Block bodyAndEnd(String opener) {
    closeTag();
    Block body = body(opener, "end" + opener);
    cursor.next();
    cursor.next();
    return body;
  }

  void closeTag() {
    cursor.expect(Kind.BLOCK_END, "the end of the tag");
  }

  private Statement output() {
    int line = cursor.next().line();
    Expression expression = expressions.tuple();
    cursor.expect(Kind.OUTPUT_END, "'}}'");
    return new Statements.Output(expression, line);
  }

  private Statement tag() {
    Token name = cursor.expect(Kind.NAME, "a tag's name");
    Statement statement =
        switch (name.text()) {
          case "if" -> condition();
          case "for" -> loop(name.line());
          case "set" -> set(name.line());
          case "with" -> with();
          case "filter" -> filter(name.line());
          case "generation" -> new Statements.Generation(bodyAndEnd("generation"));
          case "macro" -> macros.macro();
          case "call" -> macros.call(name.line());
          case "break" -> jump(name, Statement.Flow.BREAK);
          case "continue" -> jump(name, Statement.Flow.CONTINUE);
          default ->
              throw JinjaException.syntax(
                  name.line(), "Encountered unknown tag '" + name.text() + "'.");
        };
    closeTag();
    return statement;
  }

  private Statement jump(Token name, Statement.Flow flow) {
    if (loops == 0) {
      throw JinjaException.syntax(name.line(), "'" + name.text() + "' outside of a loop");
    }
    return new Statements.Jump(flow);
  }

  private Statement condition() {
    List<Statements.Branch> branches = new ArrayList<>();
    Block otherwise = Block.EMPTY;
    while (true) {
      Expression test = expressions.tupleWithoutConditional();
      closeTag();
      branches.add(new Statements.Branch(test, body("if", "elif", "else", "endif")));
      cursor.next();
      String end = cursor.next().text();
      if (end.equals("else")) {
        closeTag();
        otherwise = body("if", "endif");
        cursor.next();
        cursor.next();
      }
      if (!end.equals("elif")) {
        return new Statements.If(branches, otherwise);
      }
    }
  }

  private Statement loop(int line) {
    Target target = target();
    cursor.expectName("in");
    Expression iterable = expressions.tupleWithoutConditional();
    List<Expression> condition =
        cursor.skipName("if") ? List.of(expressions.expression()) : List.of();
    boolean recursive = cursor.skipName("recursive");
    closeTag();
    loops++;
    Block body = body("for", "else", "endfor");
    loops--;
    cursor.next();
    Block otherwise = Block.EMPTY;
    if (cursor.next().text().equals("else")) {
      closeTag();
      otherwise = body("for", "endfor");
      cursor.next();
      cursor.next();
    }
    return new ForLoop(target, iterable, condition, body, otherwise, recursive, line);
  }

  private Target target() {
    Target first = oneTarget();
    if (!cursor.isOperator(",")) {
      return first;
    }
    List<Target> targets = new ArrayList<>(List.of(first));
    while (cursor.skipOperator(",")
        && (cursor.peek().kind() == Kind.NAME || cursor.isOperator("("))) {
      targets.add(oneTarget());
    }
    return new Target.Several(targets);
  }

  private Target oneTarget() {
    if (cursor.skipOperator("(")) {
      cursor.enter();
      Target inside = target();
      cursor.leave();
      cursor.expectOperator(")");
      return inside;
    }
    Token name = cursor.expect(Kind.NAME, "a name to assign to");
    switch (name.text()) {
      case "true", "false", "none", "True", "False", "None", "and", "or", "not", "in", "is" ->
          throw JinjaException.syntax(name.line(), "can't assign to '" + name.text() + "'");
      default -> {}
    }
    return cursor.skipOperator(".")
        ? new Target.Member(name.text(), cursor.expect(Kind.NAME, "an attribute's name").text())
        : new Target.Variable(name.text());
  }

  private Statement set(int line) {
    Target target = target();
    if (cursor.skipOperator("=")) {
      return new Statements.Set(target, expressions.tuple(), line);
    }
    List<Pipe> filters = new ArrayList<>();
    while (cursor.skipOperator("|")) {
      filters.add(expressions.postfix().pipe());
    }
    return new Statements.SetBlock(target, filters, bodyAndEnd("set"), line);
  }

  private Statement with() {
    List<Statements.Assignment> assignments = new ArrayList<>();
    while (cursor.peek().kind() != Kind.BLOCK_END) {
      if (!assignments.isEmpty()) {
        cursor.expectOperator(",");
      }
      Target target = oneTarget();
      cursor.expectOperator("=");
      assignments.add(new Statements.Assignment(target, expressions.expression()));
    }
    return new Statements.With(assignments, bodyAndEnd("with"));
  }

  private Statement filter(int line) {
    List<Pipe> filters = new ArrayList<>();
    do {
      filters.add(expressions.postfix().pipe());
    } while (cursor.skipOperator("|"));
    return new Statements.FilterBlock(filters, bodyAndEnd("filter"), line);
  }
}
