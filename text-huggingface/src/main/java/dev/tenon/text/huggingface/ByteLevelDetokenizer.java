package dev.tenon.text.huggingface;

import dev.tenon.spi.text.Detokenizer;
import dev.tenon.spi.text.Tokenizer.SpecialTokens;

/** Decodes ids one by one. Holds back at most three bytes. For one thread at a time. */
final class ByteLevelDetokenizer implements Detokenizer {
  private final Vocabulary vocabulary;
  private final SpecialTokens specialTokens;
  private final Utf8Assembler assembler = new Utf8Assembler();

  ByteLevelDetokenizer(Vocabulary vocabulary, SpecialTokens specialTokens) {
    this.vocabulary = vocabulary;
    this.specialTokens = specialTokens;
  }

  @Override
  public String feed(int id) {
    take(id);
    return assembler.take();
  }

  /** As {@link #feed}, keeping the text for later. */
  void take(int id) {
    if (specialTokens == SpecialTokens.KEEP || !vocabulary.isSpecial(id)) {
      vocabulary.feed(id, assembler);
    }
  }

  @Override
  public String finish() {
    return assembler.finish();
  }
}
