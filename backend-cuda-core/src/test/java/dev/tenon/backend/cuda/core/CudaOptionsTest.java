package dev.tenon.backend.cuda.core;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.tenon.spi.backend.BackendOptions;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class CudaOptionsTest {
  private static CudaOptions options(Map<String, String> given) {
    return CudaOptions.of(new BackendOptions(1, 0, "", null, 0.9, given));
  }

  private static List<Card> cards(int count) {
    return IntStream.range(0, count).mapToObj(i -> new Card(i, "card", 90, 132, 1L << 30)).toList();
  }

  @Test
  void everyRankHasACardOfItsOwn() {
    CudaOptions options = options(Map.of());
    assertThat(options.card(cards(4), 4, 2).index()).isEqualTo(2);
    assertThat(options.sharing()).isEqualTo(NcclGroup.Sharing.CARD_EACH);
    assertThatThrownBy(() -> options.card(cards(2), 4, 0))
        .hasMessageContainingAll("4 ranks need a GPU each", "shows 2", "CUDA_VISIBLE_DEVICES");
  }

  @Test
  void aCardThatIsNamedIsAllRanks() {
    CudaOptions options = options(Map.of("device", "1"));
    assertThat(options.card(cards(2), 4, 3).index()).isEqualTo(1);
    assertThat(options.sharing()).isEqualTo(NcclGroup.Sharing.ONE_CARD);
    assertThatThrownBy(() -> options.card(cards(1), 1, 0))
        .hasMessage("option device is 1, but the driver shows 1 GPUs");
  }

  @Test
  void rowsAreQuantisedWhereFp8IsAskedFor() {
    assertThat(options(Map.of()).quantised()).isZero();
    assertThat(options(Map.of("activations", "fp8")).quantised()).isEqualTo(1);
    assertThat(options(Map.of("activations", "bf16")).quantised()).isZero();
    assertThatThrownBy(() -> options(Map.of("activations", "int8")))
        .hasMessage("option activations is int8; give one of [bf16, fp8]");
  }

  @Test
  void ncclSumsOverRanksUnlessAskedOtherwise() {
    assertThat(options(Map.of()).reduction()).isEqualTo(CudaOptions.Reduction.AUTO);
    assertThat(options(Map.of("all-reduce", "peers")).reduction())
        .isEqualTo(CudaOptions.Reduction.PEERS);
    assertThatThrownBy(() -> options(Map.of("all-reduce", "ring")))
        .hasMessage("option all-reduce is ring; give one of [auto, nccl, peers]");
  }

  @Test
  void unknownOptionsAreRefusedWithThoseThatAreKnown() {
    assertThatThrownBy(() -> options(Map.of("cards", "2")))
        .hasMessageContainingAll("[cards]", "device", "nccl");
  }
}
