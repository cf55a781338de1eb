package dev.tenon.text.huggingface.jinja;

import java.math.BigInteger;
import java.time.ZoneId;
import java.time.ZonedDateTime;

/**
 * A function that every template has.
 *
 * @param name by which the template calls it
 */
record GlobalFunction(String name) implements Callable {

  static boolean isKnown(String name) {
    return switch (name) {
      case "range", "dict", "namespace", "cycler", "joiner", "raise_exception", "strftime_now" ->
          true;
      default -> false;
    };
  }

  @Override
  public Object call(Run run, Arguments arguments) {
    return switch (name) {
      case "range" -> range(arguments, run);
      case "dict" -> Mappings.dict(name, arguments, run);
      case "namespace" -> new Namespace(Mappings.attributes(name, arguments, run));
      case "cycler" -> new Cycler(arguments.positional());
      case "joiner" -> new Joiner(arguments.bind(name, "sep").text(0, ", "));
      case "raise_exception" ->
          throw new JinjaException(
              JinjaException.Kind.RAISED, 0, run.text(arguments.bind(name, "message").value(0)));
      default ->
          TimeFormat.now(
              arguments.bind(name, "format").text(0),
              ZonedDateTime.now(ZoneId.systemDefault()),
              run);
    };
  }

  private static Range range(Arguments arguments, Run run) {
    Bound bound = arguments.bind("range", "start", "stop", "step");
    boolean onlyStop = !bound.has(1);
    Object start = onlyStop ? (Object) 0L : integer(bound.value(0));
    Object stop = integer(bound.value(onlyStop ? 0 : 1));
    Object step = integer(bound.value(2, 1L));
    BigInteger stride = Numbers.big(step);
    if (stride.signum() == 0) {
      throw JinjaException.value("range() arg 3 must not be zero");
    }
    BigInteger distance = Numbers.big(stop).subtract(Numbers.big(start));
    if (distance.signum() != stride.signum()) {
      return new Range(0, 0, 1);
    }
    BigInteger count = distance.divide(stride);
    run.budget().range(count.bitLength() < 63 ? count.longValue() : Long.MAX_VALUE);
    if (start instanceof Long from && stop instanceof Long to && step instanceof Long by) {
      return new Range(from, to, by);
    }
    throw JinjaException.limit("a range's bounds do not fit in 64 bits");
  }

  private static Object integer(Object value) {
    Numbers.index(value);
    return Numbers.integer(Numbers.big(value));
  }
}
