package dev.tenon.distribution.outside;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.lang.module.ModuleReference;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/**
 * What {@code jar --describe-module} says of each module is kept in a file, so that no change of
 * what a module exports or requires goes unseen. {@code -Dgoldens.update=true} writes the files
 * anew.
 */
class DescribedModulesTest {
  private static final Path GOLDENS =
      Project.ROOT.resolve("distribution/src/test/resources/outside/modules");

  @Test
  void modulesAreDescribedAsAgreed() throws Exception {
    for (ModuleReference module : Project.ownModules()) {
      String name = module.descriptor().name();
      Path golden = GOLDENS.resolve(name + ".txt");
      String described = describe(Path.of(module.location().orElseThrow()));
      if (Boolean.getBoolean("goldens.update")) {
        Files.createDirectories(GOLDENS);
        Files.writeString(golden, described);
      }
      assertThat(described).as(name).isEqualTo(Files.readString(golden));
    }
  }

  @Test
  void everyGoldenBelongsToAModule() throws IOException {
    try (Stream<Path> files = Files.list(GOLDENS)) {
      assertThat(files.map(file -> file.getFileName().toString().replace(".txt", "")))
          .containsExactlyInAnyOrderElementsOf(
              Project.ownModules().stream().map(m -> m.descriptor().name()).toList());
    }
  }

  private static String describe(Path jar) throws Exception {
    Finished finished =
        Finished.of(
            List.of(
                Path.of(System.getProperty("java.home"), "bin", "jar").toString(),
                "--describe-module",
                "--file=" + jar));
    assertThat(finished.status()).as(finished.toString()).isZero();
    return finished
        .output()
        .lines()
        .skip(1) // the first line ends with the jar's place on this machine
        .filter(line -> !line.isBlank())
        .sorted()
        .collect(Collectors.joining("\n", "", "\n"));
  }
}
