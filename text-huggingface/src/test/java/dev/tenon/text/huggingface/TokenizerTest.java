package dev.tenon.text.huggingface;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ai.djl.huggingface.tokenizers.jni.TokenizersLibrary;
import dev.tenon.api.ErrorCode;
import dev.tenon.api.TenonException;
import dev.tenon.engine.tck.Randoms;
import dev.tenon.spi.text.Detokenizer;
import dev.tenon.spi.text.Tokenizer;
import dev.tenon.spi.text.Tokenizer.SpecialTokens;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Random;
import java.util.stream.IntStream;
import java.util.stream.StreamSupport;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;

class TokenizerTest {
  private static final TokenizersLibrary LIBRARY = TokenizersLibrary.LIB;

  private final Tokenizer tokenizer = HuggingFaceText.openTokenizer(TestFiles.folder("tokenizer"));

  private static int[] ids(JsonNode array) {
    return StreamSupport.stream(array.spliterator(), false).mapToInt(JsonNode::asInt).toArray();
  }

  @Test
  void encodesAwkwardTextsAsTheReferenceDoes() throws IOException {
    for (JsonNode expected : TestFiles.json("tokenizer/expected.json").get("texts")) {
      assertThat(tokenizer.encode(expected.get("text").asString()))
          .as(expected.get("text").asString())
          .isEqualTo(ids(expected.get("ids")));
    }
  }

  @Test
  void decodesAsTheReferenceDoesAtOnceAndStepByStep() throws IOException {
    JsonNode file = TestFiles.json("tokenizer/expected.json");
    int checked = 0;
    for (String group : new String[] {"texts", "random"}) {
      for (JsonNode expected : file.get(group)) {
        int[] ids = ids(expected.get("ids"));
        String kept = expected.get("decoded").asString();
        String skipped = expected.get("skipped").asString();
        assertThat(tokenizer.decode(ids, SpecialTokens.KEEP)).isEqualTo(kept);
        assertThat(tokenizer.decode(ids, SpecialTokens.SKIP)).isEqualTo(skipped);
        assertThat(stepByStep(ids, SpecialTokens.KEEP)).isEqualTo(kept);
        assertThat(stepByStep(ids, SpecialTokens.SKIP)).isEqualTo(skipped);
        checked++;
      }
    }
    assertThat(checked).isGreaterThan(200);
  }

  private String stepByStep(int[] ids, SpecialTokens specialTokens) {
    Detokenizer detokenizer = tokenizer.detokenizer(specialTokens);
    StringBuilder text = new StringBuilder();
    for (int id : ids) {
      String piece = detokenizer.feed(id);
      assertThat(piece.isEmpty() || !Character.isHighSurrogate(piece.charAt(piece.length() - 1)))
          .as("a piece never ends within a character")
          .isTrue();
      text.append(piece);
    }
    return text.append(detokenizer.finish()).toString();
  }

  @Test
  void decodesRandomIdsStepByStepAsTheNativeLibraryDecodesThemAtOnce() throws IOException {
    Random random = Randoms.create("tokenizer");
    assertThat(tokenizer.encode("this waits for the library")).isNotEmpty();
    Path file = TestFiles.folder("tokenizer").resolve("tokenizer.json");
    long reference = LIBRARY.createTokenizerFromString(Files.readString(file));
    try {
      for (int round = 0; round < 3_000; round++) {
        int bound = random.nextBoolean() ? 256 : tokenizer.vocabularySize();
        int[] ids =
            IntStream.range(0, 1 + random.nextInt(30)).map(i -> random.nextInt(bound)).toArray();
        long[] wide = IntStream.of(ids).asLongStream().toArray();
        assertThat(stepByStep(ids, SpecialTokens.SKIP))
            .isEqualTo(LIBRARY.decode(reference, wide, true));
        assertThat(stepByStep(ids, SpecialTokens.KEEP))
            .isEqualTo(LIBRARY.decode(reference, wide, false));
        assertThat(tokenizer.decode(ids, SpecialTokens.SKIP))
            .isEqualTo(LIBRARY.decode(reference, wide, true));
      }
    } finally {
      LIBRARY.deleteTokenizer(reference);
    }
  }

