package dev.tenon.engine.runtime.weights;

import dev.tenon.spi.backend.ElementType;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JacksonException;
import tools.jackson.core.JsonParser;
import tools.jackson.core.JsonToken;
import tools.jackson.core.ObjectReadContext;
import tools.jackson.core.json.JsonFactory;

/** Parses and checks the JSON header of one safetensors file. */
final class SafetensorsHeader {
  private static final Map<String, ElementType> TYPES =
      Map.of(
          "F32", ElementType.F32,
          "BF16", ElementType.BF16,
          "F16", ElementType.F16,
          "F8_E4M3", ElementType.F8_E4M3);
  private static final int MAX_EXTENTS = 8;
  private static final int MAX_TENSORS = 500_000;

  private final String file;
  private final long dataStart;
  private final long fileSize;

  SafetensorsHeader(String file, long dataStart, long fileSize) {
    this.file = file;
    this.dataStart = dataStart;
    this.fileSize = fileSize;
  }

  List<StoredTensor> parse(byte[] header) {
    if (header[0] != '{') {
      throw Damage.of(file, "a header that begins with '{'", "byte " + (header[0] & 0xff));
    }
    List<StoredTensor> tensors = new ArrayList<>();
    Set<String> names = new HashSet<>();
    try (JsonParser parser =
        new JsonFactory().createParser(ObjectReadContext.empty(), header, 0, header.length)) {
      parser.nextToken();
      while (parser.nextToken() == JsonToken.PROPERTY_NAME) {
        String name = parser.currentName();
        if (!names.add(name)) {
          throw Damage.of(file, name, "one entry", "a second one in the header");
        }
        parser.nextToken();
        if (name.equals("__metadata__")) {
          parser.skipChildren();
        } else if (tensors.size() == MAX_TENSORS) {
          throw Damage.of(file, "at most " + MAX_TENSORS + " tensors", "more of them");
        } else {
          tensors.add(tensor(name, parser));
        }
      }
      if (parser.nextToken() != null) {
        throw Damage.of(file, "nothing after the header's object", "more JSON");
      }
    } catch (JacksonException e) {
      throw Damage.of(file, "the header is not valid JSON: " + e.getOriginalMessage());
    }
    tensors.sort(
        Comparator.comparingLong(StoredTensor::begin).thenComparingLong(StoredTensor::end));
    checkCover(tensors);
    return tensors;
  }

  private StoredTensor tensor(String name, JsonParser parser) {
    if (parser.currentToken() != JsonToken.START_OBJECT) {
      throw Damage.of(file, name, "an object", "" + parser.currentToken());
    }
    String type = null;
    List<Long> shape = null;
    List<Long> offsets = null;
    while (parser.nextToken() == JsonToken.PROPERTY_NAME) {
      String key = parser.currentName();
      JsonToken value = parser.nextToken();
      if (key.equals("dtype") && type == null && value == JsonToken.VALUE_STRING) {
        type = parser.getString();
      } else if (key.equals("shape") && shape == null) {
        shape = numbers(name, key, parser, MAX_EXTENTS);
      } else if (key.equals("data_offsets") && offsets == null) {
        offsets = numbers(name, key, parser, 2);
      } else {
        throw Damage.of(
            file,
            name,
            "dtype, shape and data_offsets, once each",
            Damage.shown(key) + " " + value);
      }
    }
    if (type == null || shape == null || offsets == null || offsets.size() != 2) {
      throw Damage.of(
          file, name, "dtype, shape and two data_offsets", "an entry without some of them");
    }
    return checked(name, type, shape, offsets.get(0), offsets.get(1));
  }

  private List<Long> numbers(String name, String key, JsonParser parser, int most) {
    if (parser.currentToken() != JsonToken.START_ARRAY) {
      throw Damage.of(file, name, "an array as " + key, "" + parser.currentToken());
    }
    List<Long> numbers = new ArrayList<>();
    for (JsonToken token = parser.nextToken();
        token != JsonToken.END_ARRAY;
        token = parser.nextToken()) {
      if (token != JsonToken.VALUE_NUMBER_INT || numbers.size() == most) {
        throw Damage.of(
            file, name, "at most " + most + " integers as " + key, found(token, parser));
      }
      // beyond 64 bits Jackson reports an overflow, caught with the malformed JSON
      long number = parser.getLongValue();
      if (number < 0) {
        throw Damage.of(file, name, key + " of 0 or more", String.valueOf(number));
      }
      numbers.add(number);
    }
    return numbers;
  }

  private static String found(@Nullable JsonToken token, JsonParser parser) {
    return token != null && token.isScalarValue()
        ? Damage.shown(parser.getString())
        : String.valueOf(token);
  }

  private StoredTensor checked(
      String name, String typeName, List<Long> shape, long begin, long end) {
    ElementType type = TYPES.get(typeName);
    if (type == null) {
      throw Damage.of(
          file, name, "dtype F32, BF16, F16 or F8_E4M3", "'" + Damage.shown(typeName) + "'");
    }
    if (begin > end || end > fileSize - dataStart) {
      throw Damage.of(
          file,
          name,
          "data_offsets within the file's " + (fileSize - dataStart) + " bytes of data",
          "[" + begin + ", " + end + "]; the file is truncated or damaged");
    }
    long bytes;
    try {
      bytes = shape.stream().reduce((long) type.bytes(), Math::multiplyExact);
    } catch (ArithmeticException e) {
      throw Damage.of(file, name, "a size below 2^63 bytes", "shape " + shape);
    }
    if (bytes != end - begin) {
      throw Damage.of(
          file,
          name,
          bytes + " bytes for " + typeName + " " + shape,
          (end - begin) + " bytes in data_offsets [" + begin + ", " + end + "]");
    }
    return new StoredTensor(name, type, shape, dataStart + begin, dataStart + end);
  }

  /** The tensors' bytes must cover the data exactly once, as the format demands. */
  private void checkCover(List<StoredTensor> tensors) {
    long at = dataStart;
    for (StoredTensor tensor : tensors) {
      if (tensor.begin() != at) {
        throw Damage.of(
            file,
            tensor.name(),
            "data from offset " + (at - dataStart) + ", where the tensor before it ends",
            "offset "
                + (tensor.begin() - dataStart)
                + (tensor.begin() < at ? ": they overlap" : ": a gap"));
      }
      at = tensor.end();
    }
    if (at != fileSize) {
      throw Damage.of(
          file,
          (at - dataStart) + " bytes of data as its header says",
          (fileSize - dataStart) + " bytes");
    }
  }
}
