package dev.tenon.text.huggingface.jinja;

import dev.tenon.text.huggingface.jinja.Token.Kind;
import java.math.BigInteger;
import java.util.ArrayList;
import java.util.List;

/** Reads expressions, by the binding powers of their operators. */
final class ExpressionParser {
  private static final int OR = 1;
  private static final int AND = 2;
  private static final int NOT = 3;
  private static final int COMPARE = 4;
  private static final int SUM = 5;
  private static final int CONCATENATE = 6;
  private static final int PRODUCT = 7;
  private static final int POWER = 8;

  private final TokenCursor cursor;
  private final PostfixParser postfix;

  ExpressionParser(TokenCursor cursor) {
    this.cursor = cursor;
    this.postfix = new PostfixParser(cursor, this);
  }

  PostfixParser postfix() {
    return postfix;
  }

  /** An expression with {@code … if … else …}. */
  Expression expression() {
    cursor.enter();
    Expression left = withoutConditional();
    while (cursor.skipName("if")) {
      int line = cursor.line();
      Expression test = withoutConditional();
      Expression otherwise =
          cursor.skipName("else")
              ? expression()
              : new Displays.Literal(
                  Undefined.because(
                      "the inline if-expression on line "
                          + line
                          + " evaluated to false and no else section was defined"));
      left = new Operations.Conditional(test, left, otherwise);
    }
    cursor.leave();
    return left;
  }

  Expression withoutConditional() {
    return operators(OR);
  }

  private Expression operators(int least) {
    cursor.enter();
    Expression left = least <= NOT && cursor.isName("not") ? negation() : unary(true);
    for (Infix infix = infix(); infix != Infix.NONE && infix.power >= least; infix = infix()) {
      left = infix.power == COMPARE ? comparison(left) : binary(infix, left);
    }
    cursor.leave();
    return left;
  }

  private Expression negation() {
    cursor.expectName("not");
    return new Operations.Not(operators(NOT));
  }

  private Expression binary(Infix infix, Expression left) {
    int line = cursor.next().line();
    return switch (infix) {
      case OR_WORD -> new Operations.Or(left, operators(AND));
      case AND_WORD -> new Operations.And(left, operators(NOT));
      case TILDE -> {
        List<Expression> parts = new ArrayList<>(List.of(left));
        do {
          parts.add(operators(PRODUCT));
        } while (cursor.skipOperator("~"));
        yield new Operations.Concatenation(parts);
      }
      default ->
          new Operations.Binary(
              java.util.Objects.requireNonNull(infix.operator),
              left,
              infix.power == POWER ? unary(true) : operators(infix.power + 1),
              line);
    };
  }

  private Expression comparison(Expression first) {
    int line = cursor.line();
    List<Operations.Link> links = new ArrayList<>();
    while (infix() == Infix.COMPARISON) {
      String sign = cursor.next().text();
      if (sign.equals("not")) {
        cursor.expectName("in");
        sign = "not in";
      }
      links.add(new Operations.Link(sign, operators(SUM)));
    }
    return new Operations.Compare(first, links, line);
  }

  private enum Infix {
    NONE(0, null),
    OR_WORD(OR, null),
    AND_WORD(AND, null),
    COMPARISON(COMPARE, null),
    PLUS(SUM, Operator.ADD),
    MINUS(SUM, Operator.SUBTRACT),
    TILDE(CONCATENATE, null),
    TIMES(PRODUCT, Operator.MULTIPLY),
    OVER(PRODUCT, Operator.DIVIDE),
    FLOOR(PRODUCT, Operator.FLOOR_DIVIDE),
    REMAINDER(PRODUCT, Operator.MODULO),
    TO_THE(POWER, Operator.POWER);

    private final int power;
    private final @org.jspecify.annotations.Nullable Operator operator;

    Infix(int power, @org.jspecify.annotations.Nullable Operator operator) {
      this.power = power;
      this.operator = operator;
    }
  }

  private Infix infix() {
    Token token = cursor.peek();
    if (token.kind() == Kind.NAME) {
      return switch (token.text()) {
        case "or" -> Infix.OR_WORD;
        case "and" -> Infix.AND_WORD;
        case "in" -> Infix.COMPARISON;
        case "not" -> cursor.peekNext().is(Kind.NAME, "in") ? Infix.COMPARISON : Infix.NONE;
        default -> Infix.NONE;
      };
    } else if (token.kind() != Kind.OPERATOR) {
      return Infix.NONE;
    }
    return switch (token.text()) {
      case "==", "!=", "<", "<=", ">", ">=" -> Infix.COMPARISON;
      case "+" -> Infix.PLUS;
      case "-" -> Infix.MINUS;
      case "~" -> Infix.TILDE;
      case "*" -> Infix.TIMES;
      case "/" -> Infix.OVER;
      case "//" -> Infix.FLOOR;
      case "%" -> Infix.REMAINDER;
      case "**" -> Infix.TO_THE;
      default -> Infix.NONE;
    };
  }

