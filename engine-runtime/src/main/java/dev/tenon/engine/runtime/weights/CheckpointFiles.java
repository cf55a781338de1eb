package dev.tenon.engine.runtime.weights;

import dev.tenon.spi.model.Checkpoint;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** The headers of a checkpoint's safetensors files, read and checked; no data is touched yet. */
public final class CheckpointFiles {
  private final List<SafetensorsFile> files;
  private final Map<String, Checkpoint.Entry> entries;

  private CheckpointFiles(List<SafetensorsFile> files, Map<String, Checkpoint.Entry> entries) {
    this.files = files;
    this.entries = entries;
  }

  /**
   * Reads the headers of a folder's files.
   *
   * @throws dev.tenon.api.TenonException {@code INVALID_CHECKPOINT} naming file, tensor, what was
   *     expected and what was found
   */
  public static CheckpointFiles read(Path folder) {
    ShardIndex index = ShardIndex.of(folder);
    List<SafetensorsFile> files =
        index.files().parallelStream().map(SafetensorsFile::read).toList();
    Map<String, Checkpoint.Entry> entries = new LinkedHashMap<>();
    for (SafetensorsFile file : files) {
      String name = String.valueOf(file.path().getFileName());
      for (StoredTensor tensor : file.tensors()) {
        Checkpoint.Entry entry = new Checkpoint.Entry(tensor.type(), tensor.shape(), name);
        Checkpoint.Entry other = entries.putIfAbsent(tensor.name(), entry);
        if (other != null) {
          throw Damage.of(name, tensor.name(), "to be in one file", "it also in " + other.file());
        }
      }
    }
    checkIndex(index, entries);
    return new CheckpointFiles(files, entries);
  }

  private static void checkIndex(ShardIndex index, Map<String, Checkpoint.Entry> entries) {
    Map<String, String> owner = index.owner();
    if (owner == null) {
      return;
    }
    owner.forEach((tensor, file) -> {
      Checkpoint.Entry entry = entries.get(tensor);
      if (entry == null || !entry.file().equals(file)) {
        throw Damage.of(
            ShardIndex.INDEX,
            tensor,
            "to be in " + file,
            entry == null ? "it in none of the files" : "it in " + entry.file());
      }
    });
    entries.forEach((tensor, entry) -> {
      if (!owner.containsKey(tensor)) {
        throw Damage.of(entry.file(), tensor, "to be named by " + ShardIndex.INDEX, "it not");
      }
    });
  }

  /** The tensors by name. */
  public Map<String, Checkpoint.Entry> entries() {
    return Map.copyOf(entries);
  }

  /** Bytes of all files. */
  public long bytes() {
    return files.stream().mapToLong(SafetensorsFile::size).sum();
  }

  /** Maps the files into memory, to be used in place. */
  public TensorStore map() {
    return MappedTensors.map(files);
  }
}
