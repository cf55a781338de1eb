package dev.tenon.engine.runtime.weights;

import static dev.tenon.engine.runtime.weights.SafetensorsFiles.entry;
import static dev.tenon.engine.runtime.weights.SafetensorsFiles.write;
import static dev.tenon.engine.runtime.weights.SafetensorsFiles.writeRaw;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.tenon.api.ErrorCode;
import dev.tenon.api.TenonException;
import dev.tenon.engine.tck.Randoms;
import dev.tenon.spi.backend.ElementType;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class SafetensorsFileTest {
  @TempDir Path folder;
  private Path file = Path.of("");

  @BeforeEach
  void name() {
    file = folder.resolve("model.safetensors");
  }

  @Test
  void listsTensorsInOrderOfTheirBytes() throws IOException {
    write(
        file,
        20,
        "\"__metadata__\": {\"format\": \"pt\", \"deep\": \"x\"}",
        entry("b", "F32", "[2, 1]", 12, 20),
        entry("a", "BF16", "[2, 3]", 0, 12),
        entry("empty", "F16", "[0, 7]", 12, 12));
    List<StoredTensor> tensors = SafetensorsFile.read(file).tensors();
    assertThat(tensors).extracting(StoredTensor::name).containsExactly("a", "empty", "b");
    StoredTensor last = tensors.getLast();
    assertThat(last.type()).isEqualTo(ElementType.F32);
    assertThat(last.shape()).containsExactly(2L, 1L);
    assertThat(last.end()).isEqualTo(Files.size(file));
    assertThat(last.end() - last.begin()).isEqualTo(8);
  }

  @Test
  void toleratesSpacesAfterTheHeader() throws IOException {
    writeRaw(file, "{" + entry("a", "F32", "[]", 0, 4) + "}      ", new byte[4]);
    assertThat(SafetensorsFile.read(file).tensors()).hasSize(1);
  }

  @Test
  void refusesAFileThatIsTooShortForALength() throws IOException {
    Files.write(file, new byte[7]);
    refused("at least 8 bytes", "7 bytes");
  }

  @Test
  void refusesAnOversizedHeaderWithoutReadingIt() throws IOException {
    length(SafetensorsFile.MAX_HEADER + 1);
    refused("at most 100000000 bytes", "100000001");
  }

  @Test
  void refusesANegativeHeaderLength() throws IOException {
    length(-2);
    refused("at most 100000000 bytes", "18446744073709551614");
  }

  @Test
  void refusesAHeaderBeyondTheFile() throws IOException {
    length(5000);
    refused("2 to 16 bytes", "5000", "truncated");
  }

  private void length(long length) throws IOException {
    Files.write(
        file, ByteBuffer.allocate(24).order(ByteOrder.LITTLE_ENDIAN).putLong(length).array());
  }

  @Test
  void refusesAHeaderThatIsNotAnObject() throws IOException {
    writeRaw(file, "[1, 2]", new byte[0]);
    refused("begins with '{'");
  }

  @Test
  void refusesBrokenJson() throws IOException {
    writeRaw(file, "{\"a\": {\"dtype\": \"F32\", ", new byte[4]);
    refused("not valid JSON");
  }

  @Test
  void refusesTextAfterTheHeadersObject() throws IOException {
    writeRaw(file, "{} {}", new byte[0]);
    refused("nothing after");
  }

  @Test
  void refusesDeepNesting() throws IOException {
    String deep = "[".repeat(100_000);
    writeRaw(file, "{\"__metadata__\": " + deep + "}", new byte[0]);
    refused("not valid JSON");
  }

  @Test
  void refusesAnEntryThatNestsWhereAValueBelongs() throws IOException {
    writeRaw(file, "{\"a\": {\"dtype\": {\"dtype\": \"F32\"}}}", new byte[0]);
    refused("'a'", "dtype, shape and data_offsets");
  }

  @Test
  void refusesAnEntryWithoutOffsets() throws IOException {
    writeRaw(file, "{\"a\": {\"dtype\": \"F32\", \"shape\": [1]}}", new byte[4]);
    refused("'a'", "two data_offsets");
  }

  @Test
  void refusesTheSameNameTwice() throws IOException {
    write(file, 8, entry("a", "F32", "[1]", 0, 4), entry("a", "F32", "[1]", 4, 8));
    refused("'a'", "second");
  }

  @Test
  void refusesMoreTensorsThanAnyCheckpointHas() throws IOException {
    StringBuilder header = new StringBuilder("{");
    for (int i = 0; i <= 500_000; i++) {
      header.append(i == 0 ? "" : ",").append('"').append(i).append('"');
      header.append(":{\"dtype\":\"F32\",\"shape\":[0],\"data_offsets\":[0,0]}");
    }
    writeRaw(file, header.append('}').toString(), new byte[0]);
    refused("at most 500000 tensors");
  }

  @Test
  void refusesAnUnknownElementType() throws IOException {
    write(file, 8, entry("a", "I64", "[1]", 0, 8));
    refused("'a'", "F32, BF16, F16 or F8_E4M3", "'I64'");
  }

  @Test
  void refusesAShapeThatDoesNotMatchItsBytes() throws IOException {
    write(file, 8, entry("a", "F32", "[3]", 0, 8));
    refused("'a'", "12 bytes for F32 [3]", "8 bytes");
  }

  @Test
  void refusesAShapeWhoseSizeOverflows() throws IOException {
    write(file, 8, entry("a", "F32", "[4611686018427387904, 4]", 0, 8));
    refused("'a'", "2^63");
  }

  @Test
  void refusesNumbersBeyond64Bits() throws IOException {
    write(file, 8, entry("a", "F32", "[99999999999999999999999]", 0, 8));
    refused("99999999999999999999999");
  }

  @Test
  void refusesNegativeExtentsAndOffsets() throws IOException {
    write(file, 8, entry("a", "F32", "[-2]", 0, 8));
    refused("'a'", "0 or more", "-2");
    write(file, 8, entry("a", "F32", "[2]", -8, 0));
    refused("'a'", "0 or more", "-8");
  }

  @Test
  void refusesFractionalExtents() throws IOException {
    write(file, 8, entry("a", "F32", "[2.0]", 0, 8));
    refused("'a'", "integers", "2.0");
  }

  @Test
  void refusesOffsetsThatRunBackwards() throws IOException {
    write(file, 8, entry("a", "F32", "[1]", 8, 4));
    refused("'a'", "[8, 4]");
  }

  @Test
  void refusesDataBeyondTheFile() throws IOException {
    write(file, 7, entry("a", "F32", "[2]", 0, 8));
    refused("'a'", "7 bytes", "[0, 8]", "truncated");
  }

  @Test
  void refusesOverlappingTensors() throws IOException {
    write(file, 8, entry("a", "F32", "[1]", 0, 4), entry("b", "F32", "[1]", 2, 6));
    refused("'b'", "offset 4", "offset 2", "overlap");
  }

  @Test
  void refusesAGapBetweenTensors() throws IOException {
    write(file, 12, entry("a", "F32", "[1]", 0, 4), entry("b", "F32", "[1]", 8, 12));
    refused("'b'", "gap");
  }

  @Test
  void refusesBytesThatBelongToNoTensor() throws IOException {
    write(file, 12, entry("a", "F32", "[1]", 0, 4));
    refused("4 bytes of data", "12 bytes");
  }

  @Test
  void refusesEveryTruncationOfAGoodFile() throws IOException {
    write(file, 20, entry("a", "BF16", "[2, 3]", 0, 12), entry("b", "F32", "[2]", 12, 20));
    byte[] whole = Files.readAllBytes(file);
    for (int length = 0; length < whole.length; length++) {
      Files.write(file, java.util.Arrays.copyOf(whole, length));
      refused("expected");
    }
  }

  @Test
  void neverFailsOtherwiseThanByARefusalOnDamagedBytes() throws IOException {
    Random random = Randoms.create("SafetensorsFileTest");
    write(file, 20, entry("a", "BF16", "[2, 3]", 0, 12), entry("b", "F32", "[2]", 12, 20));
    byte[] whole = Files.readAllBytes(file);
    for (int round = 0; round < 2000; round++) {
      byte[] damaged = whole.clone();
      for (int i = random.nextInt(4); i >= 0; i--) {
        damaged[random.nextInt(damaged.length)] = (byte) random.nextInt(256);
      }
      Files.write(file, damaged);
      try {
        SafetensorsFile.read(file);
      } catch (TenonException e) {
        assertThat(e.code()).isEqualTo(ErrorCode.INVALID_CHECKPOINT);
      }
    }
  }

  private void refused(String... parts) {
    assertThatThrownBy(() -> SafetensorsFile.read(file))
        .isInstanceOfSatisfying(
            TenonException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.INVALID_CHECKPOINT))
        .hasMessageContaining("model.safetensors")
        .hasMessageContainingAll(parts);
  }
}
