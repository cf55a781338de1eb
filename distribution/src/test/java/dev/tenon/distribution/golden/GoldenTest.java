package dev.tenon.distribution.golden;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tenon.api.EngineConfig.ExpertParallel;
import dev.tenon.api.EngineConfigBuilder;
import dev.tenon.api.SpeculationConfig;
import dev.tenon.engine.tck.golden.Golden;
import java.util.function.UnaryOperator;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Reference outputs; every run submits all prompts at once, ragged. */
class GoldenTest {
  private static UnaryOperator<EngineConfigBuilder> drafting(int tokens) {
    return tokens == 0
        ? builder -> builder
        : builder -> builder.speculation(new SpeculationConfig("qwen3_next_mtp", tokens));
  }

  @ParameterizedTest
  @ValueSource(strings = {"tiny", "yarn", "mini", "mini-fp8"})
  void allAtOnce(String name) {
    Golden golden = Golden.load(name);
    GoldenBounds.check(golden, GoldenRun.of(golden, b -> b.maxNumBatchedTokens(4096)), 0);
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 2, 3, 4})
  void tinyWithDrafts(int drafts) {
    Golden golden = Golden.load("tiny");
    GoldenRun run = GoldenRun.of(golden, drafting(drafts));
    GoldenBounds.check(golden, run, drafts);
    assertThat(run.statistics().draftTokens()).isPositive();
  }

  @ParameterizedTest
  @CsvSource({"tiny, 0", "tiny, 3", "yarn, 2", "mini, 0", "mini-fp8, 2"})
  void chunkedAtOddSizes(String name, int drafts) {
    Golden golden = Golden.load(name);
    GoldenRun run =
        GoldenRun.of(golden, b -> drafting(drafts).apply(b.maxNumBatchedTokens(37).maxNumSeqs(3)));
    GoldenBounds.check(golden, run, drafts);
  }

  /** Pools that hold all prompts in pages of four tokens, but not all of their answers. */
  @ParameterizedTest
  @CsvSource({"tiny, 0, 180", "tiny, 2, 180", "yarn, 1, 320", "mini, 0, 560", "mini-fp8, 1, 560"})
  void preempted(String name, int drafts, int blocks) {
    Golden golden = Golden.load(name);
    int longest = golden.cases().stream().mapToInt(c -> c.prompt().length).max().orElseThrow();
    GoldenRun run =
        GoldenRun.of(
            golden,
            b ->
                drafting(drafts)
                    .apply(
                        b.blockSize(4).numBlocks(blocks).maxModelLen(longest + GoldenRun.TOKENS)));
    assertThat(run.statistics().preemptions()).isPositive();
    GoldenBounds.check(golden, run, drafts);
  }

  @ParameterizedTest
  @CsvSource({
    "tiny, 2, 0",
    "tiny, 2, 4",
    "yarn, 2, 1",
    "mini, 2, 1",
    "mini-fp8, 2, 0",
    "mini, 4, 0",
    "mini-fp8, 4, 1"
  })
  void overSeveralRanks(String name, int ranks, int drafts) {
    Golden golden = Golden.load(name);
    GoldenRun run = GoldenRun.of(golden, b -> drafting(drafts).apply(b.tensorParallelSize(ranks)));
    GoldenBounds.check(golden, run, drafts);
  }

  @ParameterizedTest
  @CsvSource({"tiny, 2, 1", "mini-fp8, 4, 0"})
  void overSeveralRanksWithWholeExperts(String name, int ranks, int drafts) {
    Golden golden = Golden.load(name);
    GoldenRun run =
        GoldenRun.of(
            golden,
            b ->
                drafting(drafts)
                    .apply(b.tensorParallelSize(ranks).expertParallel(ExpertParallel.ON)));
    GoldenBounds.check(golden, run, drafts);
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 2})
  void expertsInFusedTensors(int ranks) {
    Golden golden = Golden.load("tiny");
    GoldenRun run =
        GoldenRun.of(
            golden,
            ChangedCheckpoint.fusedExperts(),
            b -> drafting(2).apply(b.tensorParallelSize(ranks)));
    GoldenBounds.check(golden, run, 2);
  }
}
