package dev.tenon.engine.runtime.opening;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.tenon.api.EngineConfig;
import dev.tenon.api.EngineConfigBuilder;
import dev.tenon.api.ErrorCode;
import dev.tenon.api.TenonException;
import dev.tenon.engine.tck.Randoms;
import dev.tenon.spi.backend.BackendCapabilities;
import dev.tenon.spi.backend.ElementType;
import dev.tenon.spi.backend.RankPlacement;
import dev.tenon.spi.model.ModelProperties;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import org.junit.jupiter.api.Test;

/** A page costs 1,000 bytes per token here, a slot a million. */
class PoolPlannerTest {
  private static final long GIGABYTE = 1_000_000_000;
  private final EngineConfigBuilder config = EngineConfig.builder("model");
  private RankPlacement placement = RankPlacement.PROCESSES;
  private long available = 10 * GIGABYTE;
  private int maxPositions = 100_000;

  @Test
  void fillsADeviceOfItsOwnWithPages() {
    available = 3 * GIGABYTE;
    PoolPlan plan = plan();
    assertThat(plan.maxLength()).isEqualTo(100_000);
    assertThat(plan.limits().sequences()).isEqualTo(32);
    assertThat(GIGABYTE + plan.bytes()).isBetween(available * 9 / 10, available);
  }

  @Test
  void takesNoMorePagesThanSequencesCanFill() {
    maxPositions = 1000;
    PoolPlan plan = plan();
    assertThat(plan.pages()).isEqualTo(32 * 63);
  }

  @Test
  void isModestOnTheHost() {
    placement = RankPlacement.THREADS;
    available = 100 * GIGABYTE;
    PoolPlan plan = plan();
    assertThat(plan.maxLength()).isEqualTo(8192);
    assertThat(plan.pages() * plan.pageBytes()).isLessThan(300_000_000L);
    assertThat(plan.pages()).isGreaterThanOrEqualTo(Math.ceilDiv(8193, 16));
  }

  @Test
  void shortensTheContextToWhatThePagesHold() {
    available = GIGABYTE + 32_000_000 + 60_000_000;
    PoolPlan plan = plan();
    assertThat(plan.maxLength()).isLessThan(100_000).isGreaterThan(1000);
    assertThat(Math.ceilDiv(plan.maxLength() + 1, 16)).isLessThanOrEqualTo(plan.pages());
  }

  @Test
  void lowersTheDefaultNumberOfSequencesToHalfOfTheMemory() {
    available = GIGABYTE + 60_000_000;
    assertThat(plan().limits().sequences()).isEqualTo(30);
  }

  @Test
  void refusesAContextThatThePagesCannotHoldAndShowsTheSums() {
    available = GIGABYTE + 32_000_000 + 60_000_000;
    config.maxModelLen(90_000);
    refused(
        ErrorCode.OUT_OF_MEMORY, "90000", "weights 1.00 GB", "slots x 1.00 MB", "1.09 GB", "pages");
  }

  @Test
  void refusesWhatDoesNotFitWithoutAnyPages() {
    available = GIGABYTE / 2;
    refused(ErrorCode.OUT_OF_MEMORY, "weights 1.00 GB", "work space", "available are 500 MB");
  }

  @Test
  void takesTheUsersNumberOfPages() {
    config.numBlocks(100).maxModelLen(500).blockSize(8).maxNumSeqs(3).maxNumBatchedTokens(40);
    PoolPlan plan = plan();
    assertThat(plan.pages()).isEqualTo(100);
    assertThat(plan.pageSize()).isEqualTo(8);
    assertThat(plan.maxLength()).isEqualTo(500);
    assertThat(plan.limits().sequences()).isEqualTo(3);
    assertThat(plan.limits().rows()).isEqualTo(40);
  }

  @Test
  void theUsersPagesBoundTheContext() {
    config.numBlocks(100);
    assertThat(plan().maxLength()).isEqualTo(100 * 16 - 1);
    config.maxModelLen(1600);
    refused(ErrorCode.INVALID_CONFIGURATION, "100 pages of 16", "1,599", "needs 101 pages");
  }

  @Test
  void refusesMorePagesThanTheMemoryHolds() {
    config.numBlocks(1_000_000);
    refused(ErrorCode.OUT_OF_MEMORY, "1,000,000 pages", "available are 10.0 GB");
  }

  @Test
  void refusesAContextBeyondTheModels() {
    config.maxModelLen(100_001);
    refused(ErrorCode.INVALID_CONFIGURATION, "100001", "100000", "--hf-overrides");
  }

  @Test
  void neverPlansMoreThanThereIs() {
    Random random = Randoms.create("PoolPlannerTest");
    int planned = 0;
    for (int round = 0; round < 2000; round++) {
      available = (long) (GIGABYTE * (0.9 + random.nextDouble()));
      maxPositions = 1 + random.nextInt(200_000);
      placement = RankPlacement.values()[random.nextInt(2)];
      config.maxModelLen(random.nextBoolean() ? null : 1 + random.nextInt(maxPositions));
      config.maxNumSeqs(random.nextBoolean() ? null : 1 + random.nextInt(300));
      config.blockSize(random.nextBoolean() ? null : 1 + random.nextInt(64));
      try {
        PoolPlan plan = plan();
        planned++;
        long weights = placement == RankPlacement.PROCESSES ? GIGABYTE : 0;
        assertThat(weights + plan.bytes()).isLessThanOrEqualTo(available);
        assertThat((long) plan.pages() * plan.pageSize()).isGreaterThan(plan.maxLength());
        assertThat(plan.maxLength()).isPositive();
      } catch (TenonException e) {
        assertThat(e.code()).isIn(ErrorCode.OUT_OF_MEMORY, ErrorCode.INVALID_CONFIGURATION);
      }
    }
    assertThat(planned).isGreaterThan(500);
  }

  private PoolPlan plan() {
    ModelProperties model =
        new ModelProperties("toy", 1000, 64, 2, maxPositions, List.of(), 0, Map.of(), 1, List.of());
    return PoolPlanner.plan(
        new PoolRequest(
            config.build(),
            model,
            new BackendCapabilities(Set.of(ElementType.BF16), 512, 32, 16),
            placement,
            0,
            available,
            placement == RankPlacement.PROCESSES ? GIGABYTE : 0,
            StepNeeds.estimate(64, 1000),
            pageSize -> 1000L * pageSize,
            length -> 1_000_000));
  }

  private void refused(ErrorCode code, String... parts) {
    assertThatThrownBy(this::plan)
        .isInstanceOfSatisfying(TenonException.class, e -> assertThat(e.code()).isEqualTo(code))
        .hasMessageContainingAll(parts);
  }
}
