package dev.tenon.text.huggingface.jinja;

import dev.tenon.text.huggingface.jinja.Token.Kind;
import java.util.ArrayList;
import java.util.List;

/** Reads {@code macro} and {@code call}. */
final class MacroParser {
  private static final List<String> EXTRAS = List.of("varargs", "kwargs", "caller");

  private final TokenCursor cursor;
  private final ExpressionParser expressions;
  private final StatementParser statements;

  MacroParser(TokenCursor cursor, ExpressionParser expressions, StatementParser statements) {
    this.cursor = cursor;
    this.expressions = expressions;
    this.statements = statements;
  }

  Statement macro() {
    String name = cursor.expect(Kind.NAME, "the macro's name").text();
    List<String> parameters = new ArrayList<>();
    List<Expression> defaults = new ArrayList<>();
    parameters(parameters, defaults);
    int mark = cursor.mark();
    Block body = statements.bodyAndEnd("macro");
    return new Macro.Definition(signature(name, parameters, defaults, mark), body);
  }

  Statement call(int line) {
    List<String> parameters = new ArrayList<>();
    List<Expression> defaults = new ArrayList<>();
    if (cursor.isOperator("(")) {
      parameters(parameters, defaults);
    }
    if (!(expressions.expression() instanceof Calls.Call call)) {
      throw JinjaException.syntax(line, "a call block needs a call of a macro");
    }
    int mark = cursor.mark();
    Block body = statements.bodyAndEnd("call");
    return new Macro.CallBlock(signature("caller", parameters, defaults, mark), call, body);
  }

  private Macro.Signature signature(
      String name, List<String> parameters, List<Expression> defaults, int mark) {
    List<String> extras =
        EXTRAS.stream()
            .filter(extra -> !parameters.contains(extra) && cursor.mentions(extra, mark))
            .toList();
    return new Macro.Signature(name, parameters, defaults, extras);
  }

  private void parameters(List<String> parameters, List<Expression> defaults) {
    cursor.expectOperator("(");
    while (!cursor.skipOperator(")")) {
      if (!parameters.isEmpty()) {
        cursor.expectOperator(",");
      }
      parameters.add(cursor.expect(Kind.NAME, "a parameter's name").text());
      if (cursor.skipOperator("=")) {
        defaults.add(expressions.expression());
      } else if (!defaults.isEmpty()) {
        throw JinjaException.syntax(
            cursor.line(), "a parameter without a default follows one with a default");
      }
    }
  }
}
