package dev.tenon.backend.cuda.core.tuning;

import dev.tenon.api.ErrorCode;
import dev.tenon.api.TenonException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Finds the tuned files of one card: in folders, then among those that travel with the backend.
 * Each is looked for once. One thread.
 */
public final class TunedMoeSearch {
  /** Variables that name a folder, the first one first. */
  static final List<String> VARIABLES =
      List.of("TENON_TUNED_CONFIG_FOLDER", "VLLM_TUNED_CONFIG_FOLDER");

  /** Folder in a backend's jar; a name that no Java package has, so that modules do not hide it. */
  static final String PACKAGED = "/tuned-moe/";

  private final String card;
  private final List<Path> folders;
  private final Class<?> backend;
  private final Logger log;
  private final Map<MoeShape, TunedMoe> known = new HashMap<>();

  private TunedMoeSearch(String card, List<Path> folders, Class<?> backend, Logger log) {
    this.card = card;
    this.folders = folders;
    this.backend = backend;
    this.log = log;
  }

  /**
   * Looks in the folders that an environment names.
   *
   * @param card its name as the driver gives it
   * @param backend a class of the jar with the packaged files
   */
  public static TunedMoeSearch in(Map<String, String> environment, String card, Class<?> backend) {
    return in(environment, card, backend, LoggerFactory.getLogger(TunedMoeSearch.class));
  }

  static TunedMoeSearch in(
      Map<String, String> environment, String card, Class<?> backend, Logger log) {
    List<Path> folders = new ArrayList<>();
    for (String variable : VARIABLES) {
      String folder = environment.getOrDefault(variable, "");
      if (!folder.isBlank()) {
        folders.add(Path.of(folder));
      }
    }
    return new TunedMoeSearch(card, folders, backend, log);
  }

  /**
   * What applies to a shape; nothing, with a warning, where there is no file.
   *
   * @throws TenonException {@code INVALID_CONFIGURATION} for a file that cannot be used
   */
  public TunedMoe of(MoeShape shape) {
    return known.computeIfAbsent(shape, this::find);
  }

  /** The name of a shape's file. */
  public String fileName(MoeShape shape) {
    return shape.fileName(card);
  }

  private TunedMoe find(MoeShape shape) {
    String name = fileName(shape);
    List<String> places = new ArrayList<>();
    for (Path folder : folders) {
      Path file = folder.resolve(name);
      if (Files.exists(file)) {
        return used(TunedMoeFile.read(bytes(file), file.toString()), file.toString());
      }
      places.add(file.toString());
    }
    String packaged = backend.getPackageName() + PACKAGED + name;
    try (InputStream file = backend.getResourceAsStream(PACKAGED + name)) {
      if (file != null) {
        return used(TunedMoeFile.read(file.readAllBytes(), packaged), packaged);
      }
    } catch (IOException e) {
      throw unreadable(packaged, e);
    }
    places.add(packaged);
    log.warn(
        "Using default MoE config. Performance might be sub-optimal! Config file not found at {};"
            + " `tenon tune moe MODEL` makes one",
        places);
    return TunedMoe.NONE;
  }

  private TunedMoe used(TunedMoe tuned, String place) {
    log.info("Using configuration from {} for MoE layer.", place);
    return tuned;
  }

  private static byte[] bytes(Path file) {
    try {
      return Files.readAllBytes(file);
    } catch (IOException e) {
      throw unreadable(file.toString(), e);
    }
  }

  private static TenonException unreadable(String place, IOException e) {
    return new TenonException(
        ErrorCode.INVALID_CONFIGURATION, "tuned MoE file " + place + " cannot be read: " + e, e);
  }
}
