package dev.tenon.engine.runtime.opening;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class HostMemoryTest {
  @TempDir Path folder;

  @Test
  void readsWhatLinuxSays() throws IOException {
    Path meminfo =
        Files.writeString(
            folder.resolve("meminfo"), "MemTotal:  9000 kB\nMemAvailable:    4000 kB\n");
    assertThat(HostMemory.machine(meminfo)).hasValue(4000 * 1024);
    assertThat(HostMemory.machine(folder.resolve("absent"))).isEmpty();
  }

  @Test
  void readsAContainersLimit() throws IOException {
    Files.writeString(folder.resolve("memory.max"), "5000\n");
    Files.writeString(folder.resolve("memory.current"), "2000\n");
    assertThat(HostMemory.container(folder)).hasValue(3000);
    Files.writeString(folder.resolve("memory.max"), "max\n");
    assertThat(HostMemory.container(folder)).isEmpty();
  }

  @Test
  void sizesAreShortAndReadable() {
    assertThat(Sizes.bytes(0)).isEqualTo("0 B");
    assertThat(Sizes.bytes(999)).isEqualTo("999 B");
    assertThat(Sizes.bytes(1_234_567)).isEqualTo("1.23 MB");
    assertThat(Sizes.bytes(162_650_000_000L)).isEqualTo("163 GB");
    assertThat(Sizes.parameters(19_100_000)).isEqualTo("19.1 M");
    assertThat(Sizes.count(1_000_000)).isEqualTo("1,000,000");
  }
}
