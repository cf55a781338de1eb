package dev.tenon.engine.runtime.weights;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.List;

/**
 * The header of a safetensors file: eight bytes with its length n (little-endian), n bytes of JSON,
 * then the tensors' bytes. Everything is checked against the file before it is believed.
 *
 * @param path the file
 * @param size its length in bytes
 * @param tensors what it holds, in order of their bytes
 */
record SafetensorsFile(Path path, long size, List<StoredTensor> tensors) {
  /** Longest header that is read, in bytes; as in the reference implementation. */
  static final long MAX_HEADER = 100_000_000;

  SafetensorsFile {
    tensors = List.copyOf(tensors);
  }

  /** Reads and checks a file's header; its data is not touched. */
  static SafetensorsFile read(Path path) {
    String file = String.valueOf(path.getFileName());
    try (FileChannel channel = FileChannel.open(path, StandardOpenOption.READ)) {
      long size = channel.size();
      if (size < 8) {
        throw Damage.of(file, "a safetensors header of at least 8 bytes", size + " bytes in all");
      }
      long length = bytes(channel, 0, 8, file).getLong();
      if (length < 0 || length > MAX_HEADER) {
        throw Damage.of(
            file,
            "a header of at most " + MAX_HEADER + " bytes",
            "a length of " + Long.toUnsignedString(length) + "; is it a safetensors file?");
      }
      if (length < 2 || length > size - 8) {
        throw Damage.of(
            file,
            "a header of 2 to " + (size - 8) + " bytes",
            "a length of " + length + "; the file is truncated or no safetensors file");
      }
      byte[] header = bytes(channel, 8, (int) length, file).array();
      return new SafetensorsFile(
          path, size, new SafetensorsHeader(file, 8 + length, size).parse(header));
    } catch (IOException e) {
      throw Damage.of(file, "cannot be read: " + e);
    }
  }

  private static ByteBuffer bytes(FileChannel channel, long at, int count, String file)
      throws IOException {
    ByteBuffer buffer = ByteBuffer.allocate(count).order(ByteOrder.LITTLE_ENDIAN);
    while (buffer.hasRemaining()) {
      if (channel.read(buffer, at + buffer.position()) < 0) {
        throw Damage.of(file, count + " bytes at " + at, "the end of the file");
      }
    }
    return buffer.flip();
  }
}
