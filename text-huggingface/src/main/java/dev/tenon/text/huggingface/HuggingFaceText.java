package dev.tenon.text.huggingface;

import dev.tenon.spi.text.ChatTemplate;
import dev.tenon.spi.text.TextSupport;
import dev.tenon.spi.text.Tokenizer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;

/** Opens the text side of a checkpoint's folder. */
public final class HuggingFaceText {
  private HuggingFaceText() {}

  /**
   * Reads {@code tokenizer.json}, {@code tokenizer_config.json} and the chat template.
   *
   * @param folder of the checkpoint
   * @return empty if the folder has no {@code tokenizer.json}
   * @throws dev.tenon.api.TenonException {@code INVALID_CHECKPOINT} if a file is damaged, {@code
   *     UNSUPPORTED} if the tokenizer is not a byte-level one
   */
  public static Optional<TextSupport> open(Path folder) {
    if (!Files.isRegularFile(folder.resolve(TokenizerFile.NAME))) {
      return Optional.empty();
    }
    Tokenizer tokenizer = openTokenizer(folder);
    Optional<ChatTemplate> template = ChatTemplates.read(folder);
    return Optional.of(new TextSupport(tokenizer, template));
  }

  /**
   * Reads {@code tokenizer.json}. What encoding needs goes on loading in the background.
   *
   * @throws dev.tenon.api.TenonException {@code INVALID_CHECKPOINT} if the file is missing or
   *     damaged, {@code UNSUPPORTED} if the tokenizer is not a byte-level one
   */
  public static Tokenizer openTokenizer(Path folder) {
    return ByteLevelTokenizer.open(folder.resolve(TokenizerFile.NAME));
  }
}
