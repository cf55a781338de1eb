package dev.tenon.backend.cuda.core;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;

/** Both sides of the table agree: the names and numbers in Java are those of the C header. */
class OperationTest {
  private static final Path HEADERS = Path.of("src/main/native/abi");

  @Test
  void operationsAreThoseOfTheHeaderInItsOrder() throws IOException {
    Matcher body =
        Pattern.compile("enum tenon_op \\{(.*?)TENON_OPERATIONS", Pattern.DOTALL).matcher(header());
    assertThat(body.find()).isTrue();
    Matcher names = Pattern.compile("TENON_(\\w+)").matcher(body.group(1));
    List<String> found = new ArrayList<>();
    while (names.find()) {
      found.add(names.group(1));
    }
    assertThat(List.of(Operation.values())).extracting(Operation::name).isEqualTo(found);
  }

  @Test
  void parametersHaveAsManyWordsAsTheHeadersStructs() throws IOException {
    Map<String, Integer> words = words();
    assertThat(words).containsEntry("tenon_rows", 15);
    for (Operation operation : Operation.values()) {
      assertThat(words.getOrDefault("tenon_" + operation.label(), 0))
          .as(operation.label())
          .isEqualTo(operation.words);
    }
  }

  @Test
  void typesHaveTheHeadersCodes() throws IOException {
    for (DeviceType type : DeviceType.values()) {
      assertThat(header()).contains("TENON_" + type.name() + " = " + type.code);
    }
  }

  @Test
  void regionsOfSumsThroughPeersAreLaidOutAsInTheHeader() throws IOException {
    Matcher region =
        Pattern.compile(
                "TENON_PEER_RANKS = (\\d+), TENON_PEER_BLOCKS = (\\d+), TENON_PEER_HEAD_BYTES ="
                    + " (\\d+), TENON_PEER_LEAVE = (\\d+) \\* (\\d+) \\* TENON_PEER_BLOCKS ")
            .matcher(header());
    assertThat(region.find()).isTrue();
    int[] number = new int[6];
    for (int i = 1; i < number.length; i++) {
      number[i] = Integer.parseInt(region.group(i));
    }
    assertThat(PeerSums.MOST_RANKS).isEqualTo(number[1]);
    assertThat(PeerSums.HEAD_BYTES).isEqualTo(number[3]);
    assertThat(PeerSums.LEAVE).isEqualTo(number[4] * number[5] * number[2]);
    assertThat(PeerSums.WORDS).isEqualTo(words().get("tenon_peers"));
  }

  /** Words of each struct, a member of a struct counting as many as it has, and so an array. */
  private static Map<String, Integer> words() throws IOException {
    Map<String, Integer> words = new HashMap<>();
    Matcher most = Pattern.compile("TENON_PEER_RANKS = (\\d+)").matcher(header());
    assertThat(most.find()).isTrue();
    int ranks = Integer.parseInt(most.group(1));
    Matcher structs =
        Pattern.compile("typedef struct (\\w+) \\{(.*?)\\} \\w+;", Pattern.DOTALL)
            .matcher(header());
    while (structs.find()) {
      int count = 0;
      for (String declaration : structs.group(2).split(";")) {
        String trimmed = declaration.strip();
        if (!trimmed.isEmpty()) {
          String[] parts = trimmed.split("\\s+", 2);
          int each = parts[1].contains("[TENON_PEER_RANKS]") ? ranks : 1;
          count += words.getOrDefault(parts[0], 1) * parts[1].split(",").length * each;
        }
      }
      words.put(structs.group(1), count);
    }
    return words;
  }

  private static String header() throws IOException {
    String table = Files.readString(HEADERS.resolve("kernel_table.h"));
    String step = Files.readString(HEADERS.resolve("step_kernels.h"));
    return (table + step).replaceAll("//.*", "");
  }
}
