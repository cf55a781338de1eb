package dev.tenon.engine.runtime.opening;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.OptionalLong;

/** Memory of the machine, or of the container, that a new allocation could take. */
final class HostMemory {
  private HostMemory() {}

  /** Bytes available, or empty where the operating system does not say. */
  static OptionalLong available() {
    OptionalLong machine = machine(Path.of("/proc/meminfo"));
    OptionalLong container = container(Path.of("/sys/fs/cgroup"));
    if (machine.isPresent() && container.isPresent()) {
      return OptionalLong.of(Math.min(machine.getAsLong(), container.getAsLong()));
    }
    return machine.isPresent() ? machine : container;
  }

  static OptionalLong machine(Path meminfo) {
    try {
      for (String line : Files.readAllLines(meminfo)) {
        if (line.startsWith("MemAvailable:")) {
          String number = line.replaceAll("\\D", "");
          return OptionalLong.of(Long.parseLong(number) * 1024);
        }
      }
    } catch (IOException | NumberFormatException e) {
      return OptionalLong.empty();
    }
    return OptionalLong.empty();
  }

  static OptionalLong container(Path controlGroup) {
    try {
      String limit = Files.readString(controlGroup.resolve("memory.max")).strip();
      String used = Files.readString(controlGroup.resolve("memory.current")).strip();
      return OptionalLong.of(Math.max(0, Long.parseLong(limit) - Long.parseLong(used)));
    } catch (IOException | NumberFormatException e) {
      // no control group, or one whose limit is the word "max"
      return OptionalLong.empty();
    }
  }
}
