package dev.tenon.text.huggingface.jinja;

import java.util.HashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Names visible at a place of the template; a nested scope's names end with it. */
final class Scope {
  private final Run run;
  private final @Nullable Scope outer;
  private final Map<String, Object> names = new HashMap<>();

  Scope(Run run) {
    this(run, null);
  }

  private Scope(Run run, @Nullable Scope outer) {
    this.run = run;
    this.outer = outer;
  }

  Scope inner() {
    return new Scope(run, this);
  }

  Run run() {
    return run;
  }

  void set(String name, Object value) {
    names.put(name, value);
  }

  /** The value of a name, else the global function of that name, else undefined. */
  Object find(String name) {
    for (Scope scope = this; scope != null; scope = scope.outer) {
      Object value = scope.names.get(name);
      if (value != null) {
        return value;
      }
    }
    return GlobalFunction.isKnown(name) ? new GlobalFunction(name) : Undefined.name(name);
  }
}
