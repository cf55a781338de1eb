package dev.tenon.text.huggingface.jinja;

import java.util.List;

/** What {@code set} and {@code for} assign to. */
interface Target {
  void assign(Scope scope, Object value);

  record Variable(String name) implements Target {
    @Override
    public void assign(Scope scope, Object value) {
      scope.set(name, value);
    }
  }

  record Member(String namespace, String name) implements Target {
    @Override
    public void assign(Scope scope, Object value) {
      if (!(scope.find(namespace) instanceof Namespace owner)) {
        throw JinjaException.type("cannot assign attribute on non-namespace object");
      }
      owner.set(name, value);
    }
  }

  record Several(List<Target> targets) implements Target {
    @Override
    public void assign(Scope scope, Object value) {
      if (value instanceof Undefined missing) {
        throw missing.failure();
      }
      List<Object> items = Iteration.items(value, scope.run().budget());
      if (items.size() != targets.size()) {
        throw JinjaException.value(
            "%d values cannot be unpacked to %d names".formatted(items.size(), targets.size()));
      }
      for (int i = 0; i < items.size(); i++) {
        targets.get(i).assign(scope, items.get(i));
      }
    }
  }
}
