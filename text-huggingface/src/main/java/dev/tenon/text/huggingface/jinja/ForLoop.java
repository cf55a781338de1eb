package dev.tenon.text.huggingface.jinja;

import java.util.ArrayList;
import java.util.List;

/**
 * {@code for … in … if … recursive}.
 *
 * @param target what each item is assigned to
 * @param iterable the items
 * @param condition which items are taken; at most one
 * @param body rendered for each
 * @param otherwise rendered if there was none
 * @param isRecursive whether {@code loop(…)} renders the body over other items
 * @param line where it stands
 */
record ForLoop(
    Target target,
    Expression iterable,
    List<Expression> condition,
    Block body,
    Block otherwise,
    boolean isRecursive,
    int line)
    implements Statement {

  @Override
  public Flow run(Scope scope, TextBuilder out) {
    Object items = iterable.value(scope);
    scope.run().at(line);
    render(scope, items, 0, out);
    return Flow.NORMAL;
  }

  private void render(Scope scope, Object iterated, int depth, TextBuilder out) {
    List<Object> items = taken(scope, Iteration.items(iterated, scope.run().budget()));
    LoopState loop = new LoopState(items, depth, (more, deeper) -> descend(scope, more, deeper));
    if (items.isEmpty()) {
      otherwise.run(scope.inner(), out);
    }
    for (int i = 0; i < items.size(); i++) {
      scope.run().budget().step();
      loop.moveTo(i);
      Scope inner = scope.inner();
      inner.set("loop", loop);
      scope.run().at(line);
      target.assign(inner, items.get(i));
      if (body.run(inner, out) == Flow.BREAK) {
        break;
      }
    }
  }

  private List<Object> taken(Scope scope, List<Object> items) {
    if (condition.isEmpty()) {
      return items;
    }
    List<Object> taken = new ArrayList<>();
    for (Object item : items) {
      Scope inner = scope.inner();
      target.assign(inner, item);
      if (Types.truth(condition.getFirst().value(inner))) {
        taken.add(item);
      }
    }
    return taken;
  }

  private String descend(Scope scope, Object items, int depth) {
    if (!isRecursive) {
      throw JinjaException.type(
          "The loop must have the 'recursive' marker to be called recursively.");
    }
    TextBuilder out = new TextBuilder(scope.run().budget());
    scope.run().budget().enter();
    render(scope, items, depth, out);
    scope.run().budget().leave();
    return out.toString();
  }
}
