package dev.tenon.text.huggingface;

import ai.djl.huggingface.tokenizers.jni.LibUtils;
import ai.djl.huggingface.tokenizers.jni.TokenizersLibrary;
import dev.tenon.api.ErrorCode;
import dev.tenon.api.TenonException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.Locale;
import java.util.Properties;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Loads the native tokenizer library once. The library's own loader probes for GPUs first, which
 * costs time and touches CUDA; it is used only where this module cannot load for it, and then told
 * to leave the network alone.
 */
final class NativeLibrary {
  private static final Logger LOG = LoggerFactory.getLogger(NativeLibrary.class);
  private static boolean loaded;

  private NativeLibrary() {}

  /**
   * Makes the library's functions callable.
   *
   * @throws TenonException {@code UNSUPPORTED} if it has no build for this machine
   */
  // The launcher grants this module native access; class loaders are compared by identity.
  @SuppressWarnings({"restricted", "ReferenceEquality"})
  static synchronized void load() throws IOException {
    if (loaded) {
      return;
    }
    boolean sameLoader =
        TokenizersLibrary.class.getClassLoader() == NativeLibrary.class.getClassLoader();
    if (sameLoader && isPlainPlatform()) {
      CacheFolder cache = CacheFolder.find();
      Path library = unpacked(cache.folder());
      LOG.debug("loading {}", library);
      System.load(library.toString());
      cache.clearIfTemporary();
    } else {
      setUnlessSet("ai.djl.offline", "true");
      setUnlessSet("OPT_OUT_TRACKING", "true");
      setUnlessSet("RUST_FLAVOR", "cpu");
      setUnlessSet("DJL_CACHE_DIR", CacheFolder.find().folder().toString());
      LibUtils.checkStatus();
    }
    loaded = true;
  }

  private static void setUnlessSet(String name, String value) {
    if (System.getProperty(name) == null && System.getenv(name) == null) {
      System.setProperty(name, value);
    }
  }

  /** Windows needs further libraries, in an order that the library's own loader knows. */
  private static boolean isPlainPlatform() {
    return !System.getProperty("os.name").startsWith("Windows");
  }

  private static Path unpacked(Path cache) throws IOException {
    String name = System.mapLibraryName("tokenizers");
    String resource = "/native/lib/" + platform() + "/cpu/" + name;
    Path folder = cache.resolve("tokenizers-" + version() + "-" + platform());
    Path library = folder.resolve(name);
    try (InputStream packed = TokenizersLibrary.class.getResourceAsStream(resource)) {
      if (packed == null) {
        throw new TenonException(
            ErrorCode.UNSUPPORTED,
            "the tokenizer library has no build for "
                + platform()
                + "; it has one for "
                + "linux-x86_64, linux-aarch64, osx-aarch64 and win-x86_64");
      }
      if (!Files.isRegularFile(library)) {
        Files.createDirectories(folder);
        // Another process may unpack at the same time: only whole files appear under the name.
        Path part = Files.createTempFile(folder, name, ".part");
        Files.copy(packed, part, StandardCopyOption.REPLACE_EXISTING);
        Files.move(part, library, StandardCopyOption.ATOMIC_MOVE);
      }
    }
    return library.toAbsolutePath();
  }

  private static String version() throws IOException {
    Properties properties = new Properties();
    try (InputStream stream =
        TokenizersLibrary.class.getResourceAsStream("/native/lib/tokenizers.properties")) {
      if (stream != null) {
        properties.load(stream);
      }
    }
    return properties.getProperty("version", "unknown");
  }

  private static String platform() {
    String system = System.getProperty("os.name").toLowerCase(Locale.ROOT);
    String processor = System.getProperty("os.arch");
    return (system.startsWith("mac") ? "osx" : system)
        + "-"
        + (processor.equals("amd64") ? "x86_64" : processor);
  }
}
