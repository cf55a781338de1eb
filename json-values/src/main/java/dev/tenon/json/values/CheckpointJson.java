package dev.tenon.json.values;

import dev.tenon.api.ErrorCode;
import dev.tenon.api.TenonException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;

/** The JSON files of a checkpoint. */
public final class CheckpointJson {
  /** Longest file that is read. */
  private static final long MAX_BYTES = 64L << 20;

  private CheckpointJson() {}

  /**
   * Reads a file that holds one object.
   *
   * @throws TenonException {@code INVALID_CHECKPOINT} naming the file
   */
  public static JsonNode read(Path file) {
    JsonNode node;
    try {
      long size = Files.size(file);
      if (size > MAX_BYTES) {
        throw damaged(file, "has " + size + " bytes; at most " + MAX_BYTES + " are read", null);
      }
      node = JsonValues.read(Files.readAllBytes(file));
    } catch (IOException e) {
      throw damaged(file, "cannot be read: " + e, e);
    } catch (JacksonException e) {
      throw damaged(file, "is not a JSON object: " + e.getOriginalMessage(), e);
    }
    if (!node.isObject()) {
      throw damaged(file, "is not a JSON object: it holds " + node.getNodeType(), null);
    }
    return node;
  }

  /**
   * The members of the object that a file holds.
   *
   * @throws TenonException {@code INVALID_CHECKPOINT} naming the file
   */
  public static Map<String, Object> readObject(Path file) {
    return JsonValues.object(read(file));
  }

  private static TenonException damaged(Path file, String what, @Nullable Exception cause) {
    return new TenonException(ErrorCode.INVALID_CHECKPOINT, file.getFileName() + " " + what, cause);
  }
}
