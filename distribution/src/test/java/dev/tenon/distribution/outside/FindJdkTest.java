package dev.tenon.distribution.outside;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The scripts find a JDK 25 wherever it is, and say what to do where there is none. */
class FindJdkTest {
  @SuppressWarnings("NullAway.Init") // JUnit sets it
  @TempDir
  Path folder;

  /** A PATH with what the scripts need and no Java. */
  @BeforeEach
  void makeTools() throws IOException {
    Path tools = Files.createDirectory(folder.resolve("bin"));
    for (String tool : List.of("dirname", "readlink", "grep", "uname", "cat", "find")) {
      for (String place : List.of("/bin", "/usr/bin")) {
        Path original = Path.of(place, tool);
        if (Files.exists(original) && !Files.exists(tools.resolve(tool))) {
          Path script =
              Files.writeString(tools.resolve(tool), "#!/bin/sh\nexec " + original + " \"$@\"\n");
          assertThat(script.toFile().setExecutable(true)).isTrue();
        }
      }
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"mvnw", "tenon", "distribution/target/tenon/bin/tenon"})
  void withoutJdkTheMessageSaysWhereItLookedAndHowToInstallOne(String script) throws Exception {
    Path roots = folder.resolve("none-here");
    Finished finished = run(Project.ROOT.resolve(script), Map.of("TENON_JDK_ROOTS", text(roots)));
    assertThat(finished.status()).isEqualTo(1);
    assertThat(finished.output()).isEmpty();
    assertThat(finished.errors())
        .contains("Tenon needs JDK 25 and found none")
        .contains("JAVA_HOME (not set)", text(roots))
        .contains("sdk install java 25", "apt install", "brew install");
  }

  @Test
  void anotherVersionInJavaHomeIsPassedOver() throws Exception {
    Path old = jdk(folder.resolve("old"), "17.0.15");
    Path right = jdk(folder.resolve("roots/temurin-25"), "25.0.3");
    Finished finished =
        sourced(Map.of("JAVA_HOME", text(old), "TENON_JDK_ROOTS", text(folder.resolve("roots"))));
    assertThat(finished.output()).isEqualTo(text(right) + "\n");
  }

  @Test
  void aJdkWhoseFolderDoesNotSayItsVersionIsFound() throws Exception {
    jdk(folder.resolve("roots/jdk-17"), "17.0.15");
    Path right = jdk(folder.resolve("roots/default"), "25");
    Finished finished = sourced(Map.of("TENON_JDK_ROOTS", text(folder.resolve("roots"))));
    assertThat(finished.output()).isEqualTo(text(right) + "\n");
  }

  @Test
  void folderNamesMayHoldBlanksBelowHome() throws Exception {
    Path home = folder.resolve("a home");
    Path right = jdk(home.resolve(".jdks/temurin-25"), "25.0.3");
    Finished finished = sourced(Map.of("HOME", text(home), "TENON_JDK_SYSTEM_ROOTS", "none"));
    assertThat(finished.output()).isEqualTo(text(right) + "\n");
  }

  @Test
  void theSearchLeavesTheCallersVariablesAlone() throws Exception {
    jdk(folder.resolve("roots/temurin-25"), "25.0.3");
    Path script = folder.resolve("variables.sh");
    Files.writeString(
        script,
        "root=r; home=h; real=e; set -- a b; . "
            + Project.ROOT.resolve(".mvn/find-jdk.sh")
            + "; find_jdk25; echo $root $home $real $*");
    Finished finished = run(script, Map.of("TENON_JDK_ROOTS", text(folder.resolve("roots"))));
    assertThat(finished.output()).isEqualTo("r h e a b\n");
  }

  private Finished sourced(Map<String, String> variables) throws Exception {
    Path script = folder.resolve("print.sh");
    Files.writeString(
        script,
        ". " + Project.ROOT.resolve(".mvn/find-jdk.sh") + "; find_jdk25 && echo $JAVA_HOME");
    return run(script, variables);
  }

  private Finished run(Path script, Map<String, String> variables) throws Exception {
    Map<String, String> environment = new HashMap<>();
    environment.put("PATH", text(folder.resolve("bin")));
    environment.put("HOME", text(folder));
    environment.putAll(variables);
    return Finished.of(List.of("/bin/sh", text(script)), environment);
  }

  private static Path jdk(Path home, String version) throws IOException {
    Files.createDirectories(home.resolve("bin"));
    Path javac = Files.writeString(home.resolve("bin/javac"), "#!/bin/sh\n");
    assertThat(javac.toFile().setExecutable(true)).isTrue();
    Files.writeString(home.resolve("release"), "JAVA_VERSION=\"" + version + "\"\n");
    return home;
  }

  private static String text(Path path) {
    return path.toString();
  }
}
