package dev.tenon.distribution.outside;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.io.TempDir;

/**
 * The example plugin, built as a third party builds it: its sources alone, outside the project,
 * against the jars of the image; then used by the image in each of the three ways.
 */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class PluginExampleTest {
  private static final String MAIN = "dev.tenon.distribution.Main";
  private static final String NGRAM =
      "--speculative-config={\"method\":\"ngram\",\"num_speculative_tokens\":3}";

  @SuppressWarnings("NullAway.Init") // set before the first test
  private Path folder;

  @SuppressWarnings("NullAway.Init") // set before the first test
  private Path jar;

  @BeforeAll
  void build(@TempDir Path given) throws Exception {
    folder = given;
    Path example = Project.ROOT.resolve("examples/plugin-ngram-speculator/src/main");
    Path sources = copy(example.resolve("java"), folder.resolve("src"));
    Path classes = copy(example.resolve("resources"), folder.resolve("classes"));
    List<String> compile =
        new ArrayList<>(
            List.of(
                tool("javac"),
                "-Xlint:all,-requires-automatic",
                "-Werror",
                "-d",
                classes.toString(),
                "-p",
                Project.IMAGE.resolve("lib").toString()));
    try (Stream<Path> files = Files.walk(sources)) {
      files.filter(f -> f.toString().endsWith(".java")).map(Path::toString).forEach(compile::add);
    }
    succeeded(compile);
    jar = Files.createDirectories(folder.resolve("plugins/ngram")).resolve("ngram.jar");
    succeeded(List.of(tool("jar"), "-c", "-f", jar.toString(), "-C", classes.toString(), "."));
  }

  @Test
  void isFoundInThePluginFolder() throws Exception {
    assertListed(image("plugins", "--plugins", folder.resolve("plugins").toString()));
  }

  @Test
  void isFoundOnTheModulePath() throws Exception {
    assertListed(
        succeeded(
            List.of(
                tool("java"),
                "-p",
                Project.IMAGE.resolve("lib") + ":" + jar,
                "-m",
                "dev.tenon.distribution/" + MAIN,
                "plugins")));
  }

  @Test
  void isFoundOnTheClassPath() throws Exception {
    assertListed(
        succeeded(
            List.of(
                tool("java"),
                "--add-modules",
                "jdk.incubator.vector",
                "-cp",
                Project.IMAGE.resolve("lib") + "/*:" + jar,
                MAIN,
                "plugins")));
  }

  @Test
  void itsDraftsAreVerifiedAndChangeNoToken() throws Exception {
    // repeats itself, so that there is something to draft from
    Path ids = Files.writeString(folder.resolve("ids"), "[9,8,7,6,9,8,7,6,9,8,7,6,9,8,7]\n");
    String plain = image("logits", "--ids", ids.toString(), "--max-tokens", "24");
    String drafted =
        image(
            "logits",
            "--ids",
            ids.toString(),
            "--max-tokens",
            "24",
            "--plugins",
            folder.resolve("plugins").toString(),
            NGRAM);
    assertThat(tokens(drafted)).isEqualTo(tokens(plain)).startsWith("{\"tokens\":[");
  }

  private static String tokens(String line) {
    return line.substring(0, line.indexOf(']'));
  }

  private static void assertListed(String plugins) {
    assertThat(plugins.lines().filter(line -> line.contains(" ngram "))).hasSize(1);
    assertThat(plugins).contains("methods ngram", "ngram.jar");
  }

  private static String image(String... arguments) throws Exception {
    List<String> command = new ArrayList<>();
    command.add("/bin/sh");
    command.add(Project.IMAGE.resolve("bin/tenon").toString());
    command.addAll(List.of(arguments));
    return succeeded(command);
  }

  private static String succeeded(List<String> command) throws Exception {
    Finished finished = Finished.of(command);
    assertThat(finished.status()).as(finished.toString()).isZero();
    return finished.output();
  }

  private static String tool(String name) {
    return Path.of(System.getProperty("java.home"), "bin", name).toString();
  }

  private static Path copy(Path from, Path to) throws IOException {
    try (Stream<Path> files = Files.walk(from)) {
      for (Path file : files.toList()) {
        Path target = to.resolve(from.relativize(file).toString());
        if (Files.isDirectory(file)) {
          Files.createDirectories(target);
        } else {
          Files.copy(file, target);
        }
      }
    }
    return to;
  }
}
