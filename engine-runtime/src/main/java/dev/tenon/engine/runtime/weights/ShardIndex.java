package dev.tenon.engine.runtime.weights;

import dev.tenon.json.values.CheckpointJson;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeSet;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * The safetensors files of a checkpoint's folder.
 *
 * @param files in order of their names
 * @param owner the file that holds each tensor, or {@code null} where a single file holds all
 */
record ShardIndex(List<Path> files, @Nullable Map<String, String> owner) {
  static final String INDEX = "model.safetensors.index.json";
  static final String SINGLE = "model.safetensors";

  ShardIndex {
    files = List.copyOf(files);
  }

  static ShardIndex of(Path folder) {
    if (Files.isRegularFile(folder.resolve(INDEX))) {
      return indexed(folder);
    }
    if (Files.isRegularFile(folder.resolve(SINGLE))) {
      return new ShardIndex(List.of(folder.resolve(SINGLE)), null);
    }
    List<String> names = names(folder);
    List<String> weights = names.stream().filter(n -> n.endsWith(".safetensors")).toList();
    if (weights.size() == 1) {
      return new ShardIndex(List.of(folder.resolve(weights.getFirst())), null);
    }
    if (weights.size() > 1) {
      throw Damage.of(
          folder.toString(), INDEX + " beside " + weights.size() + " .safetensors files", "none");
    }
    List<String> pickles = names.stream().filter(ShardIndex::mayExecuteCode).toList();
    throw Damage.of(
        folder.toString(),
        SINGLE + " or " + INDEX,
        pickles.isEmpty()
            ? "neither; to try shapes without weights use --load-format dummy"
            : "only "
                + pickles.getFirst()
                + ": pickled weights can run code when they are loaded and are never read;"
                + " convert them to safetensors");
  }

  private static boolean mayExecuteCode(String name) {
    String lower = name.toLowerCase(Locale.ROOT);
    return Stream.of(".bin", ".pt", ".pth", ".ckpt", ".pkl").anyMatch(lower::endsWith);
  }

  private static ShardIndex indexed(Path folder) {
    if (!(CheckpointJson.readObject(folder.resolve(INDEX)).get("weight_map")
            instanceof Map<?, ?> map)
        || map.isEmpty()) {
      throw Damage.of(INDEX, "a weight_map from tensor names to file names", "none");
    }
    Map<String, String> owner = new LinkedHashMap<>();
    map.forEach((tensor, file) -> {
      if (!(file instanceof String name)) {
        throw Damage.of(INDEX, String.valueOf(tensor), "a file name", String.valueOf(file));
      }
      owner.put(String.valueOf(tensor), checked(name, String.valueOf(tensor)));
    });
    List<Path> files =
        new TreeSet<>(owner.values()).stream().map(name -> existing(folder, name)).toList();
    return new ShardIndex(files, owner);
  }

  private static String checked(String name, String tensor) {
    boolean plain = name.chars().noneMatch(c -> c == '/' || c == '\\' || c == ':' || c < ' ');
    if (!plain || !name.endsWith(".safetensors")) {
      throw Damage.of(
          INDEX,
          tensor,
          "the name of a .safetensors file in the checkpoint's own folder",
          "'" + Damage.shown(name) + "'");
    }
    return name;
  }

  private static Path existing(Path folder, String name) {
    Path file = folder.resolve(name);
    if (!Files.isRegularFile(file)) {
      throw Damage.of(INDEX, "the file " + name + " that it names", "no such file in " + folder);
    }
    return file;
  }

  private static List<String> names(Path folder) {
    try (Stream<Path> entries = Files.list(folder)) {
      return entries.map(p -> String.valueOf(p.getFileName())).sorted().toList();
    } catch (IOException e) {
      throw Damage.of(folder.toString(), "cannot be listed: " + e);
    }
  }
}
