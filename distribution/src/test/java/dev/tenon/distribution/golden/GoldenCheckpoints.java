package dev.tenon.distribution.golden;

import dev.tenon.engine.tck.golden.Golden;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Function;
import java.util.stream.Stream;

/** Checkpoints of the goldens, written once for all tests and deleted at the end. */
final class GoldenCheckpoints {
  private static final Map<String, Path> WRITTEN = new ConcurrentHashMap<>();
  private static final Path FOLDER = temporaryFolder();

  private GoldenCheckpoints() {}

  static Path of(Golden golden) {
    return of(golden.name(), folder -> golden.writeCheckpoint(folder, 2));
  }

  /** A checkpoint by its name, written if it is not there yet. */
  static Path of(String name, Function<Path, Path> writer) {
    return WRITTEN.computeIfAbsent(name, key -> writer.apply(FOLDER.resolve(key)));
  }

  private static Path temporaryFolder() {
    try {
      Path folder = Files.createTempDirectory("tenon-goldens");
      Runtime.getRuntime().addShutdownHook(new Thread(() -> delete(folder)));
      return folder;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static void delete(Path folder) {
    try (Stream<Path> paths = Files.walk(folder)) {
      for (Path path : paths.sorted(Comparator.reverseOrder()).toList()) {
        Files.delete(path);
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
