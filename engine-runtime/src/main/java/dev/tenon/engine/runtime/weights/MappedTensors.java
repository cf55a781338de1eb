package dev.tenon.engine.runtime.weights;

import dev.tenon.spi.backend.HostTensor;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.channels.FileChannel;
import java.nio.file.StandardOpenOption;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** The tensors of mapped files. */
final class MappedTensors implements TensorStore {
  private final Arena arena;
  private final Map<String, HostTensor> tensors;

  private MappedTensors(Arena arena, Map<String, HostTensor> tensors) {
    this.arena = arena;
    this.tensors = tensors;
  }

  @SuppressWarnings("MustBeClosedChecker") // the store owns the arena and closes it
  static MappedTensors map(List<SafetensorsFile> files) {
    Arena arena = Arena.ofShared();
    try {
      Map<String, HostTensor> tensors = new HashMap<>();
      for (SafetensorsFile file : files) {
        MemorySegment data = map(file, arena);
        for (StoredTensor t : file.tensors()) {
          tensors.put(
              t.name(),
              new HostTensor(
                  t.name(), t.type(), t.shape(), data.asSlice(t.begin(), t.end() - t.begin())));
        }
      }
      return new MappedTensors(arena, tensors);
    } catch (RuntimeException | Error e) {
      arena.close();
      throw e;
    }
  }

  private static MemorySegment map(SafetensorsFile file, Arena arena) {
    String name = String.valueOf(file.path().getFileName());
    try (FileChannel channel = FileChannel.open(file.path(), StandardOpenOption.READ)) {
      if (channel.size() != file.size()) {
        throw Damage.of(
            name, file.size() + " bytes as when it was checked", channel.size() + " bytes");
      }
      return channel.map(FileChannel.MapMode.READ_ONLY, 0, file.size(), arena);
    } catch (IOException e) {
      throw Damage.of(name, "cannot be mapped: " + e);
    }
  }

  @Override
  public @Nullable HostTensor find(String name) {
    return tensors.get(name);
  }

  @Override
  public MemorySegment allocate(long bytes) {
    return arena.allocate(bytes, 64);
  }

  @Override
  public void close() {
    if (arena.scope().isAlive()) {
      arena.close();
    }
  }
}
