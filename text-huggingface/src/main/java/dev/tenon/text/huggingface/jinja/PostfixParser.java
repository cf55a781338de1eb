package dev.tenon.text.huggingface.jinja;

import dev.tenon.text.huggingface.jinja.Token.Kind;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Reads what follows an operand: attributes, elements, calls, filters and tests. */
final class PostfixParser {
  private final TokenCursor cursor;
  private final ExpressionParser expressions;

  PostfixParser(TokenCursor cursor, ExpressionParser expressions) {
    this.cursor = cursor;
    this.expressions = expressions;
  }

  Expression lookups(Expression operand) {
    Expression result = operand;
    while (true) {
      int line = cursor.line();
      if (cursor.skipOperator(".")) {
        result = attribute(result, line);
      } else if (cursor.skipOperator("[")) {
        result = subscript(result, line);
      } else if (cursor.isOperator("(")) {
        result = new Calls.Call(result, arguments(), line);
      } else {
        return result;
      }
    }
  }

  private Expression attribute(Expression owner, int line) {
    if (cursor.peek().kind() == Kind.INTEGER) {
      return new Lookups.Element(owner, expressions.primary(), line);
    }
    return new Lookups.Attribute(owner, cursor.expect(Kind.NAME, "a name").text(), line);
  }

  private Expression subscript(Expression owner, int line) {
    Expression start = NOTHING;
    if (!cursor.isOperator(":")) {
      start = expressions.tuple();
      if (cursor.skipOperator("]")) {
        return new Lookups.Element(owner, start, line);
      }
    }
    cursor.expectOperator(":");
    Expression stop = sliceBound();
    Expression step = cursor.skipOperator(":") ? sliceBound() : NOTHING;
    cursor.expectOperator("]");
    return new Lookups.Part(owner, start, stop, step, line);
  }

  private static final Expression NOTHING = new Displays.Literal(None.NONE);

  private Expression sliceBound() {
    return cursor.isOperator(":") || cursor.isOperator("]") ? NOTHING : expressions.expression();
  }

  Calls.Given arguments() {
    cursor.expectOperator("(");
    List<Expression> positional = new ArrayList<>();
    Map<String, Expression> named = new LinkedHashMap<>();
    List<Expression> rest = new ArrayList<>();
    List<Expression> namedRest = new ArrayList<>();
    boolean first = true;
    while (!cursor.skipOperator(")")) {
      if (!first) {
        cursor.expectOperator(",");
        if (cursor.skipOperator(")")) {
          break;
        }
      }
      first = false;
      if (cursor.skipOperator("*")) {
        rest.add(expressions.expression());
      } else if (cursor.skipOperator("**")) {
        namedRest.add(expressions.expression());
      } else if (cursor.peek().kind() == Kind.NAME && cursor.peekNext().is(Kind.OPERATOR, "=")) {
        String name = cursor.next().text();
        cursor.expectOperator("=");
        named.put(name, expressions.expression());
      } else if (named.isEmpty() && rest.isEmpty() && namedRest.isEmpty()) {
        positional.add(expressions.expression());
      } else {
        throw JinjaException.syntax(
            cursor.line(), "an argument without a name follows one with a name");
      }
    }
    return new Calls.Given(positional, named, rest, namedRest);
  }

  Expression filters(Expression operand) {
    Expression result = operand;
    while (true) {
      if (cursor.isOperator("|")) {
        cursor.next();
        Pipe pipe = pipe();
        result = new Calls.Filtered(result, pipe.filter(), pipe.given(), pipe.line());
      } else if (cursor.isName("is")) {
        result = test(result);
      } else if (cursor.isOperator("(")) {
        result = new Calls.Call(result, arguments(), cursor.line());
      } else {
        return result;
      }
    }
  }

  /** A filter's name and arguments. */
  Pipe pipe() {
    int line = cursor.line();
    String name = dottedName("a filter's name");
    if (!Filters.isKnown(name)) {
      throw JinjaException.syntax(line, "No filter named '" + name + "'.");
    }
    Calls.Given given = cursor.isOperator("(") ? arguments() : Calls.Given.NOTHING;
    return new Pipe(name, given, line);
  }

  private String dottedName(String description) {
    StringBuilder name = new StringBuilder(cursor.expect(Kind.NAME, description).text());
    while (cursor.skipOperator(".")) {
      name.append('.').append(cursor.expect(Kind.NAME, description).text());
    }
    return name.toString();
  }

  private Expression test(Expression operand) {
    int line = cursor.next().line();
    boolean negated = cursor.skipName("not");
    String name = dottedName("a test's name");
    if (!Tests.isKnown(name)) {
      throw JinjaException.syntax(line, "No test named '" + name + "'.");
    }
    Calls.Given given = Calls.Given.NOTHING;
    if (cursor.isOperator("(")) {
      given = arguments();
    } else if (startsTestArgument()) {
      if (cursor.isName("is")) {
        throw JinjaException.syntax(line, "You cannot chain multiple tests with is");
      }
      Expression argument = lookups(expressions.primary());
      given = new Calls.Given(List.of(argument), Map.of(), List.of(), List.of());
    }
    Expression tested = new Calls.Tested(operand, name, given, line);
    return negated ? new Operations.Not(tested) : tested;
  }

  private boolean startsTestArgument() {
    Token token = cursor.peek();
    return switch (token.kind()) {
      case STRING, INTEGER, FLOAT -> true;
      case OPERATOR -> token.text().equals("[") || token.text().equals("{");
      case NAME ->
          switch (token.text()) {
            case "else", "or", "and", "if", "in", "not", "recursive" -> false;
            default -> true;
          };
      default -> false;
    };
  }
}
