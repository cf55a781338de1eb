package dev.tenon.distribution.golden;

import dev.tenon.engine.tck.golden.Golden;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Objects;
import java.util.function.UnaryOperator;
import tools.jackson.databind.ObjectMapper;
import tools.jackson.databind.node.ObjectNode;

/** Writes {@code tiny}'s checkpoint with other tensors. */
final class ChangedCheckpoint {
  private static final ObjectMapper JSON = new ObjectMapper();

  private ChangedCheckpoint() {}

  /**
   * A bf16 tensor.
   *
   * @param shape extents
   * @param bytes its elements
   */
  record Tensor(int[] shape, ByteBuffer bytes) {
    /** From values that bf16 holds exactly. */
    static Tensor of(int[] shape, float[] values) {
      ByteBuffer bytes = ByteBuffer.allocate(2 * values.length).order(ByteOrder.LITTLE_ENDIAN);
      for (float value : values) {
        bytes.putShort((short) (Float.floatToRawIntBits(value) >>> 16));
      }
      return new Tensor(shape, bytes.flip());
    }

    /** Multiplied by a power of two. */
    Tensor scaled(int exponent) {
      float[] values = new float[bytes.remaining() / 2];
      ByteBuffer from = bytes.duplicate().order(ByteOrder.LITTLE_ENDIAN);
      for (int i = 0; i < values.length; i++) {
        values[i] = Math.scalb(Float.intBitsToFloat(from.getShort() << 16), exponent);
      }
      return of(shape, values);
    }
  }

  /** Tiny's checkpoint with all experts of a layer in two tensors, as newer tools keep them. */
  static Path fusedExperts() {
    return GoldenCheckpoints.of("tiny-fused", folder -> write(folder, ChangedCheckpoint::fused));
  }

  /**
   * Tiny's checkpoint with weaker blocks and a stronger projection to logits, so that the last
   * token's embedding decides most, and a drafting head that passes on the following token's
   * embedding: many drafts are right, many are not.
   */
  static Path agreeable() {
    return GoldenCheckpoints.of(
        "tiny-agreeable",
        folder ->
            write(
                folder,
                tensors -> {
                  int hidden = 64;
                  float[] join = new float[hidden * 2 * hidden];
                  for (int i = 0; i < hidden; i++) {
                    join[i * 2 * hidden + i] = 2;
                  }
                  tensors.replaceAll((name, tensor) ->
                      name.endsWith(".o_proj.weight")
                              || name.endsWith(".out_proj.weight")
                              || name.endsWith(".down_proj.weight")
                          ? tensor.scaled(-2)
                          : name.equals("lm_head.weight") ? tensor.scaled(2) : tensor);
                  tensors.put("mtp.fc.weight", Tensor.of(new int[] {hidden, 2 * hidden}, join));
                  return tensors;
                }));
  }

  private static Map<String, Tensor> fused(Map<String, Tensor> tensors) {
    Map<String, Tensor> fused = new LinkedHashMap<>();
    tensors.forEach((name, tensor) -> {
      if (!name.contains(".mlp.experts.")) {
        fused.put(name, tensor);
      } else if (name.endsWith(".experts.0.gate_proj.weight")) {
        String prefix = name.substring(0, name.indexOf("0.gate_proj"));
        fused.put(prefix + "gate_up_proj", joined(tensors, prefix, "gate_proj", "up_proj"));
        fused.put(prefix + "down_proj", joined(tensors, prefix, "down_proj"));
      }
    });
    return fused;
  }

  private static Tensor joined(Map<String, Tensor> tensors, String prefix, String... parts) {
    ByteBuffer bytes = ByteBuffer.allocate(1 << 20);
    int[] shape = {0, 0, 0};
    for (; tensors.containsKey(prefix + shape[0] + "." + parts[0] + ".weight"); shape[0]++) {
      for (String part : parts) {
        Tensor tensor =
            Objects.requireNonNull(tensors.get(prefix + shape[0] + "." + part + ".weight"));
        shape[1] = tensor.shape()[0] * parts.length;
        shape[2] = tensor.shape()[1];
        bytes.put(tensor.bytes().duplicate());
      }
    }
    return new Tensor(shape, bytes.flip());
  }

  private static Path write(Path folder, UnaryOperator<Map<String, Tensor>> change) {
    try {
      Golden.load("tiny").writeCheckpoint(folder, 1);
      Path file = folder.resolve("model.safetensors");
      Files.write(file, safetensors(change.apply(read(file))));
      return folder;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static Map<String, Tensor> read(Path file) throws IOException {
    ByteBuffer bytes = ByteBuffer.wrap(Files.readAllBytes(file)).order(ByteOrder.LITTLE_ENDIAN);
    int header = Math.toIntExact(bytes.getLong(0));
    Map<String, Tensor> tensors = new LinkedHashMap<>();
    JSON.readTree(bytes.array(), 8, header)
        .properties()
        .forEach(entry -> {
          if (!entry.getKey().equals("__metadata__")) {
            int[] shape = JSON.convertValue(entry.getValue().get("shape"), int[].class);
            int[] at = JSON.convertValue(entry.getValue().get("data_offsets"), int[].class);
            tensors.put(
                entry.getKey(), new Tensor(shape, bytes.slice(8 + header + at[0], at[1] - at[0])));
          }
        });
    return tensors;
  }

  private static byte[] safetensors(Map<String, Tensor> tensors) {
    ObjectNode header = JSON.createObjectNode();
    int at = 0;
    for (Map.Entry<String, Tensor> entry : tensors.entrySet()) {
      int size = entry.getValue().bytes().remaining();
      ObjectNode tensor = header.putObject(entry.getKey());
      tensor.put("dtype", "BF16");
      tensor.set("shape", JSON.valueToTree(entry.getValue().shape()));
      tensor.set("data_offsets", JSON.valueToTree(new int[] {at, at + size}));
      at += size;
    }
    byte[] json = header.toString().getBytes(StandardCharsets.UTF_8);
    ByteBuffer file =
        ByteBuffer.allocate(8 + json.length + at)
            .order(ByteOrder.LITTLE_ENDIAN)
            .putLong(json.length)
            .put(json);
    tensors.values().forEach(tensor -> file.put(tensor.bytes().duplicate()));
    return file.array();
  }
}
