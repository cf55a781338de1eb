package dev.tenon.backend.cuda.core;

import dev.tenon.api.ErrorCode;
import dev.tenon.api.TenonException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.function.Supplier;

/**
 * A folder through which a group's processes find each other. Rank 0 names the group once all
 * others are ready to join, so that a rank that cannot be opened leaves nobody waiting in NCCL.
 */
final class Rendezvous {
  private static final String NAME = "group";
  private static final long POLL_MILLIS = 5;

  private final Path folder;
  private final int ranks;
  private final int rank;

  Rendezvous(Path folder, int ranks, int rank) {
    this.folder = folder;
    this.ranks = ranks;
    this.rank = rank;
  }

  /**
   * The group's name, once all ranks have come here.
   *
   * @param name makes it, on rank 0
   * @throws TenonException {@code CANCELLED} when interrupted
   */
  byte[] meet(Supplier<byte[]> name) {
    try {
      if (rank > 0) {
        Files.createFile(ready(rank));
        await(folder.resolve(NAME));
        return Files.readAllBytes(folder.resolve(NAME));
      }
      for (int other = 1; other < ranks; other++) {
        await(ready(other));
      }
      byte[] made = name.get();
      Path part = Files.write(folder.resolve(NAME + ".part"), made);
      Files.move(part, folder.resolve(NAME), StandardCopyOption.ATOMIC_MOVE);
      return made;
    } catch (IOException e) {
      throw new UncheckedIOException("the ranks' folder " + folder + " cannot be used", e);
    }
  }

  private Path ready(int of) {
    return folder.resolve("ready-" + of);
  }

  private static void await(Path file) {
    while (!Files.exists(file)) {
      try {
        Thread.sleep(POLL_MILLIS);
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        throw new TenonException(
            ErrorCode.CANCELLED, "interrupted while other ranks were waited for", e);
      }
    }
  }
}
