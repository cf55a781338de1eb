package dev.tenon.text.huggingface;

import dev.tenon.api.ErrorCode;
import dev.tenon.api.TenonException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JacksonException;
import tools.jackson.core.JsonParser;
import tools.jackson.core.JsonToken;
import tools.jackson.databind.DeserializationFeature;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** Reads the vocabulary of a {@code tokenizer.json} without keeping the rest of the file. */
final class TokenizerFile {
  static final String NAME = "tokenizer.json";
  private static final int LARGEST_ID = 10_000_000;
  private static final JsonMapper MAPPER =
      JsonMapper.builder().disable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS).build();

  private final Vocabulary.Builder vocabulary = new Vocabulary.Builder();
  private final Path file;
  private boolean hasVocabulary;
  private boolean isByteLevel;

  private TokenizerFile(Path file) {
    this.file = file;
  }

  static byte[] bytes(Path file) {
    if (!Files.isRegularFile(file)) {
      throw new TenonException(
          ErrorCode.INVALID_CHECKPOINT,
          file + " is missing: text needs the tokenizer of the checkpoint");
    }
    try {
      return Files.readAllBytes(file);
    } catch (IOException unreadable) {
      throw new TenonException(
          ErrorCode.INVALID_CHECKPOINT, file + " cannot be read: " + unreadable, unreadable);
    }
  }

  static Vocabulary read(Path file, byte[] json) {
    TokenizerFile reader = new TokenizerFile(file);
    try (JsonParser parser = MAPPER.createParser(json)) {
      reader.read(parser);
    } catch (JacksonException broken) {
      throw reader.damaged(broken.getOriginalMessage(), broken);
    }
    if (!reader.hasVocabulary) {
      throw reader.damaged("it has no model.vocab that gives each token its id", null);
    }
    if (!reader.isByteLevel) {
      throw new TenonException(
          ErrorCode.UNSUPPORTED,
          file + ": only byte-level tokenizers can be decoded, and its decoder is not ByteLevel");
    }
    return reader.vocabulary.build();
  }

  private TenonException damaged(String detail, @Nullable Throwable cause) {
    return new TenonException(
        ErrorCode.INVALID_CHECKPOINT, file + " is not a usable tokenizer: " + detail, cause);
  }

  private void read(JsonParser parser) {
    if (parser.nextToken() != JsonToken.START_OBJECT) {
      throw damaged("it is not a JSON object", null);
    }
    while (parser.nextToken() == JsonToken.PROPERTY_NAME) {
      String field = parser.currentName();
      parser.nextToken();
      switch (field) {
        case "added_tokens" -> addedTokens(parser);
        case "decoder" ->
            isByteLevel = MAPPER.readTree(parser).toString().contains("\"ByteLevel\"");
        case "model" -> model(parser);
        default -> parser.skipChildren();
      }
    }
  }

  private void addedTokens(JsonParser parser) {
    for (JsonNode token : MAPPER.readTree(parser)) {
      String content = token.path("content").asString("");
      int id = checked(token.path("id").asInt(-1), content);
      if (token.path("special").asBoolean(false)) {
        vocabulary.addSpecial(content, id);
      } else {
        vocabulary.add(content, id);
      }
    }
  }

  private void model(JsonParser parser) {
    while (parser.nextToken() == JsonToken.PROPERTY_NAME) {
      boolean isVocabulary = parser.currentName().equals("vocab");
      if (parser.nextToken() == JsonToken.START_OBJECT && isVocabulary) {
        hasVocabulary = true;
        while (parser.nextToken() == JsonToken.PROPERTY_NAME) {
          String token = parser.currentName();
          vocabulary.add(token, checked(parser.nextIntValue(-1), token));
        }
      } else {
        parser.skipChildren();
      }
    }
  }

  private int checked(int id, String token) {
    if (id < 0 || id > LARGEST_ID) {
      throw damaged("token '" + token + "' has no id between 0 and " + LARGEST_ID, null);
    }
    return id;
  }
}
