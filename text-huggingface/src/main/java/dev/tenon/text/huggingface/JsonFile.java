package dev.tenon.text.huggingface;

import dev.tenon.api.ErrorCode;
import dev.tenon.api.TenonException;
import java.nio.file.Files;
import java.nio.file.Path;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.MissingNode;

/** Small JSON files of a checkpoint. */
final class JsonFile {
  private static final JsonMapper MAPPER = new JsonMapper();

  private JsonFile() {}

  /** The file's content; missing if there is no such file. */
  static JsonNode readIfThere(Path file) {
    if (!Files.isRegularFile(file)) {
      return MissingNode.getInstance();
    }
    try {
      return MAPPER.readTree(file);
    } catch (JacksonException broken) {
      throw new TenonException(
          ErrorCode.INVALID_CHECKPOINT,
          file + " is not valid JSON: " + broken.getOriginalMessage(),
          broken);
    }
  }
}
