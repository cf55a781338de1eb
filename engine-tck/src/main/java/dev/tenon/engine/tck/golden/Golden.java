package dev.tenon.engine.tck.golden;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Outputs of the reference implementation for one formula checkpoint.
 *
 * @param name {@code tiny}, {@code yarn}, {@code mini} or {@code mini-fp8}
 * @param config {@code config.json}; integers are {@code Long}
 * @param cases prompts and what followed
 * @param weightProbe the first values of some tensors, by name
 * @param arrays the arrays by name, see {@link #array}
 */
public record Golden(
    String name,
    Map<String, Object> config,
    List<Case> cases,
    Map<String, List<Double>> weightProbe,
    Map<String, GoldenArray> arrays) {

  /** All that are there. */
  public static final List<String> NAMES = List.of("tiny", "yarn", "mini", "mini-fp8");

  /**
   * A prompt and what the reference did with it.
   *
   * @param index of the case
   * @param prompt ids
   * @param greedy the 16 greedy ids that follow
   * @param margin difference of the two greatest logits at each of them
   * @param drafts 3 greedy drafts of the drafting head after the first greedy id
   * @param logsumexp of the logits at the last prompt position
   */
  @SuppressWarnings("ArrayRecordComponent") // handed over, never compared
  public record Case(
      int index, int[] prompt, int[] greedy, double[] margin, int[] drafts, double logsumexp) {}

  /** Reads one. */
  public static Golden load(String name) {
    return read(
        name,
        resource(name, "config.json"),
        resource(name, "cases.json"),
        resource(name, "arrays.safetensors"));
  }

  /**
   * Reads reference outputs for a checkpoint of any origin.
   *
   * @param checkpoint folder with its {@code config.json}
   * @param outputs folder with {@code cases.json} and {@code arrays.safetensors}
   */
  public static Golden of(Path checkpoint, Path outputs) {
    try {
      return read(
          String.valueOf(checkpoint.getFileName()),
          Files.readAllBytes(checkpoint.resolve("config.json")),
          Files.readAllBytes(outputs.resolve("cases.json")),
          Files.readAllBytes(outputs.resolve("arrays.safetensors")));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static Golden read(String name, byte[] configFile, byte[] casesFile, byte[] arrayFile) {
    Map<String, Object> config = Json.object(configFile);
    Map<String, Object> file = Json.object(casesFile);
    List<Case> cases = new ArrayList<>();
    for (Object entry : Json.list(file, "cases")) {
      cases.add(readCase(name, config, (Map<?, ?>) entry));
    }
    Map<String, List<Double>> probe = new LinkedHashMap<>();
    if (file.containsKey("weight_probe")) {
      Json.map(file, "weight_probe")
          .forEach((tensor, values) ->
              probe.put(
                  (String) tensor,
                  ((List<?>) values).stream().map(v -> ((Number) v).doubleValue()).toList()));
    }
    return new Golden(name, config, List.copyOf(cases), probe, GoldenArray.readAll(arrayFile));
  }

  private static Case readCase(String name, Map<String, Object> config, Map<?, ?> entry) {
    int index = Json.number(entry, "index").intValue();
    int length = Json.number(entry, "length").intValue();
    int vocabulary = Json.number(config, "vocab_size").intValue();
    int[] prompt =
        entry.get("prompt") instanceof List<?> ids
            ? ints(ids)
            : FormulaCheckpoint.prompt(
                name.replace("-fp8", "") + "/prompt/" + index, length, vocabulary);
    return new Case(
        index,
        prompt,
        ints(Json.list(entry, "greedy")),
        Json.list(entry, "margin").stream().mapToDouble(v -> ((Number) v).doubleValue()).toArray(),
        ints(Json.list(entry, "mtp_drafts")),
        Json.number(entry, "logsumexp").doubleValue());
  }

  private static int[] ints(List<?> numbers) {
    return numbers.stream().mapToInt(number -> ((Number) number).intValue()).toArray();
  }

  /**
   * An array of the reference, e.g. {@code 3.logits}, {@code 3.mtp_logits}, and for {@code tiny}
   * {@code 0.all_logits} and {@code 0.hidden.2}.
   */
  public GoldenArray array(String arrayName) {
    GoldenArray array = arrays.get(arrayName);
    if (array == null) {
      throw new IllegalArgumentException(name + " has no array " + arrayName);
    }
    return array;
  }

  /** Writes the checkpoint that the outputs belong to. */
  public Path writeCheckpoint(Path folder, int shards) {
    return FormulaCheckpoint.write(config, folder, shards);
  }

  /** Copies the two-shard checkpoint that is kept with {@code tiny}. */
  public static Path copyTinyCheckpoint(Path folder) {
    try {
      Files.createDirectories(folder);
      for (String file :
          List.of(
              "config.json",
              "model-00001-of-00002.safetensors",
              "model-00002-of-00002.safetensors",
              "model.safetensors.index.json")) {
        Files.write(folder.resolve(file), resource("tiny", file));
      }
      return folder;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static byte[] resource(String name, String file) {
    try (InputStream stream = Golden.class.getResourceAsStream("/goldens/" + name + "/" + file)) {
      if (stream == null) {
        throw new IllegalArgumentException("there is no golden " + name + "; there are " + NAMES);
      }
      return stream.readAllBytes();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
