package dev.tenon.distribution.outside;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The README's example compiles against what the image ships. */
class ReadmeExampleTest {
  private static final Pattern EXAMPLE = Pattern.compile("```java\n(.*?)```", Pattern.DOTALL);

  @Test
  void compiles(@TempDir Path folder) throws Exception {
    Matcher example = EXAMPLE.matcher(Files.readString(Project.ROOT.resolve("README.md")));
    int examples = 0;
    while (example.find()) {
      examples++;
      Path source = Files.writeString(folder.resolve("Example.java"), example.group(1));
      Finished finished =
          Finished.of(
              List.of(
                  Path.of(System.getProperty("java.home"), "bin", "javac").toString(),
                  "-d",
                  folder.toString(),
                  "-cp",
                  Project.IMAGE.resolve("lib") + "/*",
                  source.toString()));
      assertThat(finished.status()).as(finished.errors()).isZero();
    }
    assertThat(examples).isPositive();
  }
}
