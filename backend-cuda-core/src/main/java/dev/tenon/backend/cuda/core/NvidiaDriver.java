package dev.tenon.backend.cuda.core;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** Finds the NVIDIA driver's library without loading it. */
public final class NvidiaDriver {
  private static final String LIBRARY = "libcuda.so.1";
  private static final List<String> FOLDERS =
      List.of(
          "/usr/lib/x86_64-linux-gnu",
          "/usr/lib/aarch64-linux-gnu",
          "/usr/lib64",
          "/usr/lib",
          "/usr/lib/wsl/lib",
          "/usr/local/nvidia/lib64",
          "/usr/local/nvidia/lib",
          "/run/opengl-driver/lib");

  private final List<Path> places;

  private NvidiaDriver(List<Path> places) {
    this.places = places;
  }

  /** Looks where the dynamic linker does and where drivers are usually installed. */
  public static NvidiaDriver onThisMachine() {
    return in(System.getenv(), FOLDERS);
  }

  /** Looks in {@code LD_LIBRARY_PATH} of an environment, then in folders. */
  static NvidiaDriver in(Map<String, String> environment, List<String> folders) {
    List<Path> places = new ArrayList<>();
    for (String folder : environment.getOrDefault("LD_LIBRARY_PATH", "").split(":", -1)) {
      if (!folder.isBlank()) {
        places.add(Path.of(folder));
      }
    }
    folders.forEach(folder -> places.add(Path.of(folder)));
    return new NvidiaDriver(List.copyOf(places));
  }

  /** The driver's library, or empty if there is none in the places looked at. */
  public Optional<Path> library() {
    return places.stream().map(place -> place.resolve(LIBRARY)).filter(Files::exists).findFirst();
  }

  /** Why there is no driver, for people: what was looked for, and where. */
  public String absence() {
    return "no NVIDIA driver: " + LIBRARY + " is in none of " + places;
  }
}
