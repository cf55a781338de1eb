package dev.tenon.text.huggingface;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class CacheFolderTest {
  @Test
  void keepsWhatIsInTheUsersCache(@TempDir Path base) throws IOException {
    CacheFolder cache = CacheFolder.in(base);
    assertThat(cache.folder()).isEqualTo(base.resolve("tenon").resolve("native"));
    cache.clearIfTemporary();
    assertThat(cache.folder()).isDirectory();
  }

  @Test
  void clearsTheFolderThatStandsInForACacheThatCannotBeMade(@TempDir Path base) throws IOException {
    Path file = Files.writeString(base.resolve("file"), "in the way");
    CacheFolder cache = CacheFolder.in(file);
    assertThat(cache.folder()).isDirectory();
    Files.writeString(Files.createDirectories(cache.folder().resolve("a")).resolve("b"), "c");
    cache.clearIfTemporary();
    assertThat(cache.folder()).doesNotExist();
  }
}
