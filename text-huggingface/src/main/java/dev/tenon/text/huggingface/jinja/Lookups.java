package dev.tenon.text.huggingface.jinja;

/** Expressions that look into a value. */
final class Lookups {
  private Lookups() {}

  record Attribute(Expression owner, String name, int line) implements Expression {
    @Override
    public Object evaluate(Scope scope) {
      Object value = owner.value(scope);
      scope.run().at(line);
      return Access.attribute(value, name);
    }
  }

  record Element(Expression owner, Expression key, int line) implements Expression {
    @Override
    public Object evaluate(Scope scope) {
      Object value = owner.value(scope);
      Object place = key.value(scope);
      scope.run().at(line);
      return Access.element(value, place);
    }
  }

  record Part(Expression owner, Expression start, Expression stop, Expression step, int line)
      implements Expression {
    @Override
    public Object evaluate(Scope scope) {
      Object value = owner.value(scope);
      Object from = start.value(scope);
      Object to = stop.value(scope);
      Object stride = step.value(scope);
      scope.run().at(line);
      return Slice.of(value, from, to, stride, scope.run().budget());
    }
  }
}
