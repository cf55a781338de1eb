package dev.tenon.json.values;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.tenon.api.ErrorCode;
import dev.tenon.api.TenonException;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import org.assertj.core.api.AbstractThrowableAssert;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class CheckpointJsonTest {
  @TempDir Path folder;

  private static AbstractThrowableAssert<?, ?> assertDamaged(Path file) {
    return assertThatThrownBy(() -> CheckpointJson.readObject(file))
        .isInstanceOfSatisfying(
            TenonException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.INVALID_CHECKPOINT))
        .hasMessageStartingWith("config.json ");
  }

  @Test
  void readsAnObject() throws IOException {
    Path file = Files.writeString(folder.resolve("config.json"), "{\"a\": 1}\n");
    assertThat(CheckpointJson.readObject(file)).containsEntry("a", 1L).hasSize(1);
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "null", "[]", "7", "{\"a\":1", "{\"a\":1,\"a\":1}", "{}{}"})
  void anythingElseIsDamage(String text) throws IOException {
    assertDamaged(Files.writeString(folder.resolve("config.json"), text))
        .hasMessageContaining("not a JSON object");
  }

  @Test
  void aMissingFileAndAGiantOneAreDamage() throws IOException {
    Path file = folder.resolve("config.json");
    assertDamaged(file).hasMessageContaining("cannot be read");
    try (RandomAccessFile sparse = new RandomAccessFile(file.toFile(), "rw")) {
      sparse.setLength((64L << 20) + 1);
    }
    assertDamaged(file).hasMessageContaining("67108864");
  }
}
