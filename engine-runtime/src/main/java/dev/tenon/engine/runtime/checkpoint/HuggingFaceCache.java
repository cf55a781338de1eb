package dev.tenon.engine.runtime.checkpoint;

import dev.tenon.api.ErrorCode;
import dev.tenon.api.TenonException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.regex.Pattern;

/**
 * The local cache of the Hugging Face hub: {@code models--org--name/refs/main} names the revision
 * whose files, usually links to blobs, are in {@code snapshots/<revision>}.
 *
 * @param root folder that holds the {@code models--…} folders
 */
record HuggingFaceCache(Path root) {
  private static final Pattern HUB_ID = Pattern.compile("[\\w.-]{1,96}/[\\w.-]{1,96}");
  private static final Pattern REVISION = Pattern.compile("[0-9a-zA-Z._-]{1,64}");

  /** The cache that the environment points to, as the hub's own library finds it. */
  static HuggingFaceCache of(Map<String, String> environment, Path home) {
    String cache = environment.getOrDefault("HF_HUB_CACHE", "");
    if (!cache.isEmpty()) {
      return new HuggingFaceCache(Path.of(cache));
    }
    String hub = environment.getOrDefault("HF_HOME", "");
    if (!hub.isEmpty()) {
      return new HuggingFaceCache(Path.of(hub, "hub"));
    }
    String user = environment.getOrDefault("XDG_CACHE_HOME", "");
    Path caches = user.isEmpty() ? home.resolve(".cache") : Path.of(user);
    return new HuggingFaceCache(caches.resolve("huggingface").resolve("hub"));
  }

  /** Whether a text has the form of a hub id. */
  static boolean isHubId(String text) {
    return HUB_ID.matcher(text).matches() && !text.contains("..");
  }

  /**
   * The folder of a model's current revision.
   *
   * @throws TenonException {@code MODEL_NOT_FOUND} saying where it was looked for
   */
  Path snapshot(String hubId) {
    Path model = root.resolve("models--" + hubId.replace("/", "--"));
    Path reference = model.resolve("refs").resolve("main");
    if (!Files.isRegularFile(reference)) {
      throw notFound(hubId, "the Hugging Face cache has no " + reference);
    }
    String revision;
    try {
      revision = Files.readString(reference).strip();
    } catch (IOException e) {
      throw notFound(hubId, reference + " cannot be read: " + e);
    }
    if (!REVISION.matcher(revision).matches() || revision.contains("..")) {
      throw notFound(hubId, reference + " does not hold the name of a revision");
    }
    Path snapshot = model.resolve("snapshots").resolve(revision);
    if (!Files.isDirectory(snapshot)) {
      throw notFound(hubId, "the Hugging Face cache has no " + snapshot);
    }
    return snapshot;
  }

  private static TenonException notFound(String hubId, String why) {
    return TenonException.of(
        ErrorCode.MODEL_NOT_FOUND,
        "model",
        hubId
            + " is not on this machine: "
            + why
            + ". This engine does not download models; fetch it with 'hf download "
            + hubId
            + "', or give the folder of a checkpoint");
  }
}
