package dev.tenon.backend.cpu;

import dev.tenon.spi.backend.DeltaNetWeights;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * A delta net over the rows of one sequence.
 *
 * <pre>
 *   inputs: | window (convWidth − 1) | replayed drafts | row 0 | draft rows or further prompt rows |
 *                                     └── committed: the state advances ──┘ └ drafts: on a copy ┘
 * </pre>
 */
final class DeltaNetSequence {
  /** Prompt rows from which the chunked form is faster than the step-by-step one. */
  private static final int CHUNKED_FROM = 16;

  private final Kernels kernels;
  private final Buffers buffers;
  private final CpuWeights.DeltaNet block;
  private final DeltaNetLayout layout;
  private final RecurrentPool pool;
  private final int slot;
  private final int firstRow;
  private final int rows;
  private final int replayed;
  private final int committed;
  private final int total;

  DeltaNetSequence(
      Kernels kernels,
      Buffers buffers,
      CpuWeights.DeltaNet block,
      DeltaNetLayout layout,
      RecurrentPool pool,
      CpuRows at,
      int group) {
    this.kernels = kernels;
    this.buffers = buffers;
    this.block = block;
    this.layout = layout;
    this.pool = pool;
    slot = at.step().batch.slots()[group];
    firstRow = at.offsets()[group];
    rows = at.active()[group];
    replayed = at.step().replays[group];
    total = replayed + rows;
    committed = replayed + (at.step().isDecode(group) ? 1 : rows);
    if (at.positions()[firstRow] == 0) {
      Arrays.fill(pool.window[slot], 0f);
      Arrays.fill(pool.state[slot], 0f);
    }
  }

  /** Writes {@code [rows][valueHeads · valueDim]} of the sequence's rows into {@code output}. */
  void run(float[] projected, float[] gates, float[] output) {
    int channels = layout.channels();
    int history = block.weights().convWidth() - 1;
    float[] inputs = buffers.take((history + total) * channels);
    System.arraycopy(pool.window[slot], 0, inputs, 0, history * channels);
    System.arraycopy(pool.pendingInputs[slot], 0, inputs, history * channels, replayed * channels);
    float[] logDecay = buffers.take(total * layout.valueHeads());
    float[] beta = buffers.take(total * layout.valueHeads());
    readPendingGates(logDecay, beta);
    float[] mixed = buffers.take(total * channels);
    kernels.parallel(
        rows,
        row -> {
          layout.channels(
              projected,
              (firstRow + row) * layout.projectedWidth(),
              inputs,
              (history + replayed + row) * channels);
          readGates(gates, row, logDecay, beta);
        });
    kernels.parallel(total, row -> mixRow(row, inputs, mixed));
    float @Nullable [] copy = committed < total ? buffers.take(pool.state[slot].length) : null;
    kernels.parallel(
        layout.valueHeads(), head -> runHead(head, mixed, logDecay, beta, copy, output));
    keep(inputs, logDecay, beta);
    if (copy != null) {
      buffers.release(copy);
    }
    buffers.release(inputs);
    buffers.release(logDecay);
    buffers.release(beta);
    buffers.release(mixed);
  }

  private void mixRow(int row, float[] inputs, float[] mixed) {
    int channels = layout.channels();
    int to = row * channels;
    kernels.convolve(block.taps(), block.weights().convWidth(), channels, inputs, to, mixed, to);
    kernels.silu(mixed, to, channels);
    float scale = (float) (1 / Math.sqrt(layout.keyDim()));
    for (int head = 0; head < layout.keyHeads(); head++) {
      kernels.unit(mixed, to + head * layout.keyDim(), layout.keyDim(), scale);
      kernels.unit(mixed, to + layout.keyWidth() + head * layout.keyDim(), layout.keyDim(), 1f);
    }
  }

  private void runHead(
      int head,
      float[] mixed,
      float[] logDecay,
      float[] beta,
      float @Nullable [] copy,
      float[] output) {
    int size = layout.keyDim() * layout.valueDim();
    float[] state = pool.state[slot];
    if (replayed > 0) {
      kernels.deltaSteps(job(head, 0, replayed, state, mixed, logDecay, beta, null));
    }
    Kernels.Delta main =
        job(head, replayed, committed - replayed, state, mixed, logDecay, beta, output);
    if (committed - replayed >= CHUNKED_FROM) {
      kernels.deltaChunks(main);
    } else {
      kernels.deltaSteps(main);
    }
    if (copy != null) {
      System.arraycopy(state, head * size, copy, head * size, size);
      kernels.deltaSteps(
          job(head, committed, total - committed, copy, mixed, logDecay, beta, output));
    }
  }

  private Kernels.Delta job(
      int head,
      int from,
      int count,
      float[] state,
      float[] mixed,
      float[] logDecay,
      float[] beta,
      float @Nullable [] output) {
    int channels = layout.channels();
    int keyHead = head / layout.repeat();
    int base = from * channels;
    return new Kernels.Delta(
        count,
        layout.keyDim(),
        layout.valueDim(),
        state,
        head * layout.keyDim() * layout.valueDim(),
        mixed,
        base + keyHead * layout.keyDim(),
        mixed,
        base + layout.keyWidth() + keyHead * layout.keyDim(),
        channels,
        mixed,
        base + 2 * layout.keyWidth() + head * layout.valueDim(),
        channels,
        logDecay,
        beta,
        from * layout.valueHeads() + head,
        layout.valueHeads(),
        output,
        (firstRow + from - replayed) * layout.valueWidth() + head * layout.valueDim(),
        layout.valueWidth());
  }

  private void readGates(float[] gates, int row, float[] logDecay, float[] beta) {
    DeltaNetWeights weights = block.weights();
    int from = (firstRow + row) * layout.gatesWidth();
    int to = (replayed + row) * layout.valueHeads();
    for (int head = 0; head < layout.valueHeads(); head++) {
      int index = from + layout.betaIndex(head);
      beta[to + head] = Kernels.sigmoid(gates[index]);
      float time = gates[index + layout.repeat()] + weights.timeBias()[head];
      logDecay[to + head] = (float) (-Math.exp(weights.decayLog()[head]) * Kernels.softplus(time));
    }
  }

  private void readPendingGates(float[] logDecay, float[] beta) {
    int heads = layout.valueHeads();
    for (int row = 0; row < replayed; row++) {
      System.arraycopy(pool.pendingGates[slot], 2 * row * heads, logDecay, row * heads, heads);
      System.arraycopy(pool.pendingGates[slot], (2 * row + 1) * heads, beta, row * heads, heads);
    }
  }

  private void keep(float[] inputs, float[] logDecay, float[] beta) {
    int channels = layout.channels();
    int heads = layout.valueHeads();
    int history = block.weights().convWidth() - 1;
    System.arraycopy(inputs, committed * channels, pool.window[slot], 0, history * channels);
    int drafts = total - committed;
    System.arraycopy(
        inputs, (history + committed) * channels, pool.pendingInputs[slot], 0, drafts * channels);
    for (int row = 0; row < drafts; row++) {
      int from = (committed + row) * heads;
      System.arraycopy(logDecay, from, pool.pendingGates[slot], 2 * row * heads, heads);
      System.arraycopy(beta, from, pool.pendingGates[slot], (2 * row + 1) * heads, heads);
    }
  }
}
