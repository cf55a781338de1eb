package dev.tenon.text.huggingface.jinja;

import java.math.BigDecimal;
import java.math.BigInteger;
import java.math.MathContext;

/** Python's arithmetic on bool, int of any size, and float. */
final class Numbers {
  private Numbers() {}

  static boolean isInteger(Object value) {
    return value instanceof Long || value instanceof BigInteger || value instanceof Boolean;
  }

  /** The narrowest form of an integer. */
  static Object integer(BigInteger value) {
    return value.bitLength() < 64 ? (Object) value.longValue() : value;
  }

  static BigInteger big(Object value) {
    if (value instanceof BigInteger big) {
      return big;
    }
    return BigInteger.valueOf(value instanceof Boolean truth ? (truth ? 1 : 0) : (Long) value);
  }

  static double real(Object value) {
    if (value instanceof Double number) {
      return number;
    } else if (value instanceof Long number) {
      return number;
    } else if (value instanceof Boolean truth) {
      return truth ? 1 : 0;
    }
    double number = ((BigInteger) value).doubleValue();
    if (Double.isInfinite(number)) {
      throw JinjaException.value("int too large to convert to float");
    }
    return number;
  }

  /** A value as an index or a count: an integer that is clipped to 32 bits. */
  static int index(Object value) {
    if (!isInteger(value)) {
      throw JinjaException.type(
          "'" + Types.name(value) + "' object cannot be interpreted as an integer");
    }
    BigInteger number = big(value);
    if (number.bitLength() < 31) {
      return number.intValue();
    }
    return number.signum() < 0 ? -Integer.MAX_VALUE : Integer.MAX_VALUE;
  }

  /** {@code left operator right} for two numbers. */
  static Object apply(Operator operator, Object left, Object right, Budget budget) {
    if (isInteger(left) && isInteger(right)) {
      return onIntegers(operator, left, right, budget);
    }
    double a = real(left);
    double b = real(right);
    return switch (operator) {
      case ADD -> a + b;
      case SUBTRACT -> a - b;
      case MULTIPLY -> a * b;
      case DIVIDE -> a / divisor(b);
      case FLOOR_DIVIDE -> floor(a, divisor(b));
      case MODULO -> modulo(a, divisor(b));
      case POWER -> power(a, b);
    };
  }

  private static Object onIntegers(Operator operator, Object left, Object right, Budget budget) {
    if (left instanceof Long a && right instanceof Long b && isShort(a) && isShort(b)) {
      switch (operator) {
        case ADD:
          return a + b;
        case SUBTRACT:
          return a - b;
        case MULTIPLY:
          return a * b;
        default:
          break;
      }
    }
    BigInteger a = big(left);
    BigInteger b = big(right);
    if (operator == Operator.MULTIPLY) {
      budget.integer((long) a.bitLength() + b.bitLength());
    }
    return switch (operator) {
      case ADD -> integer(a.add(b));
      case SUBTRACT -> integer(a.subtract(b));
      case MULTIPLY -> integer(a.multiply(b));
      case DIVIDE -> quotient(a, divisor(b));
      case FLOOR_DIVIDE -> integer(floor(a, divisor(b)));
      case MODULO -> integer(a.subtract(floor(a, divisor(b)).multiply(b)));
      case POWER -> power(a, b, budget);
    };
  }

  private static boolean isShort(long value) {
    return value == (int) value;
  }

  private static BigInteger floor(BigInteger a, BigInteger b) {
    BigInteger[] parts = a.divideAndRemainder(b);
    return parts[1].signum() != 0 && parts[1].signum() != b.signum()
        ? parts[0].subtract(BigInteger.ONE)
        : parts[0];
  }

  private static double quotient(BigInteger a, BigInteger b) {
    if (a.bitLength() <= 53 && b.bitLength() <= 53) {
      return a.doubleValue() / b.doubleValue();
    }
    double result = new BigDecimal(a).divide(new BigDecimal(b), new MathContext(60)).doubleValue();
    if (Double.isInfinite(result)) {
      throw JinjaException.value("integer division result too large for a float");
    }
    return result;
  }

  private static Object power(BigInteger base, BigInteger exponent, Budget budget) {
    if (exponent.signum() < 0) {
      if (base.signum() == 0) {
        throw JinjaException.value("0.0 cannot be raised to a negative power");
      }
      return Math.pow(real(integer(base)), real(integer(exponent)));
    }
    if (base.abs().compareTo(BigInteger.ONE) <= 0) {
      return exponent.signum() == 0 || (base.signum() < 0 && !exponent.testBit(0))
          ? 1L
          : integer(base);
    }
    budget.integer(exponent.bitLength() > 31 ? Long.MAX_VALUE : exponent.longValue());
    budget.integer((base.bitLength() - 1L) * exponent.longValue());
    return integer(base.pow(exponent.intValue()));
  }

  private static double power(double base, double exponent) {
    if (base == 0 && exponent < 0) {
      throw JinjaException.value("0.0 cannot be raised to a negative power");
    }
    if (base < 0 && !Double.isInfinite(base) && exponent != Math.rint(exponent)) {
      throw JinjaException.value("complex numbers are not supported");
    }
    if (base == 1) {
      return 1;
    }
    double result = Math.pow(base, exponent);
    if (Double.isInfinite(result) && !Double.isInfinite(base) && !Double.isInfinite(exponent)) {
      throw JinjaException.value("the result of ** is too large for a float");
    }
    return result;
  }

  private static double floor(double a, double b) {
    double exact = (a - modulo(a, b)) / b;
    double floor = Math.floor(exact);
    return exact - floor > 0.5 ? floor + 1 : floor;
  }

  private static double modulo(double a, double b) {
    double remainder = a % b;
    if (remainder == 0) {
      return Math.copySign(0.0, b);
    }
    return (remainder < 0) != (b < 0) ? remainder + b : remainder;
  }

  private static double divisor(double value) {
    if (value == 0) {
      throw JinjaException.value("division by zero");
    }
    return value;
  }

  private static BigInteger divisor(BigInteger value) {
    if (value.signum() == 0) {
      throw JinjaException.value("division by zero");
    }
    return value;
  }

  static Object negate(Object value) {
    if (value instanceof Double number) {
      return -number;
    }
    return integer(big(value).negate());
  }

  static int compare(Object left, Object right) {
    if (left instanceof Double || right instanceof Double) {
      double a = left instanceof Double number ? number : 0;
      double b = right instanceof Double number ? number : 0;
      boolean special = !Double.isFinite(a) || !Double.isFinite(b);
      if (special || (left instanceof Double && right instanceof Double)) {
        return a == b ? 0 : Double.compare(a, b);
      }
      return decimal(left).compareTo(decimal(right));
    }
    return big(left).compareTo(big(right));
  }

  static boolean isNan(Object value) {
    return value instanceof Double number && number.isNaN();
  }

  private static BigDecimal decimal(Object value) {
    return value instanceof Double number ? new BigDecimal(number) : new BigDecimal(big(value));
  }
}
