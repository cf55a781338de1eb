package dev.tenon.engine.runtime.weights;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.tenon.api.ErrorCode;
import dev.tenon.api.TenonException;
import dev.tenon.spi.backend.ElementType;
import dev.tenon.spi.model.Checkpoint;
import dev.tenon.spi.model.ShardSpec;
import dev.tenon.spi.model.TensorSpec;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.IntStream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class TensorChecksTest {
  private static final List<TensorSpec> WANTED =
      List.of(
          new TensorSpec(
              "m", List.of(300L, 256L), new ShardSpec.Rows(), TensorSpec.Quantisation.BLOCK_SCALED),
          spec("n"));
  private static final List<TensorSpec> KNOWN = List.of(spec("draft"));

  private final Map<String, Checkpoint.Entry> entries = new LinkedHashMap<>();
  private Set<ElementType> types = Set.of(ElementType.values());

  private static TensorSpec spec(String name) {
    return new TensorSpec(
        name, List.of(256L), new ShardSpec.Replicated(), TensorSpec.Quantisation.NEVER);
  }

  @BeforeEach
  void complete() {
    put("m", ElementType.F8_E4M3, 300L, 256L);
    put("m_scale_inv", ElementType.F32, 3L, 2L);
    put("n", ElementType.BF16, 256L);
    put("draft", ElementType.BF16, 256L);
    put("rotary.inv_freq", ElementType.F32, 8L);
  }

  @Test
  void takesACompleteCheckpoint() {
    assertThatCode(this::check).doesNotThrowAnyException();
    put("m_scale_inv", ElementType.BF16, 3L, 2L);
    assertThatCode(this::check).doesNotThrowAnyException();
    entries.remove("m_scale_inv");
    put("m", ElementType.F16, 300L, 256L);
    assertThatCode(this::check).doesNotThrowAnyException();
  }

  @Test
  void namesAMissingTensor() {
    entries.remove("n");
    refused("1 problem)", "'n' is missing", "[256]");
  }

  @Test
  void namesAnUnknownTensor() {
    put("stranger", ElementType.BF16, 4L);
    refused("f.safetensors", "'stranger'", "unknown");
  }

  @Test
  void scalesOfNothingAreUnknown() {
    put("stranger_scale_inv", ElementType.F32, 4L, 1L);
    refused("'stranger_scale_inv'", "unknown");
  }

  @Test
  void namesAMisshapenTensor() {
    put("m", ElementType.BF16, 256L, 300L);
    entries.remove("m_scale_inv");
    refused("f.safetensors", "'m'", "expected shape [300, 256]", "found [256, 300]");
  }

  @Test
  void refusesFp8WhereItMayNotBe() {
    put("n", ElementType.F8_E4M3, 256L);
    refused("'n'", "expected BF16, F16 or F32", "F8_E4M3");
  }

  @Test
  void namesMissingScales() {
    entries.remove("m_scale_inv");
    refused("'m'", "'m_scale_inv' are missing");
  }

  @Test
  void namesMisshapenOrMistypedScales() {
    put("m_scale_inv", ElementType.F16, 2L, 3L);
    refused("2 problems", "[3, 2]", "128 x 128", "[2, 3]", "BF16 or F32", "F16");
  }

  @Test
  void refusesScalesBesidePlainWeights() {
    put("m", ElementType.BF16, 300L, 256L);
    refused("'m'", "expected F8_E4M3, found BF16");
  }

  @Test
  void refusesTypesThatTheBackendDoesNotTake() {
    types = Set.of(ElementType.BF16);
    refused("'m'", "the backend takes [BF16]", "F8_E4M3");
  }

  @Test
  void listsTenProblemsAndCountsTheRest() {
    IntStream.range(0, 25).forEach(i -> put("x" + i, ElementType.BF16, 1L));
    refused("25 problems", "'x0'", "'x9'", "15 more");
    assertThatThrownBy(this::check).hasMessageNotContaining("'x10'");
  }

  @Test
  void readsTheUsualFp8Config() {
    Map<String, Object> config =
        Map.of(
            "quant_method",
            "fp8",
            "fmt",
            "e4m3",
            "activation_scheme",
            "dynamic",
            "weight_block_size",
            List.of(128L, 64L));
    assertThat(Quantisation.of(Map.of("quantization_config", config)))
        .isEqualTo(new Quantisation(Quantisation.Declared.FP8, 128, 64));
    assertThat(Quantisation.of(Map.of()).declared()).isEqualTo(Quantisation.Declared.NONE);
  }

  @Test
  void namesAQuantisationThatItCannotRead() {
    assertThatThrownBy(
            () -> Quantisation.of(Map.of("quantization_config", Map.of("quant_method", "awq"))))
        .isInstanceOfSatisfying(
            TenonException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.UNSUPPORTED))
        .hasMessageContainingAll("quant_method", "\"awq\"", "\"fp8\"");
    assertThatThrownBy(
            () -> Quantisation.of(Map.of("quantization_config", Map.of("quant_method", "fp8"))))
        .hasMessageContainingAll("weight_block_size", "[128, 128]");
  }

  private void put(String name, ElementType type, Long... shape) {
    entries.put(name, new Checkpoint.Entry(type, List.of(shape), "f.safetensors"));
  }

  private void check() {
    TensorChecks.check(
        entries,
        WANTED,
        KNOWN,
        name -> name.endsWith("inv_freq"),
        new Quantisation(Quantisation.Declared.FP8, 128, 128),
        types);
  }

  private void refused(String... parts) {
    assertThatThrownBy(this::check)
        .isInstanceOfSatisfying(
            TenonException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.INVALID_CHECKPOINT))
        .hasMessageContainingAll(parts);
  }
}
