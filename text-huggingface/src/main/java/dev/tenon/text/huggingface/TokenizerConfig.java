package dev.tenon.text.huggingface;

import dev.tenon.json.values.CheckpointJson;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.MissingNode;

/**
 * What {@code tokenizer_config.json} says about chat.
 *
 * @param specialTokens texts of the special tokens by the names that templates know them by, such
 *     as {@code eos_token}
 * @param chatTemplates sources by name; a single one is called {@code default}
 */
record TokenizerConfig(Map<String, String> specialTokens, Map<String, String> chatTemplates) {
  static final String NAME = "tokenizer_config.json";
  static final String DEFAULT_TEMPLATE = "default";

  /** Reads the file, or answers an empty config if there is none. */
  static TokenizerConfig read(Path folder) {
    JsonNode config = readIfThere(folder.resolve(NAME));
    JsonNode map = readIfThere(folder.resolve("special_tokens_map.json"));
    Map<String, String> specials = new LinkedHashMap<>(specials(map));
    specials.putAll(specials(config));
    return new TokenizerConfig(specials, templates(config.path("chat_template")));
  }

  private static JsonNode readIfThere(Path file) {
    return Files.isRegularFile(file) ? CheckpointJson.read(file) : MissingNode.getInstance();
  }

  private static Map<String, String> specials(JsonNode config) {
    Map<String, String> specials = new LinkedHashMap<>();
    for (Map.Entry<String, JsonNode> field : config.properties()) {
      JsonNode value = field.getValue();
      if (field.getKey().endsWith("_token")) {
        JsonNode text = value.isObject() ? value.path("content") : value;
        if (text.isString()) {
          specials.put(field.getKey(), text.asString());
        }
      }
    }
    return specials;
  }

  private static Map<String, String> templates(JsonNode given) {
    Map<String, String> templates = new LinkedHashMap<>();
    if (given.isString()) {
      templates.put(DEFAULT_TEMPLATE, given.asString());
    }
    for (JsonNode named : given) {
      templates.put(named.path("name").asString(""), named.path("template").asString(""));
    }
    return templates;
  }
}
