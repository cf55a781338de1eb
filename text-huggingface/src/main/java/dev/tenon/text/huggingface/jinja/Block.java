package dev.tenon.text.huggingface.jinja;

import java.util.List;

/**
 * Statements in a row.
 *
 * @param statements in order
 */
record Block(List<Statement> statements) implements Statement {
  static final Block EMPTY = new Block(List.of());

  @Override
  public Flow run(Scope scope, TextBuilder out) {
    Budget budget = scope.run().budget();
    budget.enter();
    Flow flow = Flow.NORMAL;
    for (Statement statement : statements) {
      budget.step();
      flow = statement.run(scope, out);
      if (flow != Flow.NORMAL) {
        break;
      }
    }
    budget.leave();
    return flow;
  }

  /** What this renders in a scope of its own. */
  String render(Scope scope) {
    TextBuilder out = new TextBuilder(scope.run().budget());
    run(scope.inner(), out);
    return out.toString();
  }
}
