package dev.tenon.benchmarks.engine;

import dev.tenon.engine.tck.golden.FormulaCheckpoint;
import java.nio.file.Path;
import java.util.Map;
import tools.jackson.core.type.TypeReference;
import tools.jackson.databind.DeserializationFeature;
import tools.jackson.databind.json.JsonMapper;

/** Writes the formula checkpoint of a config, for comparisons with other engines. */
public final class WriteFormulaCheckpoint {
  private WriteFormulaCheckpoint() {}

  /** Arguments: config.json, output folder. */
  public static void main(String[] arguments) {
    Map<String, Object> config =
        JsonMapper.builder()
            .enable(DeserializationFeature.USE_LONG_FOR_INTS)
            .build()
            .readValue(Path.of(arguments[0]).toFile(), new TypeReference<>() {});
    FormulaCheckpoint.write(config, Path.of(arguments[1]), 1);
  }
}
