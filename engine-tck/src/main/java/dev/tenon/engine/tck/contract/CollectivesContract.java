package dev.tenon.engine.tck.contract;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tenon.engine.tck.Randoms;
import dev.tenon.engine.tck.Tolerance;
import dev.tenon.spi.backend.Activations;
import dev.tenon.spi.backend.Backend;
import dev.tenon.spi.backend.Collectives;
import dev.tenon.spi.backend.ElementType;
import dev.tenon.spi.backend.HostMatrix;
import dev.tenon.spi.backend.NormWeights;
import dev.tenon.spi.backend.Ops;
import dev.tenon.spi.backend.Packed;
import dev.tenon.spi.backend.Rows;
import dev.tenon.spi.backend.StepTicket;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.function.IntFunction;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/**
 * What reductions among ranks that are threads of this process must yield. Each rank scales the
 * same normalised rows by a norm of its own, so ranks hold different rows; what a collective makes
 * of them is read through a head, and must be what one rank computes with weights that anticipate
 * the collective.
 */
public abstract class CollectivesContract {
  private static final int HIDDEN = 48;
  private static final int VOCABULARY = 61;
  private static final ValueLayout.OfFloat FLOAT =
      ValueLayout.JAVA_FLOAT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

  /** A new contract. */
  protected CollectivesContract() {}

  /** Opens a group, in rank order; the test closes it. */
  protected abstract List<Backend> open(int ranks);

  /** Group sizes to try. */
  protected List<Integer> rankCounts() {
    return List.of(1, 2, 4);
  }

  /** Greatest distance of a logit from that of one rank, relative to the greatest. */
  protected double bound() {
    return 1e-5;
  }

  /** Issues a collective. */
  @FunctionalInterface
  private interface Collective {
    Activations issue(Collectives collectives, Rows rows, Activations mine);
  }

  @Test
  void required_B501_sumsAreTheSameBitsOnAllRanks() {
    Random random = Randoms.create("sums over ranks");
    for (int ranks : rankCounts()) {
      Case given = new Case(random, ranks, HIDDEN);
      float[] sums = new float[HIDDEN];
      for (NormWeights norm : given.norms) {
        for (int i = 0; i < HIDDEN; i++) {
          sums[i] += norm.scale()[i];
        }
      }
      check(
          given,
          (collectives, rows, mine) -> {
            collectives.allReduce(rows, mine);
            return mine;
          },
          new NormWeights(sums, given.norms.getFirst().epsilon()),
          given.head);
    }
  }

  @Test
  void required_B501_columnsAreJoinedInRankOrder() {
    Random random = Randoms.create("columns of ranks");
    for (int ranks : rankCounts()) {
      Case given = new Case(random, ranks, HIDDEN * ranks);
      // a head that reads rank r's columns is the sum of heads that each scale them first
      float[] values = new float[VOCABULARY * HIDDEN];
      for (int row = 0; row < VOCABULARY; row++) {
        for (int column = 0; column < HIDDEN * ranks; column++) {
          float scale = given.norms.get(column / HIDDEN).scale()[column % HIDDEN];
          values[row * HIDDEN + column % HIDDEN] += element(given.head, row, column) * scale;
        }
      }
      float[] ones = new float[HIDDEN];
      Arrays.fill(ones, 1f);
      check(
          given,
          (collectives, rows, mine) -> {
            Activations joined = collectives.allGather(rows, mine);
            assertThat(joined.width()).isEqualTo(HIDDEN * collectives.size());
            return joined;
          },
          new NormWeights(ones, given.norms.getFirst().epsilon()),
          matrix(values, HIDDEN));
    }
  }

  @Test
  void required_B501_oneRanksRowsReachAll() {
    Random random = Randoms.create("rows of one rank");
    for (int ranks : rankCounts()) {
      Case given = new Case(random, ranks, HIDDEN);
      int root = random.nextInt(ranks);
      check(
          given,
          (collectives, rows, mine) -> {
            collectives.broadcast(rows, mine, root);
            return mine;
          },
          given.norms.get(root),
          given.head);
    }
  }

  private void check(Case given, Collective collective, NormWeights norm, HostMatrix head) {
    assertAlike(given, collective);
    List<List<float[]>> got = run(given, given.norms::get, given.head, collective);
    List<List<float[]>> again = run(given, given.norms::get, given.head, collective);
    Case single = new Case(given, norm, head);
    List<float[]> wanted = run(single, r -> norm, head, (c, rows, mine) -> mine).getFirst();
    for (int rank = 0; rank < given.norms.size(); rank++) {
      for (int b = 0; b < wanted.size(); b++) {
        assertThat(got.get(rank).get(b)).as("rank " + rank).isEqualTo(got.getFirst().get(b));
        assertThat(again.get(rank).get(b)).as("once more").isEqualTo(got.getFirst().get(b));
        Tolerance.relative(bound()).requireNear(got.get(rank).get(b), wanted.get(b), "logits");
      }
    }
  }

