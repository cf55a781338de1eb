package dev.tenon.backend.cuda.core.step;

import static org.assertj.core.api.Assertions.assertThat;

import java.math.BigInteger;
import org.junit.jupiter.api.Test;

class RollingHashTest {
  private static final BigInteger PRIME = BigInteger.ONE.shiftLeft(61).subtract(BigInteger.ONE);
  private static final BigInteger BASE = BigInteger.valueOf(1315423911004217L);

  @Test
  void hashesArePolynomialsModuloThePrime() {
    BigInteger wanted = BigInteger.ZERO;
    BigInteger power = BigInteger.ONE;
    long hash = 0;
    for (int i = 0; i < 300; i++) {
      int token = i * 7919 % 151_936;
      wanted = wanted.multiply(BASE).add(BigInteger.valueOf(token + 1L)).mod(PRIME);
      power = power.multiply(BASE).mod(PRIME);
      hash = RollingHash.extend(hash, token);
      assertThat(hash).isEqualTo(wanted.longValueExact());
      assertThat(RollingHash.power(i + 1)).isEqualTo(power.longValueExact());
    }
  }
}
