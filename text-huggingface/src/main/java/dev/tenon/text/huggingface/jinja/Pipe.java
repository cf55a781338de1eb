package dev.tenon.text.huggingface.jinja;

import java.util.List;

/**
 * A filter applied to the text of a block.
 *
 * @param filter its name
 * @param given its arguments
 * @param line where it stands
 */
record Pipe(String filter, Calls.Given given, int line) {
  static Object apply(List<Pipe> pipes, String text, Scope scope) {
    Object value = text;
    for (Pipe pipe : pipes) {
      Arguments arguments = pipe.given().evaluate(scope);
      scope.run().at(pipe.line());
      value = Filters.apply(pipe.filter(), value, arguments, scope.run());
    }
    return value;
  }
}
