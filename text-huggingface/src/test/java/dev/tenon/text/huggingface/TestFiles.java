package dev.tenon.text.huggingface;

import java.io.IOException;
import java.io.InputStream;
import java.net.URISyntaxException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Objects;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** Resources of these tests. */
final class TestFiles {
  private TestFiles() {}

  static Path folder(String name) {
    try {
      return Path.of(Objects.requireNonNull(TestFiles.class.getResource("/" + name)).toURI());
    } catch (URISyntaxException impossible) {
      throw new IllegalStateException(impossible);
    }
  }

  static JsonNode json(String name) throws IOException {
    try (InputStream stream = open(name)) {
      return new JsonMapper().readTree(stream);
    }
  }

  static String text(String name) throws IOException {
    try (InputStream stream = open(name)) {
      return new String(stream.readAllBytes(), StandardCharsets.UTF_8);
    }
  }

  private static InputStream open(String name) {
    return Objects.requireNonNull(TestFiles.class.getResourceAsStream("/" + name), name);
  }
}
