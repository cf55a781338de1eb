package dev.tenon.backend.cuda.core;

import dev.tenon.api.ErrorCode;
import dev.tenon.api.TenonException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.Locale;
import java.util.Optional;

/**
 * The native parts of a backend: the driver of the machine, the JNI library and the kernels. The
 * latter two travel in jars and are unpacked once into a folder named by their content.
 */
interface NativeParts {
  /** The driver's library, if there is one. */
  Optional<Path> driver();

  /** Why there is no driver. */
  String driverAbsence();

  /** The JNI library, or empty if this build has none. */
  Optional<Path> library();

  /** The kernels, or empty if this build has none. */
  Optional<Path> kernels();

  /** The parts that are installed with a provider's jar. */
  static NativeParts installed(NvidiaDriver driver, Class<?> provider, String target) {
    return new NativeParts() {
      @Override
      public Optional<Path> driver() {
        return driver.library();
      }

      @Override
      public String driverAbsence() {
        return driver.absence();
      }

      @Override
      public Optional<Path> library() {
        return unpacked(NativeParts.class, "libtenon_cuda.so");
      }

      @Override
      public Optional<Path> kernels() {
        return unpacked(provider, "libtenon_kernels_" + target + ".so");
      }
    };
  }

  private static Optional<Path> unpacked(Class<?> owner, String name) {
    String resource = "/native/" + platform() + "/" + name;
    try (InputStream packed = owner.getResourceAsStream(resource)) {
      if (packed == null) {
        return Optional.empty();
      }
      byte[] content = packed.readAllBytes();
      Path folder = cache().resolve(digest(content));
      Path file = folder.resolve(name);
      if (!Files.exists(file)) {
        Files.createDirectories(folder);
        Path part = Files.createTempFile(folder, name, ".part");
        Files.write(part, content);
        Files.move(part, file, StandardCopyOption.ATOMIC_MOVE);
      }
      return Optional.of(file);
    } catch (IOException e) {
      throw new TenonException(
          ErrorCode.DEVICE_UNAVAILABLE,
          "native library " + name + " could not be unpacked into " + cache() + ": " + e,
          e);
    }
  }

  private static Path cache() {
    return Path.of(System.getProperty("user.home"), ".cache", "tenon", "native");
  }

  /** Operating system and processor as folder names have them, e.g. {@code linux-x86_64}. */
  private static String platform() {
    String processor = System.getProperty("os.arch");
    return System.getProperty("os.name").toLowerCase(Locale.ROOT).replace(' ', '-')
        + "-"
        + (processor.equals("amd64") ? "x86_64" : processor);
  }

  private static String digest(byte[] content) {
    try {
      byte[] hash = MessageDigest.getInstance("SHA-256").digest(content);
      return HexFormat.of().formatHex(hash, 0, 8);
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every Java run-time has SHA-256", e);
    }
  }
}
