package dev.tenon.engine.runtime.checkpoint;

import dev.tenon.api.ErrorCode;
import dev.tenon.api.TenonException;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Where a checkpoint is.
 *
 * @param name folder name, or hub id
 * @param folder where its files are
 */
public record CheckpointLocation(String name, Path folder) {
  /**
   * Finds a checkpoint by its folder or by its hub id in the Hugging Face cache.
   *
   * @throws TenonException {@code MODEL_NOT_FOUND} saying where it was looked for
   */
  public static CheckpointLocation of(String model) {
    return of(model, System.getenv(), Path.of(System.getProperty("user.home", ".")));
  }

  static CheckpointLocation of(String model, Map<String, String> environment, Path home) {
    Path path = path(model);
    if (path != null && Files.isDirectory(path)) {
      Path folder = path.toAbsolutePath().normalize();
      return new CheckpointLocation(nameOf(folder), folder);
    }
    if (path != null && Files.exists(path)) {
      throw notFound(model + " is a file; give the folder of the checkpoint that it belongs to");
    }
    if (HuggingFaceCache.isHubId(model)) {
      return new CheckpointLocation(model, HuggingFaceCache.of(environment, home).snapshot(model));
    }
    throw notFound(
        "there is no folder "
            + (path == null ? model : path.toAbsolutePath())
            + "; give the folder of a checkpoint, or a hub id such as"
            + " Qwen/Qwen3-Next-80B-A3B-Instruct that the Hugging Face cache holds");
  }

  private static @Nullable Path path(String model) {
    try {
      return model.isBlank() ? null : Path.of(model);
    } catch (InvalidPathException e) {
      return null;
    }
  }

  private static String nameOf(Path folder) {
    Path name = folder.getFileName();
    return name == null ? folder.toString() : name.toString();
  }

  private static TenonException notFound(String message) {
    return TenonException.of(ErrorCode.MODEL_NOT_FOUND, "model", message);
  }
}
