package dev.tenon.engine.tck.golden;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * An f32 array of the reference, row-major.
 *
 * @param shape extents, outermost first
 * @param values all elements
 */
@SuppressWarnings("ArrayRecordComponent") // handed over, never compared
public record GoldenArray(List<Integer> shape, float[] values) {
  /** Row {@code index} of the outermost extent. */
  public float[] row(int index) {
    int width = values.length / shape.getFirst();
    return Arrays.copyOfRange(values, index * width, (index + 1) * width);
  }

  static Map<String, GoldenArray> readAll(byte[] file) {
    ByteBuffer bytes = ByteBuffer.wrap(file).order(ByteOrder.LITTLE_ENDIAN);
    int headerLength = Math.toIntExact(bytes.getLong(0));
    Map<String, Object> header = Json.object(Arrays.copyOfRange(file, 8, 8 + headerLength));
    Map<String, GoldenArray> arrays = new LinkedHashMap<>();
    header.forEach((name, entry) -> {
      if (!name.equals("__metadata__")) {
        arrays.put(name, read((Map<?, ?>) entry, bytes, 8 + headerLength));
      }
    });
    return arrays;
  }

  private static GoldenArray read(Map<?, ?> entry, ByteBuffer bytes, int dataStart) {
    List<Integer> offsets = ints(Json.list(entry, "data_offsets"));
    float[] values = new float[(offsets.get(1) - offsets.get(0)) / Float.BYTES];
    bytes
        .slice(dataStart + offsets.get(0), values.length * Float.BYTES)
        .order(ByteOrder.LITTLE_ENDIAN)
        .asFloatBuffer()
        .get(values);
    return new GoldenArray(ints(Json.list(entry, "shape")), values);
  }

  private static List<Integer> ints(List<?> numbers) {
    return numbers.stream().map(number -> ((Number) number).intValue()).toList();
  }
}
