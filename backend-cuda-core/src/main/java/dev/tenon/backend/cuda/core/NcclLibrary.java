package dev.tenon.backend.cuda.core;

import dev.tenon.api.ErrorCode;
import dev.tenon.api.TenonException;
import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** Finds NCCL without loading it. */
final class NcclLibrary {
  static final String NAME = "libnccl.so.2";
  private static final List<String> FOLDERS =
      List.of(
          "/usr/lib/x86_64-linux-gnu",
          "/usr/lib/aarch64-linux-gnu",
          "/usr/lib64",
          "/usr/lib",
          "/usr/local/lib",
          "/usr/local/cuda/lib64");
  private static final String IN_WHEEL = "nvidia/nccl/lib";

  private final List<Path> folders;

  private NcclLibrary(List<Path> folders) {
    this.folders = folders;
  }

  /** Looks where this machine's linker, the image and Python's packages have libraries. */
  static NcclLibrary onThisMachine() {
    List<String> folders = new ArrayList<>(FOLDERS);
    folders.addAll(linked(Path.of("/etc/ld.so.conf.d")));
    return in(
        System.getenv(),
        System.getProperty("tenon.home"),
        Path.of(System.getProperty("user.home")),
        folders);
  }

  /** Folders that the dynamic linker is told of. */
  static List<String> linked(Path configuration) {
    List<String> folders = new ArrayList<>();
    try (DirectoryStream<Path> files = Files.newDirectoryStream(configuration, "*.conf")) {
      for (Path file : files) {
        Files.readAllLines(file).stream()
            .map(String::strip)
            .filter(line -> line.startsWith("/"))
            .forEach(folders::add);
      }
    } catch (IOException e) {
      // a machine without such a folder has no further ones
      return folders;
    }
    return folders;
  }

  /**
   * Looks in {@code LD_LIBRARY_PATH}, beside the image, in folders, and in packages of every Python
   * on the {@code PATH}, of the active virtual environment, of the home folder and below folders.
   */
  static NcclLibrary in(
      Map<String, String> environment, @Nullable String image, Path home, List<String> folders) {
    List<Path> places = new ArrayList<>();
    Stream.of(environment.getOrDefault("LD_LIBRARY_PATH", "").split(":", -1))
        .filter(folder -> !folder.isBlank())
        .forEach(folder -> places.add(Path.of(folder)));
    if (image != null) {
      places.add(Path.of(image, "lib", "native"));
    }
    folders.forEach(folder -> places.add(Path.of(folder)));
    String environmentOfPython = environment.get("VIRTUAL_ENV");
    if (environmentOfPython != null) {
      places.addAll(wheels(Path.of(environmentOfPython, "lib")));
    }
    for (String folder : environment.getOrDefault("PATH", "").split(":", -1)) {
      Path prefix = Path.of(folder).getParent();
      if (prefix != null && Files.exists(Path.of(folder, "python3"))) {
        places.addAll(wheels(prefix.resolve("lib")));
      }
    }
    places.addAll(wheels(home.resolve(".local/lib")));
    folders.forEach(folder -> places.addAll(wheels(Path.of(folder))));
    return new NcclLibrary(places.stream().distinct().toList());
  }

  /**
   * The library's path.
   *
   * @param chosen by the user, or {@code null}
   * @throws TenonException {@code DEVICE_UNAVAILABLE} with the places looked at
   */
  Path find(@Nullable String chosen) {
    if (chosen != null) {
      Path path = Path.of(chosen);
      if (Files.isRegularFile(path)) {
        return path.toAbsolutePath();
      }
      throw new TenonException(
          ErrorCode.DEVICE_UNAVAILABLE, "option nccl is " + chosen + ", and no file is there");
    }
    return folders.stream()
        .map(folder -> folder.resolve(NAME))
        .filter(Files::exists)
        .findFirst()
        .orElseThrow(() ->
            new TenonException(
                ErrorCode.DEVICE_UNAVAILABLE,
                "ranks on GPUs exchange their sums through NCCL, and "
                    + NAME
                    + " is in none of "
                    + folders
                    + ": install it (package libnccl2, or pip install nvidia-nccl-cu13), put it"
                    + " into the image's lib/native, or name it with the backend option nccl"));
  }

  private static List<Path> wheels(Path library) {
    List<Path> found = new ArrayList<>();
    try (DirectoryStream<Path> versions = Files.newDirectoryStream(library, "python3*")) {
      for (Path version : versions) {
        for (String packages : List.of("site-packages", "dist-packages")) {
          Path wheel = version.resolve(packages).resolve(IN_WHEEL);
          if (Files.isDirectory(wheel)) {
            found.add(wheel);
          }
        }
      }
    } catch (IOException e) {
      // a folder that cannot be listed holds no packages for this process
      return found;
    }
    return found;
  }
}
