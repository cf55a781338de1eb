package dev.tenon.text.huggingface;

import dev.tenon.spi.text.Detokenizer;
import dev.tenon.spi.text.Tokenizer;
import java.nio.file.Path;
import java.util.OptionalInt;

/** A byte-level tokenizer: encodes natively, decodes by its own table of bytes. Thread-safe. */
final class ByteLevelTokenizer implements Tokenizer {
  private final Vocabulary vocabulary;
  private final NativeEncoder encoder;

  private ByteLevelTokenizer(Vocabulary vocabulary, NativeEncoder encoder) {
    this.vocabulary = vocabulary;
    this.encoder = encoder;
  }

  static ByteLevelTokenizer open(Path file) {
    byte[] json = TokenizerFile.bytes(file);
    NativeEncoder encoder = NativeEncoder.load(file, json);
    return new ByteLevelTokenizer(TokenizerFile.read(file, json), encoder);
  }

  /** As the SPI says; a surrogate without its partner is read as U+FFFD. */
  @Override
  public int[] encode(String text) {
    return encoder.encode(text);
  }

  @Override
  public String decode(int[] ids, SpecialTokens specialTokens) {
    ByteLevelDetokenizer detokenizer = new ByteLevelDetokenizer(vocabulary, specialTokens);
    for (int id : ids) {
      detokenizer.take(id);
    }
    return detokenizer.finish();
  }

  @Override
  public Detokenizer detokenizer(SpecialTokens specialTokens) {
    return new ByteLevelDetokenizer(vocabulary, specialTokens);
  }

  @Override
  public byte[] bytes(int id) {
    return vocabulary.bytes(id);
  }

  @Override
  public boolean isSpecial(int id) {
    return vocabulary.isSpecial(id);
  }

  @Override
  public OptionalInt id(String token) {
    return vocabulary.id(token);
  }

  @Override
  public int vocabularySize() {
    return vocabulary.size();
  }
}
