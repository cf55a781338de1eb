package dev.tenon.engine.tck.golden;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class FormulaCheckpointTest {
  @TempDir Path folder;

  @Test
  void writesTheTensorsOfTheCheckpointThatIsKept() throws IOException {
    Path kept = Golden.copyTinyCheckpoint(folder.resolve("kept"));
    Map<String, ByteBuffer> written =
        tensors(Golden.load("tiny").writeCheckpoint(folder.resolve("written"), 3));
    assertThat(written).hasSize(195).isEqualTo(tensors(kept));
  }

  @Test
  void indexNamesTheShardOfEveryTensor() throws IOException {
    Path written = Golden.load("tiny").writeCheckpoint(folder, 3);
    byte[] index = Files.readAllBytes(written.resolve("model.safetensors.index.json"));
    Map<?, ?> owner = Json.map(Json.object(index), "weight_map");
    assertThat(owner).hasSize(195);
    assertThat(owner.get("model.embed_tokens.weight"))
        .isEqualTo("model-00001-of-00003.safetensors");
    assertThat(owner.get("mtp.norm.weight")).isEqualTo("model-00003-of-00003.safetensors");
  }

  private static Map<String, ByteBuffer> tensors(Path checkpoint) throws IOException {
    Map<String, ByteBuffer> tensors = new TreeMap<>();
    try (Stream<Path> files = Files.list(checkpoint)) {
      for (Path path : files.filter(f -> f.toString().endsWith(".safetensors")).toList()) {
        ByteBuffer file = ByteBuffer.wrap(Files.readAllBytes(path)).order(ByteOrder.LITTLE_ENDIAN);
        int start = 8 + (int) file.getLong(0);
        byte[] header = new byte[start - 8];
        file.get(8, header);
        Json.object(header)
            .forEach((name, entry) -> {
              if (!name.equals("__metadata__")) {
                List<?> offsets = Json.list((Map<?, ?>) entry, "data_offsets");
                int begin = ((Long) offsets.get(0)).intValue();
                int end = ((Long) offsets.get(1)).intValue();
                tensors.put(name, file.slice(start + begin, end - begin));
              }
            });
      }
    }
    return tensors;
  }

  @ParameterizedTest
  @ValueSource(strings = {"tiny", "yarn", "mini", "mini-fp8"})
  void weightsBeginAsTheReferenceSaw(String name) {
    Golden golden = Golden.load(name);
    assertThat(golden.weightProbe()).hasSizeGreaterThan(30);
    var shapes = FormulaShapes.of(golden.config());
    var kind =
        golden.config().containsKey("quantization_config")
            ? FormulaCheckpoint.Weights.FP8
            : FormulaCheckpoint.Weights.BF16;
    golden
        .weightProbe()
        .forEach((tensor, values) ->
            assertThat(
                    beginning(tensor, shapes.getOrDefault(tensor, List.of()), kind, values.size()))
                .as(tensor)
                .isEqualTo(values));
  }

  private static List<Double> beginning(
      String name, List<Long> shape, FormulaCheckpoint.Weights kind, int count) {
    List<FormulaTensor> stored = FormulaTensor.of(name, shape, kind).toList();
    ByteBuffer bytes = stored.getFirst().encoded().order(ByteOrder.LITTLE_ENDIAN);
    if (stored.size() == 1) {
      return Stream.iterate(0, i -> i + 1).limit(count).map(i -> bf16(bytes, i)).toList();
    }
    double scale = bf16(stored.getLast().encoded().order(ByteOrder.LITTLE_ENDIAN), 0);
    return Stream.iterate(0, i -> i + 1).limit(count).map(i -> e4m3(bytes.get(i)) * scale).toList();
  }

  private static double bf16(ByteBuffer bytes, int index) {
    return Float.intBitsToFloat(bytes.getShort(2 * index) << 16);
  }

  private static double e4m3(byte bits) {
    double magnitude = Math.scalb(1 + (bits & 7) / 8.0, ((bits >> 3) & 0xf) - 7);
    return bits < 0 ? -magnitude : magnitude;
  }

  @Test
  void promptsAreRebuiltFromTheirName() {
    for (String name : Golden.NAMES) {
      Golden golden = Golden.load(name);
      int vocabulary = Json.number(golden.config(), "vocab_size").intValue();
      for (Golden.Case c : golden.cases()) {
        String tag = name.replace("-fp8", "") + "/prompt/" + c.index();
        assertThat(FormulaCheckpoint.prompt(tag, c.prompt().length, vocabulary))
            .isEqualTo(c.prompt());
        assertThat(c.greedy()).hasSize(16);
        assertThat(golden.array(c.index() + ".logits").values()).hasSize(vocabulary);
      }
    }
  }
}
