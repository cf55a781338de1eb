package dev.tenon.backend.cpu;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tenon.spi.backend.NoiseStream;
import dev.tenon.spi.backend.SlotSampling;
import dev.tenon.spi.backend.SlotSetup;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

class TokenDrawTest {
  private static final int VOCABULARY = 700;

  @Test
  void drawsWhatTheDefinitionDraws() {
    Random random = Seeded.random("draws");
    for (int trial = 0; trial < 3_000; trial++) {
      float temperature = 0.05f + 3 * random.nextFloat();
      float topP = random.nextBoolean() ? 1f : 0.05f + 0.95f * random.nextFloat();
      int topK = random.nextBoolean() ? 0 : 1 + random.nextInt(300);
      float minP = random.nextInt(3) > 0 ? 0f : 0.3f * random.nextFloat();
      SlotSampling sampling = sampling(temperature, topP, topK, minP, random.nextLong());
      float[] logits = Seeded.values(random, VOCABULARY, 1 + random.nextInt(20));
      assertThat(draw(logits, sampling)).isEqualTo(define(logits, sampling));
    }
  }

  @Test
  void drawsFollowTheDistribution() {
    float[] logits = new float[VOCABULARY];
    java.util.Arrays.fill(logits, -30f);
    logits[3] = (float) Math.log(0.7);
    logits[600] = (float) Math.log(0.3);
    int hits = 0;
    for (int seed = 0; seed < 4_000; seed++) {
      int token = draw(logits, sampling(1, 1, 0, 0, seed));
      assertThat(token).isIn(3, 600);
      hits += token == 3 ? 1 : 0;
    }
    assertThat(hits).isBetween(2_680, 2_920); // four standard deviations around 2,800
  }

  @Test
  void greedyTakesTheLowestIdWhereEqual() {
    float[] logits = new float[VOCABULARY];
    logits[41] = 2;
    logits[40] = 2;
    assertThat(draw(logits, sampling(0, 1, 0, 0, 1))).isEqualTo(40);
  }

  private static int draw(float[] logits, SlotSampling sampling) {
    Slot slot = new Slot(1, 0);
    slot.setUp(new SlotSetup(0, sampling, new int[] {1}, 1), VOCABULARY);
    return new TokenDraw(logits, 0, VOCABULARY, slot, null).token();
  }

  private static int define(float[] logits, SlotSampling sampling) {
    List<Integer> ids = new ArrayList<>();
    for (int id = 0; id < VOCABULARY; id++) {
      ids.add(id);
    }
    ids.sort(Comparator.comparingDouble((Integer id) -> -logits[id]).thenComparing(id -> id));
    float inverse = 1f / sampling.temperature();
    float greatest = logits[ids.getFirst()];
    if (sampling.topK() > 0) {
      ids = ids.subList(0, Math.min(sampling.topK(), ids.size()));
    }
    double total = 0;
    for (int id : ids) {
      total += Math.exp((logits[id] - greatest) * inverse);
    }
    long key = NoiseStream.key(sampling.seed(), 0);
    double mass = 0;
    double best = Double.NEGATIVE_INFINITY;
    int drawn = -1;
    for (int id : ids) {
      double weight = Math.exp((logits[id] - greatest) * inverse);
      boolean inMass = drawn < 0 || sampling.topP() >= 1 || mass < sampling.topP() * total;
      if (inMass && (drawn < 0 || weight >= sampling.minP())) {
        double noise = -Math.log(-Math.log(NoiseStream.uniform(key, id)));
        double score = logits[id] * (double) inverse + noise;
        if (score > best) {
          best = score;
          drawn = id;
        }
      }
      mass += weight;
    }
    return drawn;
  }

  private static SlotSampling sampling(
      float temperature, float topP, int topK, float minP, long seed) {
    return new SlotSampling(
        temperature,
        topP,
        topK,
        minP,
        1,
        0,
        0,
        seed,
        new int[0],
        new float[0],
        null,
        new int[0][],
        VOCABULARY,
        0,
        10,
        new int[0],
        -1,
        -1);
  }
}
