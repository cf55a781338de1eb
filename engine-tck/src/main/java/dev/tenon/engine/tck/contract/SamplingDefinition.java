package dev.tenon.engine.tck.contract;

import dev.tenon.spi.backend.NoiseStream;
import dev.tenon.spi.backend.SlotSampling;
import java.util.Arrays;
import java.util.Comparator;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/**
 * What {@link SlotSampling} says, in double precision, about one row. Whatever hangs on less than a
 * rounding of f32 (which id a cut of top-k, top-p or min-p still lets in, which of two scores is
 * the greater) may come out either way.
 */
final class SamplingDefinition {
  private static final float GREEDY_BELOW = 1e-5f;
  private static final double ROUNDING = 2e-5;

  private final SlotSampling sampling;
  private final double[] logits;
  private final int outputs;

  /**
   * A row.
   *
   * @param row its raw logits
   * @param tokens prompt and output so far
   * @param mask ids allowed, or {@code null} for all
   */
  SamplingDefinition(
      float[] row, SlotSampling sampling, int[] tokens, int promptLength, long @Nullable [] mask) {
    this.sampling = sampling;
    outputs = tokens.length - promptLength;
    logits = IntStream.range(0, row.length).mapToDouble(id -> row[id]).toArray();
    forbid(mask);
    penalise(tokens, promptLength);
    for (int i = 0; i < sampling.biasIds().length; i++) {
      logits[sampling.biasIds()[i]] += sampling.biases()[i];
    }
    for (int[] word : sampling.badWords()) {
      int before = word.length - 1;
      if (outputs >= before
          && Arrays.equals(
              Arrays.copyOfRange(tokens, tokens.length - before, tokens.length),
              Arrays.copyOf(word, before))) {
        logits[word[before]] = Double.NEGATIVE_INFINITY;
      }
    }
  }

  private void forbid(long @Nullable [] mask) {
    int[] allowed = sampling.allowedTokenIds();
    for (int id = 0; id < logits.length; id++) {
      boolean open =
          id < sampling.usableIds()
              && (allowed == null || Arrays.binarySearch(allowed, id) >= 0)
              && (mask == null || (mask[id / 64] >>> (id % 64) & 1) == 1);
      if (!open) {
        logits[id] = Double.NEGATIVE_INFINITY;
      }
    }
    if (outputs < sampling.minTokens()) {
      Arrays.stream(sampling.endIds()).forEach(id -> logits[id] = Double.NEGATIVE_INFINITY);
    }
  }

  private void penalise(int[] tokens, int promptLength) {
    double repetition = sampling.repetitionPenalty();
    Arrays.stream(tokens)
        .distinct()
        .forEach(
            id -> logits[id] = logits[id] > 0 ? logits[id] / repetition : logits[id] * repetition);
    int[] output = Arrays.copyOfRange(tokens, promptLength, tokens.length);
    Arrays.stream(output).forEach(id -> logits[id] -= sampling.frequencyPenalty());
    Arrays.stream(output).distinct().forEach(id -> logits[id] -= sampling.presencePenalty());
  }

  /** Whether a token is the one to draw, or one that rounding may make it. */
  boolean allows(int token) {
    double greatest = Arrays.stream(logits).max().orElseThrow();
    if (greatest == Double.NEGATIVE_INFINITY) {
      return true; // nothing is left to draw from
    }
    double rounding = ROUNDING * (1 + Math.abs(greatest));
    if (sampling.temperature() < GREEDY_BELOW) {
      return logits[token] >= greatest - rounding;
    }
    boolean[] certain = kept(-1);
    boolean[] possible = kept(1);
    double best = Double.NEGATIVE_INFINITY;
    for (int id = 0; id < logits.length; id++) {
      best = certain[id] ? Math.max(best, score(id)) : best;
    }
    return possible[token] && score(token) >= best - rounding / sampling.temperature() - rounding;
  }

  private double score(int id) {
    double uniform = NoiseStream.uniform(NoiseStream.key(sampling.seed(), outputs), id);
    return logits[id] / sampling.temperature() - Math.log(-Math.log(uniform));
  }

  /**
   * Ids that top-k, top-p and min-p leave.
   *
   * @param favour −1 where a rounding decides against an id, 1 where it decides for it
   */
  private boolean[] kept(int favour) {
    double temperature = sampling.temperature();
    int[] order =
        IntStream.range(0, logits.length)
            .boxed()
            .sorted(Comparator.comparingDouble((Integer id) -> -logits[id]))
            .mapToInt(Integer::intValue)
            .toArray();
    double greatest = logits[order[0]];
    double margin = favour * ROUNDING * (1 + Math.abs(greatest)) / temperature;
    int count = sampling.topK() == 0 ? order.length : Math.min(sampling.topK(), order.length);
    double step = ROUNDING * (1 + Math.abs(greatest));
    double least =
        count == order.length
            ? Double.NEGATIVE_INFINITY
            : favour > 0 ? logits[order[count - 1]] - step : logits[order[count]] + step;
    double total =
        Arrays.stream(order, 0, count)
            .mapToDouble(id -> Math.exp((logits[id] - greatest) / temperature))
            .sum();
    boolean[] kept = new boolean[logits.length];
    double mass = 0;
    for (int id : order) {
      double weight = Math.exp((logits[id] - greatest) / temperature);
      boolean inTop = logits[id] >= least;
      boolean inMass = sampling.topP() >= 1 || mass < (sampling.topP() + margin) * total;
      boolean heavy = weight * (1 + margin) >= sampling.minP();
      kept[id] =
          id == order[0] || (logits[id] > Double.NEGATIVE_INFINITY && inTop && inMass && heavy);
      mass += weight;
    }
    return kept;
  }
}
