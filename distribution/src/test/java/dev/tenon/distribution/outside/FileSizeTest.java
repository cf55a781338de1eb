package dev.tenon.distribution.outside;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** Files stay small enough to be read at a sitting. */
class FileSizeTest {
  private static final int JAVA_LIMIT = 500;
  private static final int NATIVE_LIMIT = 700;

  @Test
  void noFileIsLongerThanItsLimitUnlessAllowedByName() throws IOException {
    List<String> allowed = Project.listed("file-size-exceptions.txt");
    TreeMap<String, Long> tooLong = new TreeMap<>();
    for (Path file : sources(".java", ".cu", ".cuh", ".cpp", ".h")) {
      long lines = lines(file);
      String name = Project.ROOT.relativize(file).toString();
      if (lines > (name.endsWith(".java") ? JAVA_LIMIT : NATIVE_LIMIT)) {
        tooLong.put(name, lines);
      }
    }
    assertThat(tooLong.keySet())
        .as(tooLong.toString())
        .containsExactlyInAnyOrderElementsOf(allowed);
  }

  @Test
  void mostJavaFilesAreShort() throws IOException {
    long[] lengths = sources(".java").stream().mapToLong(FileSizeTest::lines).sorted().toArray();
    assertThat(lengths).hasSizeGreaterThan(200);
    assertThat(lengths[lengths.length / 2]).as("median of lines").isLessThanOrEqualTo(90);
    assertThat(lengths[lengths.length * 9 / 10]).as("nine of ten files").isLessThanOrEqualTo(250);
  }

  private static List<Path> sources(String... endings) throws IOException {
    try (Stream<Path> files = Files.walk(Project.ROOT)) {
      return files
          .filter(file -> Stream.of(endings).anyMatch(end -> file.toString().endsWith(end)))
          .filter(file -> Project.ROOT.relativize(file).toString().contains("src/"))
          .filter(file -> !Project.ROOT.relativize(file).toString().contains("target/"))
          .toList();
    }
  }

  private static long lines(Path file) {
    try (Stream<String> lines = Files.lines(file)) {
      return lines.count();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
