package dev.tenon.text.huggingface;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Comparator;
import java.util.stream.Stream;

/**
 * Where native libraries are unpacked: a folder that only this user can write to.
 *
 * @param folder its place
 * @param isTemporary whether it serves this process only
 */
record CacheFolder(Path folder, boolean isTemporary) {

  /**
   * {@code tenon/native} in the user's cache folder, or a temporary folder if that is read-only.
   */
  static CacheFolder find() throws IOException {
    String cache = System.getenv("XDG_CACHE_HOME");
    Path base =
        cache == null || cache.isBlank()
            ? Path.of(System.getProperty("user.home", "."), ".cache")
            : Path.of(cache);
    return in(base);
  }

  static CacheFolder in(Path base) throws IOException {
    Path folder = base.resolve("tenon").resolve("native");
    try {
      Files.createDirectories(folder);
      if (folder.getFileSystem().supportedFileAttributeViews().contains("posix")) {
        Files.setPosixFilePermissions(folder, PosixFilePermissions.fromString("rwx------"));
      }
      if (Files.isWritable(folder)) {
        return new CacheFolder(folder, false);
      }
    } catch (IOException notWritable) {
      // A read-only home is usual in containers.
    }
    return new CacheFolder(Files.createTempDirectory("tenon-native"), true);
  }

  /** Deletes a temporary folder; a library that was loaded from it stays loaded. */
  void clearIfTemporary() throws IOException {
    if (!isTemporary) {
      return;
    }
    try (Stream<Path> files = Files.walk(folder)) {
      for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
        Files.deleteIfExists(file);
      }
    }
  }
}
