package dev.tenon.text.huggingface.jinja;

import java.util.List;

/** The statements that need no file of their own. */
final class Statements {
  private Statements() {}

  record Data(String text) implements Statement {
    @Override
    public Flow run(Scope scope, TextBuilder out) {
      out.append(text);
      scope.run().budget().output(out.length());
      return Flow.NORMAL;
    }
  }

  record Output(Expression expression, int line) implements Statement {
    @Override
    public Flow run(Scope scope, TextBuilder out) {
      Object value = expression.value(scope);
      scope.run().at(line);
      out.append(scope.run().text(value));
      scope.run().budget().output(out.length());
      return Flow.NORMAL;
    }
  }

  /** One arm of an {@code if}. */
  record Branch(Expression test, Block body) {}

  record If(List<Branch> branches, Block otherwise) implements Statement {
    @Override
    public Flow run(Scope scope, TextBuilder out) {
      for (Branch branch : branches) {
        if (Types.truth(branch.test().value(scope))) {
          return branch.body().run(scope, out);
        }
      }
      return otherwise.run(scope, out);
    }
  }

  record Jump(Flow flow) implements Statement {
    @Override
    public Flow run(Scope scope, TextBuilder out) {
      return flow;
    }
  }

  record Set(Target target, Expression value, int line) implements Statement {
    @Override
    public Flow run(Scope scope, TextBuilder out) {
      Object assigned = value.value(scope);
      scope.run().at(line);
      target.assign(scope, assigned);
      return Flow.NORMAL;
    }
  }

  /** {@code set} with a body, whose text goes through the filters. */
  record SetBlock(Target target, List<Pipe> filters, Block body, int line) implements Statement {
    @Override
    public Flow run(Scope scope, TextBuilder out) {
      Object text = Pipe.apply(filters, body.render(scope), scope);
      scope.run().at(line);
      target.assign(scope, text);
      return Flow.NORMAL;
    }
  }

  record FilterBlock(List<Pipe> filters, Block body, int line) implements Statement {
    @Override
    public Flow run(Scope scope, TextBuilder out) {
      Object text = Pipe.apply(filters, body.render(scope), scope);
      scope.run().at(line);
      out.append(scope.run().text(text));
      scope.run().budget().output(out.length());
      return Flow.NORMAL;
    }
  }

  record Assignment(Target target, Expression value) {}

  record With(List<Assignment> assignments, Block body) implements Statement {
    @Override
    public Flow run(Scope scope, TextBuilder out) {
      Scope inner = scope.inner();
      for (Assignment assignment : assignments) {
        assignment.target().assign(inner, assignment.value().value(scope));
      }
      return body.run(inner, out);
    }
  }

  /** {@code generation}: marks what the assistant said, which rendering does not need. */
  record Generation(Block body) implements Statement {
    @Override
    public Flow run(Scope scope, TextBuilder out) {
      return body.run(scope.inner(), out);
    }
  }
}
