package dev.tenon.text.huggingface.jinja;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Expressions that call something: functions, filters, tests. */
final class Calls {
  private Calls() {}

  /** Arguments as written; {@code rest} and {@code namedRest} hold at most one expression. */
  record Given(
      List<Expression> positional,
      Map<String, Expression> named,
      List<Expression> rest,
      List<Expression> namedRest) {
    static final Given NOTHING = new Given(List.of(), Map.of(), List.of(), List.of());

    Arguments evaluate(Scope scope) {
      if (positional.isEmpty() && named.isEmpty() && rest.isEmpty() && namedRest.isEmpty()) {
        return Arguments.NONE;
      }
      List<Object> values = new ArrayList<>(Displays.values(positional, scope));
      Map<String, Object> byName = new LinkedHashMap<>();
      for (Map.Entry<String, Expression> entry : named.entrySet()) {
        byName.put(entry.getKey(), entry.getValue().value(scope));
      }
      for (Expression more : rest) {
        List<Object> items = Iteration.items(more.value(scope), scope.run().budget());
        scope.run().budget().steps(items.size());
        values.addAll(items);
      }
      for (Expression more : namedRest) {
        byName.putAll(Mappings.attributes("**", Arguments.of(more.value(scope)), scope.run()));
      }
      return new Arguments(values, byName);
    }
  }

  record Call(Expression target, Given given, int line) implements Expression {
    @Override
    public Object evaluate(Scope scope) {
      Object callee = target.value(scope);
      Arguments arguments = given.evaluate(scope);
      scope.run().at(line);
      if (callee instanceof Callable callable) {
        return callable.call(scope.run(), arguments);
      } else if (callee instanceof Undefined missing) {
        throw missing.failure();
      }
      throw JinjaException.type("'" + Types.name(callee) + "' object is not callable");
    }
  }

  record Filtered(Expression operand, String filter, Given given, int line) implements Expression {
    @Override
    public Object evaluate(Scope scope) {
      Object value = operand.value(scope);
      Arguments arguments = given.evaluate(scope);
      scope.run().at(line);
      return Filters.apply(filter, value, arguments, scope.run());
    }
  }

  record Tested(Expression operand, String test, Given given, int line) implements Expression {
    @Override
    public Object evaluate(Scope scope) {
      Object value = operand.value(scope);
      Arguments arguments = given.evaluate(scope);
      scope.run().at(line);
      return Tests.holds(test, value, arguments, scope.run());
    }
  }
}
