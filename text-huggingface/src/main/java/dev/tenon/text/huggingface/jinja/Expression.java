package dev.tenon.text.huggingface.jinja;

/** Something in a template that has a value. Immutable. */
interface Expression {
  /** The value, without counting this node; callers use {@link #value}. */
  Object evaluate(Scope scope);

  /** The value, counted against the budget. */
  default Object value(Scope scope) {
    Budget budget = scope.run().budget();
    budget.step();
    budget.enter();
    Object value = evaluate(scope);
    budget.leave();
    return value;
  }
}
