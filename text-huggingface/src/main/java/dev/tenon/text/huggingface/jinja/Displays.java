package dev.tenon.text.huggingface.jinja;

import java.util.ArrayList;
import java.util.List;

/** Expressions that write a value out: literals, names, lists, tuples, dictionaries. */
final class Displays {
  private Displays() {}

  record Literal(Object constant) implements Expression {
    @Override
    public Object evaluate(Scope scope) {
      return constant;
    }
  }

  record Name(String name, int line) implements Expression {
    @Override
    public Object evaluate(Scope scope) {
      scope.run().at(line);
      return scope.find(name);
    }
  }

  record ListDisplay(List<Expression> items) implements Expression {
    @Override
    public Object evaluate(Scope scope) {
      return values(items, scope);
    }
  }

  record TupleDisplay(List<Expression> items) implements Expression {
    @Override
    public Object evaluate(Scope scope) {
      return new Tuple(values(items, scope));
    }
  }

  record Entry(Expression key, Expression value) {}

  record DictDisplay(List<Entry> entries, int line) implements Expression {
    @Override
    public Object evaluate(Scope scope) {
      Dict dict = new Dict();
      for (Entry entry : entries) {
        Object key = entry.key().value(scope);
        Object value = entry.value().value(scope);
        scope.run().at(line);
        dict.put(key, value);
      }
      return dict;
    }
  }

  static List<Object> values(List<Expression> expressions, Scope scope) {
    List<Object> values = new ArrayList<>(expressions.size());
    for (Expression expression : expressions) {
      values.add(expression.value(scope));
    }
    return values;
  }
}