  private Expression unary(boolean withFilters) {
    cursor.enter();
    int line = cursor.line();
    Expression operand;
    if (cursor.isOperator("-") || cursor.isOperator("+")) {
      String sign = cursor.next().text();
      operand = new Operations.Sign(sign, unary(false), line);
    } else {
      operand = primary();
    }
    operand = postfix.lookups(operand);
    cursor.leave();
    return withFilters ? postfix.filters(operand) : operand;
  }

  Expression primary() {
    Token token = cursor.next();
    return switch (token.kind()) {
      case NAME -> name(token);
      case STRING -> string(token);
      case INTEGER -> new Displays.Literal(integer(token));
      case FLOAT -> new Displays.Literal(Double.parseDouble(token.text().replace("_", "")));
      case OPERATOR -> display(token);
      default ->
          throw JinjaException.syntax(
              token.line(), "expected an expression, found " + token.shown());
    };
  }

  private static Expression name(Token token) {
    return switch (token.text()) {
      case "true", "True" -> new Displays.Literal(true);
      case "false", "False" -> new Displays.Literal(false);
      case "none", "None" -> new Displays.Literal(None.NONE);
      default -> new Displays.Name(token.text(), token.line());
    };
  }

  private Expression string(Token first) {
    StringBuilder text = new StringBuilder(first.text());
    while (cursor.peek().kind() == Kind.STRING) {
      text.append(cursor.next().text());
    }
    return new Displays.Literal(text.toString());
  }

  private static Object integer(Token token) {
    String digits = token.text().replace("_", "");
    int radix =
        switch (digits.length() > 1 ? digits.charAt(1) : '0') {
          case 'x', 'X' -> 16;
          case 'b', 'B' -> 2;
          case 'o', 'O' -> 8;
          default -> 10;
        };
    try {
      if (digits.length() > 4_000) {
        throw new NumberFormatException("too long");
      }
      return Numbers.integer(new BigInteger(radix == 10 ? digits : digits.substring(2), radix));
    } catch (NumberFormatException notANumber) {
      throw JinjaException.syntax(token.line(), "a number that cannot be read");
    }
  }

  private Expression display(Token open) {
    return switch (open.text()) {
      case "(" -> {
        Expression inside = cursor.isOperator(")") ? new Displays.TupleDisplay(List.of()) : tuple();
        cursor.expectOperator(")");
        yield inside;
      }
      case "[" -> new Displays.ListDisplay(items("]"));
      case "{" -> new Displays.DictDisplay(entries(), open.line());
      default -> throw JinjaException.syntax(open.line(), "unexpected '" + open.text() + "'");
    };
  }

  private List<Expression> items(String close) {
    List<Expression> items = new ArrayList<>();
    while (!cursor.skipOperator(close)) {
      if (!items.isEmpty()) {
        cursor.expectOperator(",");
        if (cursor.skipOperator(close)) {
          break;
        }
      }
      items.add(expression());
    }
    return items;
  }

  private List<Displays.Entry> entries() {
    List<Displays.Entry> entries = new ArrayList<>();
    while (!cursor.skipOperator("}")) {
      if (!entries.isEmpty()) {
        cursor.expectOperator(",");
        if (cursor.skipOperator("}")) {
          break;
        }
      }
      Expression key = expression();
      cursor.expectOperator(":");
      entries.add(new Displays.Entry(key, expression()));
    }
    return entries;
  }

  /** One expression, or several with commas between, which make a tuple. */
  Expression tuple() {
    return tuple(true);
  }

  /** As {@link #tuple()}, leaving {@code if} alone. */
  Expression tupleWithoutConditional() {
    return tuple(false);
  }

  private Expression tuple(boolean conditional) {
    Expression first = conditional ? expression() : withoutConditional();
    if (!cursor.isOperator(",")) {
      return first;
    }
    List<Expression> items = new ArrayList<>(List.of(first));
    while (cursor.skipOperator(",") && !atTupleEnd()) {
      items.add(conditional ? expression() : withoutConditional());
    }
    return new Displays.TupleDisplay(items);
  }

  private boolean atTupleEnd() {
    Kind kind = cursor.peek().kind();
    return kind == Kind.BLOCK_END
        || kind == Kind.OUTPUT_END
        || cursor.isOperator(")")
        || cursor.isName("recursive")
        || cursor.isName("if");
  }
}
