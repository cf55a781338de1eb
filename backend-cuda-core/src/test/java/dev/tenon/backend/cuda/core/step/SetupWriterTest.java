package dev.tenon.backend.cuda.core.step;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.tenon.api.TenonException;
import dev.tenon.spi.backend.SlotSampling;
import dev.tenon.spi.backend.SlotSetup;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;
import org.junit.jupiter.api.Test;

class SetupWriterTest {
  private static final ValueLayout.OfInt INT = ValueLayout.JAVA_INT_UNALIGNED;
  private static final ValueLayout.OfLong LONG = ValueLayout.JAVA_LONG_UNALIGNED;
  private static final SlotLayout LAYOUT = new SlotLayout(200, 7, 1);

  @Test
  void allThatASlotUsesIsWritten() {
    SlotSampling sampling =
        new SlotSampling(
            0.5f,
            0.9f,
            20,
            0.1f,
            1.5f,
            0.25f,
            0.75f,
            -3,
            new int[] {4, 150},
            new float[] {1, -2},
            new int[] {2, 3, 33},
            new int[][] {{8}, {5, 6, 9}},
            190,
            1,
            10,
            new int[] {7, 250},
            3,
            -1);
    SlotSetup setup = new SlotSetup(3, sampling, new int[] {1, 2, 5, 6, 5}, 2);
    SetupWriter writer = new SetupWriter(LAYOUT, setup);
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment region = arena.allocate(LAYOUT.setupRegion());
      region.fill((byte) -1);
      long end = writer.write(region, 0, SlotLayout.SETUP_BYTES);
      assertThat(end).isEqualTo(writer.bytes());
      assertThat(integer(region, 4)).isEqualTo(3);
      assertThat(integer(region, 6)).isEqualTo(0b111111);
      assertThat(Float.intBitsToFloat(integer(region, 12))).isEqualTo(0.75f);
      assertThat(integer(region, 13)).isEqualTo(20);
      assertThat(integer(region, 19)).isEqualTo(2);
      assertThat(region.get(LONG, 80)).isEqualTo(-3);
      assertThat(region.get(LONG, 88)).isEqualTo(RollingHash.of(new int[] {5, 6, 5}, 3));
      assertThat(integer(region, 32)).isEqualTo(3);

      int bitmaps = integer(region, 33) / Integer.BYTES;
      assertThat(integer(region, bitmaps)).isEqualTo(0b1100);
      assertThat(integer(region, bitmaps + 1)).isEqualTo(0b10);
      assertThat(integer(region, bitmaps + 8)).isEqualTo(1 << 7);
      assertThat(integer(region, bitmaps + 16)).isEqualTo(0b1100110);
      assertThat(integer(region, bitmaps + 24)).isEqualTo(0b1100000);
      assertThat(integer(region, bitmaps + 32)).isEqualTo(1 << 4);
      assertThat(integer(region, bitmaps + 36)).isEqualTo(1 << 22);

      int biases = integer(region, 35) / Integer.BYTES;
      assertThat(integer(region, 34)).isEqualTo(2);
      assertThat(integer(region, biases + 1)).isEqualTo(150);
      assertThat(Float.intBitsToFloat(integer(region, biases + 3))).isEqualTo(-2);
      int counts = integer(region, 37) / Integer.BYTES;
      assertThat(integer(region, 36)).isEqualTo(2);
      assertThat(integer(region, counts)).isEqualTo(5);
      assertThat(integer(region, counts + 2)).isEqualTo(2);
      assertThat(integer(region, counts + 3)).isEqualTo(1);

      int bans = integer(region, 38);
      assertThat(region.get(INT, bans + 24)).isEqualTo(2);
      assertThat(region.get(INT, bans + 28)).isEqualTo(9);
      assertThat(region.get(LONG, bans + 32)).isEqualTo(RollingHash.of(new int[] {5, 6}, 2));
      assertThat(integer(region, 39)).isEqualTo(4);
      int hashes = integer(region, 40);
      assertThat(region.get(LONG, hashes)).isZero();
      assertThat(region.get(LONG, hashes + 24)).isEqualTo(region.get(LONG, 88));
    }
  }

  @Test
  void hashesOfLongOutputsKeepTheLastOnes() {
    int[] tokens = new int[5001];
    for (int i = 0; i < tokens.length; i++) {
      tokens[i] = i % 190;
    }
    SetupWriter writer =
        new SetupWriter(LAYOUT, new SlotSetup(0, banning(new int[][] {{8}}), tokens, 1));
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment region = arena.allocate(LAYOUT.setupRegion());
      writer.write(region, 0, SlotLayout.SETUP_BYTES);
      int hashes = integer(region, 40);
      assertThat(integer(region, 39)).isEqualTo(4096);
      assertThat(region.get(LONG, hashes + 4095L * Long.BYTES)).isEqualTo(region.get(LONG, 88));
      int[] output = Arrays.copyOfRange(tokens, 1, tokens.length);
      assertThat(region.get(LONG, hashes)).isEqualTo(RollingHash.of(output, 5000 - 4095));
    }
  }

  @Test
  void moreBansThanASlotHoldsAreRefused() {
    int[][] words = new int[2049][];
    Arrays.fill(words, new int[] {1});
    SlotSetup setup = new SlotSetup(0, banning(words), new int[] {1}, 1);
    assertThatThrownBy(() -> new SetupWriter(LAYOUT, setup))
        .isInstanceOf(TenonException.class)
        .hasMessageContaining("at most 2048");
  }

  private static SlotSampling banning(int[][] words) {
    return new SlotSampling(
        0,
        1,
        0,
        0,
        1,
        0,
        0,
        1,
        new int[0],
        new float[0],
        null,
        words,
        190,
        0,
        10,
        new int[0],
        -1,
        -1);
  }

  private static int integer(MemorySegment region, int word) {
    return region.get(INT, (long) word * Integer.BYTES);
  }
}