  @Test
  void emitsAnEmojiOnlyWhenItsLastByteCame() {
    byte[] emoji = "🙃".getBytes(StandardCharsets.UTF_8);
    Detokenizer detokenizer = tokenizer.detokenizer(SpecialTokens.SKIP);
    for (int i = 0; i < 4; i++) {
      byte wanted = emoji[i];
      int id =
          IntStream.range(0, tokenizer.vocabularySize())
              .filter(c -> tokenizer.bytes(c).length == 1 && tokenizer.bytes(c)[0] == wanted)
              .findFirst()
              .orElseThrow();
      assertThat(detokenizer.feed(id)).isEqualTo(i < 3 ? "" : "🙃");
    }
    assertThat(detokenizer.finish()).isEmpty();
  }

  @Test
  void knowsItsTokens() throws IOException {
    JsonNode file = TestFiles.json("tokenizer/expected.json");
    assertThat(tokenizer.vocabularySize()).isEqualTo(file.get("size").asInt());
    int start = tokenizer.id("<|im_start|>").orElseThrow();
    int think = tokenizer.id("<think>").orElseThrow();
    assertThat(tokenizer.isSpecial(start)).isTrue();
    assertThat(tokenizer.isSpecial(think)).isFalse();
    assertThat(tokenizer.isSpecial(-1)).isFalse();
    assertThat(tokenizer.id("no such token")).isEmpty();
    assertThat(tokenizer.bytes(think)).isEqualTo("<think>".getBytes(StandardCharsets.UTF_8));
    assertThat(tokenizer.bytes(tokenizer.vocabularySize())).isEmpty();
    assertThat(tokenizer.bytes(-5)).isEmpty();
    assertThat(tokenizer.decode(new int[] {think, 100_000, -1}, SpecialTokens.SKIP))
        .isEqualTo("<think>");
  }

  @Test
  void readsALoneSurrogateAsTheReplacementCharacter() {
    assertThat(tokenizer.encode("a\ud83dz")).isEqualTo(tokenizer.encode("a\ufffdz"));
  }

  @Test
  void encodesOnManyThreadsAtOnce() {
    int[] expected = tokenizer.encode("the quick brown fox jumps");
    assertThat(
            IntStream.range(0, 500)
                .parallel()
                .mapToObj(i -> tokenizer.encode("the quick brown fox jumps")))
        .allSatisfy(ids -> assertThat(ids).isEqualTo(expected));
  }

  @Test
  void saysThatAFolderHasNoTokenizer(@TempDir Path folder) {
    assertThat(HuggingFaceText.open(folder)).isEmpty();
    assertThatThrownBy(() -> HuggingFaceText.openTokenizer(folder))
        .isInstanceOf(TenonException.class)
        .hasMessageContaining("tokenizer.json is missing");
  }

  @Test
  void saysWhatIsWrongWithADamagedFile(@TempDir Path folder) throws IOException {
    String whole = TestFiles.text("tokenizer/tokenizer.json");
    assertRefused(folder, whole.substring(0, whole.length() / 2), ErrorCode.INVALID_CHECKPOINT);
    assertRefused(folder, "[]", ErrorCode.INVALID_CHECKPOINT);
    assertRefused(folder, "{\"model\":{\"vocab\":[]}}", ErrorCode.INVALID_CHECKPOINT);
    assertRefused(
        folder,
        "{\"model\":{\"vocab\":{\"a\":-3}},\"decoder\":{\"type\":\"ByteLevel\"}}",
        ErrorCode.INVALID_CHECKPOINT);
    assertRefused(
        folder,
        "{\"model\":{\"vocab\":{\"a\":0}},\"decoder\":{\"type\":\"WordPiece\"}}",
        ErrorCode.UNSUPPORTED);
  }

  private static void assertRefused(Path folder, String json, ErrorCode code) throws IOException {
    Path file = Files.writeString(folder.resolve("tokenizer.json"), json);
    assertThatThrownBy(() -> HuggingFaceText.openTokenizer(folder))
        .isInstanceOfSatisfying(
            TenonException.class, failure -> assertThat(failure.code()).isEqualTo(code))
        .hasMessageContaining(file.toString());
  }
}
