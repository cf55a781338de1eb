package dev.tenon.text.huggingface;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;

/**
 * Tells the tokenizer library where to unpack itself, and not to reach for the network or a GPU. It
 * takes these settings as system properties only; those that the user has set stay.
 */
final class NativeLibrary {
  private static boolean prepared;

  private NativeLibrary() {}

  static synchronized void prepare() throws IOException {
    if (prepared) {
      return;
    }
    setUnlessSet("ai.djl.offline", "true");
    setUnlessSet("OPT_OUT_TRACKING", "true");
    setUnlessSet("RUST_FLAVOR", "cpu");
    if (System.getenv("DJL_CACHE_DIR") == null && System.getProperty("DJL_CACHE_DIR") == null) {
      System.setProperty("DJL_CACHE_DIR", folder().toString());
    }
    prepared = true;
  }

  private static void setUnlessSet(String name, String value) {
    if (System.getProperty(name) == null && System.getenv(name) == null) {
      System.setProperty(name, value);
    }
  }

  /** The user's cache folder, or a temporary one where that cannot be written. */
  private static Path folder() throws IOException {
    String cache = System.getenv("XDG_CACHE_HOME");
    Path base =
        cache == null || cache.isBlank()
            ? Path.of(System.getProperty("user.home", "."), ".cache")
            : Path.of(cache);
    Path folder = base.resolve("tenon").resolve("native");
    try {
      Files.createDirectories(folder);
      if (folder.getFileSystem().supportedFileAttributeViews().contains("posix")) {
        Files.setPosixFilePermissions(folder, PosixFilePermissions.fromString("rwx------"));
      }
      if (Files.isWritable(folder)) {
        return folder;
      }
    } catch (IOException notWritable) {
      // A read-only home is usual in containers.
    }
    return Files.createTempDirectory("tenon-native");
  }
}
