package dev.tenon.engine.runtime.checkpoint;

import dev.tenon.api.ErrorCode;
import dev.tenon.api.LoadFormat;
import dev.tenon.api.TenonException;
import dev.tenon.engine.runtime.weights.CheckpointFiles;
import dev.tenon.engine.runtime.weights.Quantisation;
import dev.tenon.json.values.CheckpointJson;
import dev.tenon.spi.model.Checkpoint;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Reads what a checkpoint says about itself: its configs and its tensors' headers. */
public final class CheckpointReader {
  private CheckpointReader() {}

  /**
   * A checkpoint whose headers were read.
   *
   * @param checkpoint for the model plugins
   * @param quantisation how its FP8 matrices are scaled
   * @param files its weights, or {@code null} where they are made up
   */
  public record Opened(
      Checkpoint checkpoint, Quantisation quantisation, @Nullable CheckpointFiles files) {}

  /**
   * Reads configs and headers.
   *
   * @param overrides merged into {@code config.json}, objects key by key
   * @throws TenonException {@code INVALID_CHECKPOINT} or {@code UNSUPPORTED}
   */
  public static Opened read(
      CheckpointLocation location, Map<String, Object> overrides, LoadFormat format) {
    Path folder = location.folder();
    Path configFile = folder.resolve("config.json");
    if (!Files.isRegularFile(configFile)) {
      throw new TenonException(
          ErrorCode.INVALID_CHECKPOINT,
          folder + ": expected a checkpoint's config.json, found none");
    }
    Map<String, Object> config = merged(CheckpointJson.readObject(configFile), overrides);
    Path generationFile = folder.resolve("generation_config.json");
    Map<String, Object> generation =
        Files.isRegularFile(generationFile) ? CheckpointJson.readObject(generationFile) : Map.of();
    Quantisation quantisation = Quantisation.of(config);
    CheckpointFiles files =
        switch (format) {
          case SAFETENSORS -> CheckpointFiles.read(folder);
          case DUMMY -> null;
        };
    Checkpoint checkpoint =
        new Checkpoint(
            location.name(),
            folder,
            Collections.unmodifiableMap(config),
            Collections.unmodifiableMap(generation),
            files == null ? Map.of() : files.entries(),
            files == null ? Checkpoint.Source.DUMMY : Checkpoint.Source.FILES);
    return new Opened(checkpoint, quantisation, files);
  }

  /** Overrides merged into a base, objects key by key, everything else replaced. */
  static Map<String, Object> merged(Map<?, ?> base, Map<?, ?> overrides) {
    Map<String, Object> result = new LinkedHashMap<>();
    base.forEach((key, value) -> result.put(String.valueOf(key), value));
    overrides.forEach((key, value) -> {
      Object before = result.get(String.valueOf(key));
      result.put(
          String.valueOf(key),
          before instanceof Map<?, ?> old && value instanceof Map<?, ?> changed
              ? merged(old, changed)
              : value);
    });
    return result;
  }
}
