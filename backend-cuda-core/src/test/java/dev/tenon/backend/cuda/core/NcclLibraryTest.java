package dev.tenon.backend.cuda.core;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.tenon.api.ErrorCode;
import dev.tenon.api.TenonException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class NcclLibraryTest {
  @TempDir Path folder;

  private NcclLibrary library(Map<String, String> environment) {
    return NcclLibrary.in(
        environment,
        folder.resolve("image").toString(),
        folder.resolve("home"),
        List.of(folder.resolve("usr").toString()));
  }

  private Path place(String at) throws IOException {
    Path file = folder.resolve(at).resolve(NcclLibrary.NAME);
    Files.createDirectories(folder.resolve(at));
    return Files.createFile(file);
  }

  @Test
  void itIsFoundInEachPlaceTheFirstOfWhichCounts() throws IOException {
    Map<String, String> environment =
        Map.of(
            "LD_LIBRARY_PATH",
            ":" + folder.resolve("given"),
            "VIRTUAL_ENV",
            folder.resolve("environment").toString(),
            "PATH",
            folder.resolve("python/bin").toString());
    Files.createDirectories(folder.resolve("python/bin"));
    Files.createFile(folder.resolve("python/bin/python3"));
    List<String> places =
        List.of(
            "usr/python3/dist-packages/nvidia/nccl/lib",
            "home/.local/lib/python3.13/site-packages/nvidia/nccl/lib",
            "python/lib/python3.12/site-packages/nvidia/nccl/lib",
            "environment/lib/python3.11/site-packages/nvidia/nccl/lib",
            "usr",
            "image/lib/native",
            "given");
    for (String place : places) {
      Path file = place(place);
      assertThat(library(environment).find(null)).isEqualTo(file);
    }
  }

  @Test
  void theOneThatIsNamedIsTaken() throws IOException {
    place("usr");
    Path named = place("elsewhere");
    assertThat(library(Map.of()).find(named.toString())).isEqualTo(named.toAbsolutePath());
    assertThatThrownBy(() -> library(Map.of()).find("/nowhere/libnccl.so"))
        .hasMessage("option nccl is /nowhere/libnccl.so, and no file is there");
  }

  @Test
  void whereThereIsNoneTheMessageSaysWhereItWasLookedFor() {
    assertThatThrownBy(() -> library(Map.of("LD_LIBRARY_PATH", "/given")).find(null))
        .isInstanceOfSatisfying(
            TenonException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.DEVICE_UNAVAILABLE))
        .hasMessageContainingAll(
            NcclLibrary.NAME,
            "/given",
            folder.resolve("image/lib/native").toString(),
            folder.resolve("usr").toString(),
            "pip install nvidia-nccl-cu13");
  }

  @Test
  void foldersOfTheLinkerAreRead() throws IOException {
    Files.writeString(folder.resolve("a.conf"), "# comment\n/opt/nccl/lib\n\n");
    assertThat(NcclLibrary.linked(folder)).containsExactly("/opt/nccl/lib");
    assertThat(NcclLibrary.linked(folder.resolve("absent"))).isEmpty();
  }
}
