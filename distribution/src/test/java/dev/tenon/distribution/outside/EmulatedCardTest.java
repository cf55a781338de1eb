package dev.tenon.distribution.outside;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.tenon.engine.tck.golden.Golden;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/**
 * The CUDA backend as the image has it, from the driver's calls to the tokens, on kernels that run
 * thread by thread on the host: reference outputs in a ragged, chunked batch, with drafts, also of
 * several ranks.
 */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class EmulatedCardTest {
  /** Of one case, from the reference's own run in bf16; see the goldens' README. */
  private static final double GREATEST_LOSS = 3 * 3.9e-4;

  private static final String CAPTURED = "{\"execution\":\"captured\"}";
  private static final String NAME = "mini";
  private static final int LONGEST = 70;
  private static final int TOKENS = 4;

  @SuppressWarnings("NullAway.Init") // set before the first test
  private Path folder;

  @BeforeAll
  void build(@TempDir Path given) throws Exception {
    folder = given;
    Finished made =
        Finished.of(
            List.of(
                Project.ROOT.resolve("gpu/emulated").toString(),
                Project.IMAGE.toString(),
                folder.toString()));
    assumeTrue(made.status() != 3, made.errors());
    assertThat(made.status()).as(made.toString()).isZero();
  }

  @Test
  void referenceOutputsRecorded() throws Exception {
    holds(CAPTURED, 1);
  }

  @Test
  void referenceOutputsIssuedOneByOne() throws Exception {
    holds("{\"execution\":\"eager\"}", 1);
  }

  @Test
  void referenceOutputsOnTwoRanksWhoseSumsAreNccls() throws Exception {
    holds("{\"all-reduce\":\"nccl\"}", 2);
  }

  @Test
  void referenceOutputsOnTwoRanksThatSumThroughEachOthersMemory() throws Exception {
    holds("{\"all-reduce\":\"peers\"}", 2);
  }

  @Test
  void referenceOutputsOnFourRanksThatHoldWholeExperts() throws Exception {
    holds(CAPTURED, 4, "--enable-expert-parallel");
  }

  @Test
  void tooLittleMemoryIsRefusedWithTheSums() throws Exception {
    refuses(
        Map.of("FAKE_CUDA_MEMORY", "150000000"),
        List.of(),
        "the memory does not suffice: weights ",
        " slots x ",
        "work space ",
        "recorded steps ",
        "available are ",
        "--max-num-seqs");
  }

  @Test
  void ranksThatDoNotDivideTheModelAreRefused() throws Exception {
    refuses(
        Map.of("FAKE_CUDA_DEVICES", "3"),
        List.of("--tensor-parallel-size=3"),
        "does not divide among 3 ranks",
        "rank counts that fit: 1, 2, 4");
  }

  @Test
  void ranksWithoutACardAreRefused() throws Exception {
    refuses(
        Map.of(),
        List.of("--tensor-parallel-size=2"),
        "2 ranks need a GPU each, and the driver shows 1");
  }

  @Test
  void ranksWithoutNcclAreRefusedWithThePlaces() throws Exception {
    refuses(
        Map.of("FAKE_CUDA_DEVICES", "2"),
        List.of(
            "--tensor-parallel-size=2", "--backend-options={\"nccl\":\"/nowhere/libnccl.so.2\"}"),
        "option nccl is /nowhere/libnccl.so.2, and no file is there");
  }

  @Test
  void cardsOfAnotherGenerationAreNamed() throws Exception {
    Map<String, String> environment = environment(1);
    environment.put("FAKE_CUDA_GENERATION", "7");
    Finished finished =
        Finished.of(
            List.of("/bin/sh", Project.IMAGE.resolve("bin/tenon").toString(), "plugins"),
            environment);
    assertThat(finished.output())
        .contains("compute capability 7.0; this backend is for H200, H20 and H100");
  }

  /** Holds that a start ends at once with a message, and without a stack trace. */
  private void refuses(Map<String, String> changes, List<String> flags, String... parts)
      throws Exception {
    Path checkpoint = folder.resolve(NAME);
    if (!Files.exists(checkpoint)) {
      Golden.load(NAME).writeCheckpoint(checkpoint, 1);
    }
    Path ids = Files.writeString(folder.resolve("one"), "[1]");
    Map<String, String> environment = environment(1);
    environment.putAll(changes);
    List<String> command =
        new ArrayList<>(
            List.of(
                "/bin/sh",
                Project.IMAGE.resolve("bin/tenon").toString(),
                "logits",
                checkpoint.toString(),
                "--ids=" + ids,
                "--plugins=" + folder.resolve("plugins"),
                "--backend=cuda-emulated"));
    command.addAll(flags);
    Finished finished = Finished.of(command, environment);
    assertThat(finished.status()).isEqualTo(1);
    assertThat(finished.errors()).contains(parts).doesNotContain("\tat ");
  }

  private Map<String, String> environment(int cards) {
    Map<String, String> environment = new HashMap<>(System.getenv());
    environment.put("LD_LIBRARY_PATH", folder.resolve("driver").toString());
    environment.put("FAKE_CUDA_DEVICES", String.valueOf(cards));
    return environment;
  }

  private void holds(String options, int ranks, String... flags) throws Exception {
    Golden golden = Golden.load(NAME);
    List<Golden.Case> cases =
        golden.cases().stream().filter(c -> c.prompt().length <= LONGEST).toList();
    assertThat(cases).hasSizeGreaterThan(3);
    Path checkpoint = folder.resolve(NAME);
    if (!Files.exists(checkpoint)) {
      golden.writeCheckpoint(checkpoint, 1);
    }
    List<JsonNode> answers = logits(checkpoint, cases, options, ranks, flags);
    assertThat(answers).hasSameSizeAs(cases);
    for (int i = 0; i < cases.size(); i++) {
      Golden.Case expected = cases.get(i);
      JsonNode answer = answers.get(i);
      float[] reference = golden.array(expected.index() + ".logits").values();
      assertThat(loss(reference, answer.get("logits")))
          .as("1 - cosine of case " + expected.index())
          .isLessThan(GREATEST_LOSS);
      assertThat(answer.get("tokens").size()).isEqualTo(TOKENS);
      if (expected.margin()[0] > 0.1) {
        assertThat(answer.get("tokens").get(0).asInt()).isEqualTo(expected.greedy()[0]);
      }
      assertThat(answer.get("drafts").size()).isEqualTo(2);
    }
  }

  private List<JsonNode> logits(
      Path checkpoint, List<Golden.Case> cases, String options, int ranks, String... flags)
      throws Exception {
    Path ids = folder.resolve("ids");
    Files.writeString(
        ids,
        cases.stream()
            .map(c ->
                IntStream.of(c.prompt())
                    .mapToObj(Integer::toString)
                    .collect(Collectors.joining(",", "[", "]\n")))
            .collect(Collectors.joining()));
    List<String> command =
        new ArrayList<>(
            List.of(
                "/bin/sh",
                Project.IMAGE.resolve("bin/tenon").toString(),
                "logits",
                checkpoint.toString(),
                "--ids=" + ids,
                "--max-tokens=" + TOKENS,
                "--drafts=2",
                "--plugins=" + folder.resolve("plugins"),
                "--backend=cuda-emulated",
                "--backend-options=" + options,
                "--max-model-len=128",
                "--max-num-seqs=6",
                "--max-num-batched-tokens=64",
                "--tensor-parallel-size=" + ranks));
    command.addAll(List.of(flags));
    Finished finished = Finished.of(command, environment(ranks));
    assertThat(finished.status()).as(finished.toString()).isZero();
    List<JsonNode> answers = new ArrayList<>();
    for (String line : finished.output().lines().toList()) {
      answers.add(JsonMapper.shared().readTree(line));
    }
    return answers;
  }

  private static double loss(float[] expected, JsonNode actual) {
    assertThat(actual.size()).isEqualTo(expected.length);
    double product = 0;
    double squares = 0;
    double reference = 0;
    for (int i = 0; i < expected.length; i++) {
      double value = actual.get(i).asDouble();
      product += value * expected[i];
      squares += value * value;
      reference += (double) expected[i] * expected[i];
    }
    return 1 - product / Math.sqrt(squares * reference);
  }
}
