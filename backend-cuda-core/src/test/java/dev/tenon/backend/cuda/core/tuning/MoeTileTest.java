package dev.tenon.backend.cuda.core.tuning;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;

class MoeTileTest {
  private static final MoeTile TILE = new MoeTile(1, 4, 3, 2, 8, 1);

  @Test
  void theWordIsThatOfTheKernels() {
    assertThat(TILE.word()).isEqualTo(0x4000_0108_0203_0401L);
    assertThat(MoeTile.of(TILE.word())).isEqualTo(TILE);
  }

  @Test
  void theKernelsHeaderNamesTheBytesInThisOrder() throws IOException {
    String header = Files.readString(Path.of("src/main/native/smxx/moe/tuning.h"));
    int byteIndex = 0;
    for (String name : MoeTile.NAMES) {
      assertThat(header)
          .containsPattern(
              "bits +%d … +%d +%s[: ]".formatted(8 * byteIndex, 8 * byteIndex + 7, name));
      byteIndex++;
    }
  }

  @Test
  void valuesKeepTheirNames() {
    assertThat(TILE.values().toString())
        .isEqualTo("{groups=1, pairs=4, depth=3, down_loops=2, gate_loops=8, form=1}");
    assertThat(MoeTile.of(TILE.values())).isEqualTo(TILE);
  }
}
