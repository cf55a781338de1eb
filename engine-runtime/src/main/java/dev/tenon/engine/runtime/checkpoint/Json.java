package dev.tenon.engine.runtime.checkpoint;

import dev.tenon.api.ErrorCode;
import dev.tenon.api.TenonException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JacksonException;
import tools.jackson.core.StreamReadFeature;
import tools.jackson.core.type.TypeReference;
import tools.jackson.databind.DeserializationFeature;
import tools.jackson.databind.json.JsonMapper;

/**
 * JSON objects as maps that keep their order; numbers as {@code Long}, {@code BigInteger} or {@code
 * Double}.
 */
public final class Json {
  /** Longest JSON file of a checkpoint that is read, weights' headers aside. */
  private static final long MAX_BYTES = 64L << 20;

  private static final TypeReference<LinkedHashMap<String, Object>> OBJECT =
      new TypeReference<>() {};

  private static final JsonMapper MAPPER =
      JsonMapper.builder()
          .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
          .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
          .build();

  private Json() {}

  /**
   * Reads a file that holds one object.
   *
   * @throws TenonException {@code INVALID_CHECKPOINT} naming the file
   */
  public static Map<String, Object> readObject(Path path) {
    try {
      long size = Files.size(path);
      if (size > MAX_BYTES) {
        throw damaged(path, "has " + size + " bytes; at most " + MAX_BYTES + " are read", null);
      }
      @Nullable LinkedHashMap<String, Object> object =
          MAPPER.readValue(Files.readAllBytes(path), OBJECT);
      if (object == null) {
        throw damaged(path, "holds null; expected a JSON object", null);
      }
      object.replaceAll((key, value) -> widened(value));
      return object;
    } catch (IOException e) {
      throw damaged(path, "cannot be read: " + e, e);
    } catch (JacksonException e) {
      throw damaged(path, "is not a JSON object: " + e.getOriginalMessage(), e);
    }
  }

  // Jackson's own USE_LONG_FOR_INTS refuses integers that need a BigInteger
  @SuppressWarnings("unchecked")
  private static @Nullable Object widened(@Nullable Object value) {
    if (value instanceof Integer number) {
      return number.longValue();
    }
    if (value instanceof Map<?, ?> map) {
      ((Map<String, @Nullable Object>) map).replaceAll((key, member) -> widened(member));
    } else if (value instanceof List<?> list) {
      ((List<@Nullable Object>) list).replaceAll(Json::widened);
    }
    return value;
  }

  private static TenonException damaged(Path path, String what, @Nullable Exception cause) {
    return new TenonException(ErrorCode.INVALID_CHECKPOINT, path.getFileName() + " " + what, cause);
  }
}
