package dev.tenon.backend.cuda.core.tuning;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.tenon.api.ErrorCode;
import dev.tenon.api.TenonException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class TunedMoeFileTest {
  private static final MoeTile FEW = new MoeTile(1, 1, 3, 1, 1, 2);
  private static final MoeTile WIDE = new MoeTile(8, 8, 3, 4, 1, 0);
  private static final TunedMoe TUNED =
      new TunedMoe(
          List.of(
              new TunedMoe.Entry(1, FEW),
              new TunedMoe.Entry(16, WIDE),
              new TunedMoe.Entry(8, FEW)));

  @Test
  void whatIsWrittenIsReadAgain() {
    assertThat(read(TunedMoeFile.write(TUNED))).isEqualTo(TUNED);
  }

  @Test
  void theNearestNumberOfRowsComesFirstAndTheFirstInTheFileWhereEqual() {
    assertThat(TUNED.nearest(12)).containsExactly(WIDE, FEW, FEW);
    assertThat(TUNED.nearest(11)).startsWith(FEW);
    assertThat(TUNED.nearest(4000)).startsWith(WIDE);
    assertThat(TunedMoe.NONE.nearest(1)).isEmpty();
  }

  @Test
  void aFileForOtherKernelsIsRefusedWithTheCommandThatMakesOurs() {
    String parameters = "{\"BLOCK_SIZE_M\": 16, \"num_warps\": 4}";
    refused("{\"1\": " + parameters + "}", "another engine's kernels (it has BLOCK_SIZE_M)");
    refused(
        "{\"triton_version\": \"3.4.0\", \"1\": " + parameters + "}",
        "another engine's kernels (it has triton_version)");
    refused("{\"1\": {}}", "has no \"tenon_moe\"");
    refused("{\"tenon_moe\": 2}", "\"tenon_moe\" is 2; this version reads 1 only");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "[1]|is not a JSON object",
        "{'tenon_moe': 1, |is not JSON",
        "{'tenon_moe': 1}|has no entries",
        "{'tenon_moe': 1, '1': {GOOD}, '1': {GOOD}}|is not JSON",
        "{'tenon_moe': 1, 'x': {GOOD}}|key \"x\" is not a number of rows",
        "{'tenon_moe': 1, '0': {GOOD}}|key \"0\" is not a number of rows",
        "{'tenon_moe': 1, '8': 3}|\"8\" is not an object",
        "{'tenon_moe': 1, '8': {}}|\"8\": \"groups\" is missing",
        "{'tenon_moe': 1, '8': {GOOD, 'more': 1}}|\"8\" has an unknown parameter \"more\"",
        "{'tenon_moe': 1, '8': {'groups': -1}}|\"8\": \"groups\" is -1; expected a whole number",
        "{'tenon_moe': 1, '8': {'groups': 256}}|\"groups\" is 256",
        "{'tenon_moe': 1, '8': {'groups': 1.5}}|\"groups\" is 1.5",
        "{'tenon_moe': 1, '8': {'groups': null}}|\"groups\" is null"
      },
      quoteCharacter = '`')
  void whatCannotBeUsedIsRefusedByKey(String text, String reason) {
    String good =
        "'groups': 1, 'pairs': 4, 'depth': 3, 'down_loops': 1, 'gate_loops': 1, 'form': 0";
    refused(text.replace("GOOD", good).replace('\'', '"'), reason);
  }

  private static void refused(String text, String reason) {
    assertThatThrownBy(() -> read(text))
        .isInstanceOfSatisfying(
            TenonException.class,
            e -> assertThat(e.code()).isEqualTo(ErrorCode.INVALID_CONFIGURATION))
        .hasMessageStartingWith("tuned MoE file here.json ")
        .hasMessageContainingAll(reason, "tenon tune moe MODEL");
  }

  private static TunedMoe read(String text) {
    return TunedMoeFile.read(text.getBytes(StandardCharsets.UTF_8), "here.json");
  }
}