  /**
   * Joins what the ranks have after the collective, and reads differences between ranks by a head
   * of ones: they are 0 exactly where the bits are the same.
   */
  private void assertAlike(Case given, Collective collective) {
    int ranks = given.norms.size();
    if (ranks == 1 || given.head.columns() != HIDDEN) {
      return; // nothing to compare, or joined already
    }
    for (int other = 1; other < ranks; other++) {
      float[] differences = new float[VOCABULARY * HIDDEN * ranks];
      for (int i = 0; i < HIDDEN; i++) {
        differences[i * HIDDEN * ranks + i] = 1;
        differences[i * HIDDEN * ranks + other * HIDDEN + i] = -1;
      }
      List<List<float[]>> read =
          run(
              given,
              given.norms::get,
              matrix(differences, HIDDEN * ranks),
              (collectives, rows, mine) ->
                  collectives.allGather(rows, collective.issue(collectives, rows, mine)));
      for (float[] logits : read.getFirst()) {
        assertThat(logits).as("rank 0 less rank " + other).containsOnly(0f);
      }
    }
  }

  /** Logits of each rank's sequences. */
  private List<List<float[]>> run(
      Case given, IntFunction<NormWeights> norms, HostMatrix head, Collective collective) {
    List<Backend> ranks = open(given.norms.size());
    try {
      assertThat(ranks).hasSameSizeAs(given.norms);
      List<BlockStep> steps = new ArrayList<>();
      for (int rank = 0; rank < ranks.size(); rank++) {
        Collectives collectives = ranks.get(rank).collectives();
        assertThat(List.of(collectives.rank(), collectives.size()))
            .containsExactly(rank, ranks.size());
        steps.add(step(ranks.get(rank), given.embedding, norms.apply(rank), head, collective));
      }
      List<StepTicket> tickets = new ArrayList<>();
      for (BlockStep step : steps) {
        tickets.add(step.launch(given.sequences(), batch -> null));
      }
      return tickets.stream()
          .map(BlockStep::await)
          .map(output ->
              IntStream.range(0, given.prompts.size())
                  .mapToObj(b -> output.logits().get(b))
                  .toList())
          .toList();
    } finally {
      ranks.forEach(Backend::close);
    }
  }

  private static BlockStep step(
      Backend backend,
      HostMatrix embedding,
      NormWeights norm,
      HostMatrix head,
      Collective collective) {
    int rank = backend.collectives().rank();
    int most = Math.ceilDiv(VOCABULARY, backend.collectives().size());
    int first = Math.min(VOCABULARY, rank * most);
    int count = Math.min(most, VOCABULARY - first);
    Packed.Embedding table =
        backend.weights().embedding(embedding.slicedRows(first, count), first, VOCABULARY);
    Packed.Norm packedNorm = backend.weights().norm(norm);
    Packed.Head packedHead =
        backend.weights().head(head.slicedRows(first, count), first, VOCABULARY);
    Ops ops = backend.ops();
    return new BlockStep(
        backend,
        backend.capabilities().defaultPageSize(),
        VOCABULARY,
        List.of(),
        running -> {
          Rows rows = running.targetRows();
          Activations mine = ops.norms().finish(rows, ops.linear().embed(rows, table), packedNorm);
          Activations shared = collective.issue(backend.collectives(), rows, mine);
          return ops.linear().logits(rows, packedHead, ops.linear().select(rows, shared));
        });
  }

  private static float element(HostMatrix matrix, int row, int column) {
    return matrix.data().get(FLOAT, row * matrix.rowStride() + 4L * column);
  }

  private static HostMatrix matrix(float[] values, int columns) {
    MemorySegment data = Arena.ofAuto().allocate(4L * values.length, 4);
    MemorySegment.copy(values, 0, data, FLOAT, 0, values.length);
    return new HostMatrix(
        "made of others", ElementType.F32, data, VOCABULARY, columns, 4L * columns, null);
  }

  /** Weights and prompts of one trial. */
  private static final class Case {
    final HostMatrix embedding;
    final HostMatrix head;
    final List<NormWeights> norms;
    final List<int[]> prompts;

    Case(Random random, int ranks, int headColumns) {
      embedding = RandomTensors.matrix(random, ElementType.F32, VOCABULARY, HIDDEN);
      head = RandomTensors.matrix(random, ElementType.F32, VOCABULARY, headColumns);
      norms = IntStream.range(0, ranks).mapToObj(r -> RandomTensors.norm(random, HIDDEN)).toList();
      prompts =
          IntStream.range(0, 5)
              .mapToObj(b -> random.ints(1 + random.nextInt(20), 0, VOCABULARY).toArray())
              .toList();
    }

    /** The same rows on one rank. */
    Case(Case given, NormWeights norm, HostMatrix head) {
      embedding = given.embedding;
      this.head = head;
      norms = List.of(norm);
      prompts = given.prompts;
    }

    List<SampledSequence> sequences() {
      // greedily: what is drawn is not looked at
      RandomSampling sampling = new RandomSampling(new Random(0), VOCABULARY);
      return IntStream.range(0, prompts.size())
          .mapToObj(b -> new SampledSequence(b, sampling.greedyAmong(0), prompts.get(b)))
          .toList();
    }
  }
}
