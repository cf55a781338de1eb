package dev.tenon.text.huggingface.jinja;

import java.util.List;

/** Expressions with operators. */
final class Operations {
  private Operations() {}

  record Binary(Operator operator, Expression left, Expression right, int line)
      implements Expression {
    @Override
    public Object evaluate(Scope scope) {
      Object a = left.value(scope);
      Object b = right.value(scope);
      scope.run().at(line);
      return Arithmetic.apply(operator, a, b, scope.run());
    }
  }

  record Sign(String sign, Expression operand, int line) implements Expression {
    @Override
    public Object evaluate(Scope scope) {
      Object value = operand.value(scope);
      scope.run().at(line);
      return Arithmetic.negate(value, sign);
    }
  }

  record Concatenation(List<Expression> parts) implements Expression {
    @Override
    public Object evaluate(Scope scope) {
      TextBuilder out = new TextBuilder(scope.run().budget());
      for (Expression part : parts) {
        out.append(scope.run().text(part.value(scope)));
      }
      return out.toString();
    }
  }

  record And(Expression left, Expression right) implements Expression {
    @Override
    public Object evaluate(Scope scope) {
      Object value = left.value(scope);
      return Types.truth(value) ? right.value(scope) : value;
    }
  }

  record Or(Expression left, Expression right) implements Expression {
    @Override
    public Object evaluate(Scope scope) {
      Object value = left.value(scope);
      return Types.truth(value) ? value : right.value(scope);
    }
  }

  record Not(Expression operand) implements Expression {
    @Override
    public Object evaluate(Scope scope) {
      return !Types.truth(operand.value(scope));
    }
  }

  record Conditional(Expression test, Expression then, Expression otherwise) implements Expression {
    @Override
    public Object evaluate(Scope scope) {
      return Types.truth(test.value(scope)) ? then.value(scope) : otherwise.value(scope);
    }
  }

  /** One link of a chain such as {@code a < b <= c}. */
  record Link(String sign, Expression operand) {}

  record Compare(Expression first, List<Link> links, int line) implements Expression {
    @Override
    public Object evaluate(Scope scope) {
      Object left = first.value(scope);
      for (Link link : links) {
        Object right = link.operand().value(scope);
        scope.run().at(line);
        if (!holds(link.sign(), left, right, scope.run().comparison())) {
          return false;
        }
        left = right;
      }
      return true;
    }
  }

  static boolean holds(String sign, Object left, Object right, Comparison comparison) {
    boolean unordered = Numbers.isNan(left) || Numbers.isNan(right);
    return switch (sign) {
      case "==" -> comparison.equal(left, right);
      case "!=" -> !comparison.equal(left, right);
      case "in" -> comparison.contains(right, left);
      case "not in" -> !comparison.contains(right, left);
      case "<" -> comparison.order(left, right, sign) < 0 && !unordered;
      case "<=" -> comparison.order(left, right, sign) <= 0 && !unordered;
      case ">" -> comparison.order(left, right, sign) > 0 && !unordered;
      default -> comparison.order(left, right, sign) >= 0 && !unordered;
    };
  }
}
