package dev.tenon.engine.tck.golden;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.stream.Collectors;

/**
 * Writes Qwen3-Next checkpoints of any size whose weights are a formula of their names, as standard
 * safetensors folders: bf16, and FP8 with bf16 block scales where the config has a {@code
 * quantization_config}. The same config gives the same bytes everywhere.
 */
public final class FormulaCheckpoint {
  private FormulaCheckpoint() {}

  /** How matrices are stored. */
  enum Weights {
    BF16,
    FP8
  }

  /**
   * Writes {@code config.json} and the weights.
   *
   * @param config as {@code config.json} has it
   * @param folder made if it is missing
   * @param shards files to divide the weights among; more than one also gives an index
   * @return the folder
   */
  public static Path write(Map<String, Object> config, Path folder, int shards) {
    try {
      Files.createDirectories(folder);
      Files.write(folder.resolve("config.json"), Json.bytes(config));
      Weights kind = config.containsKey("quantization_config") ? Weights.FP8 : Weights.BF16;
      List<Map.Entry<String, List<Long>>> tensors =
          new ArrayList<>(FormulaShapes.of(config).entrySet());
      int perShard = Math.ceilDiv(tensors.size(), shards);
      Map<String, Object> owner = new LinkedHashMap<>();
      long total = 0;
      for (int shard = 0; shard < shards; shard++) {
        List<FormulaTensor> part =
            tensors.stream()
                .skip((long) shard * perShard)
                .limit(perShard)
                .flatMap(t -> FormulaTensor.of(t.getKey(), t.getValue(), kind))
                .toList();
        String file =
            shards == 1
                ? "model.safetensors"
                : String.format(Locale.ROOT, "model-%05d-of-%05d.safetensors", shard + 1, shards);
        writeShard(folder.resolve(file), part);
        part.forEach(tensor -> owner.put(tensor.name(), file));
        total += part.stream().mapToLong(FormulaTensor::bytes).sum();
      }
      if (shards > 1) {
        Map<String, Object> index =
            Map.of("metadata", Map.of("total_size", total), "weight_map", owner);
        Files.write(folder.resolve("model.safetensors.index.json"), Json.bytes(index));
      }
      return folder;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /**
   * The prompt of a golden case.
   *
   * @param tag {@code {golden without -fp8}/prompt/{case}}
   * @param length number of ids
   * @param vocabularySize ids are below it
   */
  public static int[] prompt(String tag, int length, int vocabularySize) {
    long seed = FormulaValues.seed(tag);
    int[] ids = new int[length];
    for (int i = 0; i < length; i++) {
      long bits = (FormulaValues.bits(seed, i) >>> 11) & ((1L << 52) - 1);
      ids[i] = (int) (bits % vocabularySize);
    }
    return ids;
  }

  private static void writeShard(Path file, List<FormulaTensor> tensors) throws IOException {
    Map<FormulaTensor, Long> offsets = new LinkedHashMap<>();
    long at = 0;
    for (FormulaTensor tensor : tensors) {
      offsets.put(tensor, at);
      at += tensor.bytes();
    }
    byte[] header = header(offsets);
    try (FileChannel channel =
        FileChannel.open(
            file,
            StandardOpenOption.CREATE,
            StandardOpenOption.TRUNCATE_EXISTING,
            StandardOpenOption.WRITE)) {
      ByteBuffer start =
          ByteBuffer.allocate(8 + header.length)
              .order(ByteOrder.LITTLE_ENDIAN)
              .putLong(header.length)
              .put(header)
              .flip();
      writeAt(channel, start, 0);
      offsets.entrySet().parallelStream()
          .forEach(entry ->
              writeAt(channel, entry.getKey().encoded(), 8 + header.length + entry.getValue()));
    }
  }

  private static byte[] header(Map<FormulaTensor, Long> offsets) {
    String entries =
        offsets.entrySet().stream()
            .map(entry -> {
              FormulaTensor tensor = entry.getKey();
              long begin = entry.getValue();
              return String.format(
                  Locale.ROOT,
                  "\"%s\": {\"dtype\": \"%s\", \"shape\": %s, \"data_offsets\": [%d, %d]}",
                  tensor.name(),
                  tensor.type(),
                  tensor.shape(),
                  begin,
                  begin + tensor.bytes());
            })
            .collect(Collectors.joining(", "));
    String json = "{\"__metadata__\": {\"format\": \"pt\"}, " + entries + "}";
    return (json + " ".repeat(Math.floorMod(-json.length(), 8)))
        .getBytes(StandardCharsets.US_ASCII);
  }

  private static void writeAt(FileChannel channel, ByteBuffer bytes, long position) {
    try {
      long at = position;
      while (bytes.hasRemaining()) {
        at += channel.write(bytes, at);
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
