package dev.tenon.text.huggingface.jinja;

import java.util.Map;

/** A template that was read and can be rendered. Immutable and thread-safe. */
public final class JinjaTemplate {
  private static final int LONGEST = 1_000_000;

  private final Block body;

  private JinjaTemplate(Block body) {
    this.body = body;
  }

  /**
   * Reads a template.
   *
   * @throws JinjaException of kind {@code SYNTAX} if it is not one that this interpreter knows
   */
  public static JinjaTemplate parse(String source) {
    if (source.length() > LONGEST) {
      throw JinjaException.syntax(0, "a template may have " + LONGEST + " characters at most");
    }
    return new JinjaTemplate(new StatementParser(new TokenCursor(Lexer.tokens(source))).template());
  }

  /** Renders within {@link JinjaLimits#DEFAULT}. */
  public String render(Map<String, ?> variables) {
    return render(variables, JinjaLimits.DEFAULT);
  }

  /**
   * Renders.
   *
   * @param variables text, numbers, booleans, null, and lists and maps of these; copied
   * @param limits what the rendering may use
   * @throws JinjaException if the template fails, refuses, or exceeds the limits
   */
  public String render(Map<String, ?> variables, JinjaLimits limits) {
    Run run = new Run(limits);
    try {
      Scope scope = new Scope(run);
      for (Map.Entry<String, ?> variable : variables.entrySet()) {
        scope.set(variable.getKey(), HostValues.copy(variable.getValue(), run.budget()));
      }
      TextBuilder out = new TextBuilder(run.budget());
      body.run(scope, out);
      return out.toString();
    } catch (JinjaException failure) {
      throw failure.at(run.line());
    } catch (StackOverflowError overflow) {
      throw JinjaException.limit("nesting is too deep").at(run.line());
    }
  }
}
