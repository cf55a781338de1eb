package dev.tenon.text.huggingface;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;

/** Where native libraries are unpacked: a folder that only this user can write to. */
final class CacheFolder {
  private CacheFolder() {}

  /**
   * {@code tenon/native} in the user's cache folder, or a temporary folder if that is read-only.
   */
  static Path find() throws IOException {
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
