package dev.tenon.engine.runtime.weights;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;

/** Writes safetensors files, right and wrong ones. */
final class SafetensorsFiles {
  private SafetensorsFiles() {}

  /** An entry of a header. */
  static String entry(String name, String type, String shape, long begin, long end) {
    return String.format(
        Locale.ROOT,
        "\"%s\": {\"dtype\": \"%s\", \"shape\": %s, \"data_offsets\": [%d, %d]}",
        name,
        type,
        shape,
        begin,
        end);
  }

  /** A file with these header entries, and data that counts up from 0. */
  static Path write(Path file, int dataBytes, String... entries) throws IOException {
    byte[] data = new byte[dataBytes];
    for (int i = 0; i < dataBytes; i++) {
      data[i] = (byte) i;
    }
    return writeRaw(file, "{" + String.join(", ", entries) + "}", data);
  }

  /** A file with this header text. */
  static Path writeRaw(Path file, String header, byte[] data) throws IOException {
    byte[] json = header.getBytes(StandardCharsets.UTF_8);
    ByteBuffer buffer =
        ByteBuffer.allocate(8 + json.length + data.length).order(ByteOrder.LITTLE_ENDIAN);
    return Files.write(file, buffer.putLong(json.length).put(json).put(data).array());
  }
}
