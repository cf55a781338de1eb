package dev.tenon.backend.cuda.core;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class Bf16Test {
  @Test
  void roundsToNearestTiesToEven() {
    assertThat(Bf16.of(1f)).isEqualTo((short) 0x3f80);
    assertThat(Bf16.of(Float.intBitsToFloat(0x3f808000))).isEqualTo((short) 0x3f80);
    assertThat(Bf16.of(Float.intBitsToFloat(0x3f818000))).isEqualTo((short) 0x3f82);
    assertThat(Bf16.of(Float.intBitsToFloat(0x3f808001))).isEqualTo((short) 0x3f81);
    assertThat(Bf16.of(-0f)).isEqualTo((short) 0x8000);
    assertThat(Bf16.of(Float.MAX_VALUE)).isEqualTo((short) 0x7f80);
  }

  @Test
  void notANumberStaysOne() {
    for (int bits : new int[] {0x7f800001, 0xffffffff, 0x7fffffff}) {
      float back = Float.intBitsToFloat(Bf16.of(Float.intBitsToFloat(bits)) << 16);
      assertThat(back).isNaN();
    }
  }
}
