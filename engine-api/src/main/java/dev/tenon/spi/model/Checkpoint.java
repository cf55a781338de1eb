package dev.tenon.spi.model;

import dev.tenon.spi.backend.ElementType;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;

/**
 * A checkpoint whose headers were read, and nothing more. JSON objects are {@code Map<String,
 * Object>} with values as in {@link dev.tenon.api.ChatPrompt}.
 *
 * @param name folder name or hub id
 * @param folder where its files are
 * @param config {@code config.json}, overrides applied
 * @param generationConfig {@code generation_config.json}, empty if there is none
 * @param tensors the tensors that its files hold, by name; empty for dummy weights
 * @param source where weights will come from
 */
public record Checkpoint(
    String name,
    Path folder,
    Map<String, Object> config,
    Map<String, Object> generationConfig,
    Map<String, Entry> tensors,
    Source source) {

  /** Where weights will come from. */
  public enum Source {
    /** The tensors listed. */
    FILES,
    /** They are made up in the shapes that the config implies. */
    DUMMY
  }

  /**
   * A tensor's header.
   *
   * @param type element type
   * @param shape extents, outermost first
   * @param file that holds it
   */
  public record Entry(ElementType type, List<Long> shape, String file) {
    /** Copies the shape. */
    public Entry {
      shape = List.copyOf(shape);
    }
  }
}
