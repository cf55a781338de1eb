package dev.tenon.text.huggingface;

import ai.djl.huggingface.tokenizers.jni.TokenizersLibrary;
import dev.tenon.api.ErrorCode;
import dev.tenon.api.TenonException;
import java.lang.ref.Cleaner;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;

/**
 * Hugging Face's own encoder. Its library and tables load on a thread of their own, so that opening
 * a checkpoint does not wait for them. Thread-safe: the native tokenizer is never changed after it
 * was made.
 */
final class NativeEncoder {
  private static final Cleaner CLEANER = Cleaner.create();
  private static final TokenizersLibrary LIBRARY = TokenizersLibrary.LIB;

  private final CompletableFuture<Long> handle;

  private NativeEncoder(CompletableFuture<Long> handle) {
    this.handle = handle;
  }

  static NativeEncoder load(Path file, byte[] json) {
    CompletableFuture<Long> handle = new CompletableFuture<>();
    NativeEncoder encoder = new NativeEncoder(handle);
    Thread.ofPlatform()
        .name("tenon-tokenizer-loader")
        .daemon()
        .start(() -> load(file, json, handle));
    CLEANER.register(encoder, () -> release(handle));
    return encoder;
  }

  private static void release(CompletableFuture<Long> handle) {
    CompletableFuture<Long> _ =
        handle.whenComplete((tokenizer, failure) -> {
          if (failure == null) {
            LIBRARY.deleteTokenizer(tokenizer);
          }
        });
  }

  private static void load(Path file, byte[] json, CompletableFuture<Long> handle) {
    try {
      NativeLibrary.load();
      long tokenizer = LIBRARY.createTokenizerFromString(new String(json, StandardCharsets.UTF_8));
      LIBRARY.disablePadding(tokenizer);
      LIBRARY.disableTruncation(tokenizer);
      handle.complete(tokenizer);
    } catch (TenonException failure) {
      handle.completeExceptionally(failure);
    } catch (Throwable failure) {
      handle.completeExceptionally(
          new TenonException(
              ErrorCode.INVALID_CHECKPOINT,
              file + " cannot be used for encoding: " + failure.getMessage(),
              failure));
    }
  }

  int[] encode(String text) {
    long tokenizer = tokenizer();
    long encoding = LIBRARY.encode(tokenizer, wellFormed(text), false);
    try {
      long[] ids = LIBRARY.getTokenIds(encoding);
      int[] result = new int[ids.length];
      for (int i = 0; i < ids.length; i++) {
        result[i] = (int) ids[i];
      }
      return result;
    } finally {
      LIBRARY.deleteEncoding(encoding);
      java.lang.ref.Reference.reachabilityFence(this);
    }
  }

  private long tokenizer() {
    try {
      return handle.join();
    } catch (CompletionException failed) {
      if (failed.getCause() instanceof TenonException cause) {
        throw new TenonException(cause.code(), String.valueOf(cause.getMessage()), cause);
      }
      throw failed;
    }
  }

  /** The native side takes Unicode text only. */
  private static String wellFormed(String text) {
    for (int i = 0; i < text.length(); i++) {
      if (Character.isSurrogate(text.charAt(i))) {
        return new String(text.getBytes(StandardCharsets.UTF_16BE), StandardCharsets.UTF_16BE);
      }
    }
    return text;
  }
}
