package dev.tenon.text.huggingface.jinja;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * A macro, or the body of a {@code call} block.
 *
 * @param signature what it takes
 * @param body what it renders
 * @param scope where it was defined
 */
record Macro(Signature signature, Block body, Scope scope) implements Callable {

  /**
   * What a macro takes.
   *
   * @param name of the macro
   * @param parameters their names
   * @param defaults of the last parameters
   * @param extras those of {@code varargs}, {@code kwargs}, {@code caller} that the body uses
   */
  record Signature(
      String name, List<String> parameters, List<Expression> defaults, List<String> extras) {}

  String name() {
    return signature.name();
  }

  @Override
  public Object call(Run run, Arguments arguments) {
    Scope inner = scope.inner();
    Map<String, Object> named = new LinkedHashMap<>(arguments.named());
    List<String> parameters = signature.parameters();
    int given = arguments.positional().size();
    for (int i = 0; i < parameters.size(); i++) {
      String parameter = parameters.get(i);
      if (i < given) {
        if (named.containsKey(parameter)) {
          throw JinjaException.type(
              "macro '" + name() + "' got multiple values for argument '" + parameter + "'");
        }
        inner.set(parameter, arguments.positional().get(i));
      } else if (named.containsKey(parameter)) {
        inner.set(parameter, named.remove(parameter));
      } else {
        inner.set(parameter, otherwise(i, inner));
      }
    }
    setExtras(inner, arguments.positional(), named);
    run.budget().enter();
    String text = body.render(inner);
    run.budget().leave();
    return text;
  }

  private Object otherwise(int place, Scope inner) {
    int first = signature.parameters().size() - signature.defaults().size();
    return place < first
        ? Undefined.because(
            "parameter '" + signature.parameters().get(place) + "' was not provided")
        : signature.defaults().get(place - first).value(inner);
  }

  private void setExtras(Scope inner, List<Object> positional, Map<String, Object> named) {
    if (signature.extras().contains("caller")) {
      Object caller = named.remove("caller");
      inner.set("caller", caller == null ? Undefined.because("No caller defined") : caller);
    }
    if (signature.extras().contains("kwargs")) {
      inner.set("kwargs", Mappings.dict("kwargs", new Arguments(List.of(), named), inner.run()));
    } else if (!named.isEmpty()) {
      throw JinjaException.type(
          "macro '%s' takes no keyword argument '%s'"
              .formatted(name(), named.keySet().iterator().next()));
    }
    int taken = signature.parameters().size();
    List<Object> more = new ArrayList<>();
    for (int i = taken; i < positional.size(); i++) {
      more.add(positional.get(i));
    }
    if (signature.extras().contains("varargs")) {
      inner.set("varargs", new Tuple(more));
    } else if (!more.isEmpty()) {
      throw JinjaException.type(
          "macro '%s' takes not more than %d argument(s)".formatted(name(), taken));
    }
  }

  /** {@code macro}. */
  record Definition(Signature signature, Block body) implements Statement {
    @Override
    public Flow run(Scope scope, TextBuilder out) {
      scope.set(signature.name(), new Macro(signature, body, scope));
      return Flow.NORMAL;
    }
  }

  /** {@code call}: calls a macro that finds the block's body as {@code caller}. */
  record CallBlock(Signature signature, Calls.Call call, Block body) implements Statement {
    @Override
    public Flow run(Scope scope, TextBuilder out) {
      Calls.Given given = call.given();
      Map<String, Expression> named = new LinkedHashMap<>(given.named());
      named.put("caller", new Displays.Literal(new Macro(signature, body, scope)));
      Calls.Given all = new Calls.Given(given.positional(), named, given.rest(), given.namedRest());
      Object text = new Calls.Call(call.target(), all, call.line()).value(scope);
      out.append(scope.run().text(text));
      scope.run().budget().output(out.length());
      return Flow.NORMAL;
    }
  }
}
