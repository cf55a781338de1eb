package dev.tenon.backend.cpu;

import dev.tenon.spi.backend.DeltaNetWeights;

/**
 * Where a delta net's projections have what. Per key head the projection has q, k, r values and r
 * output gates; the convolution's channels are all q, all k, all v.
 *
 * @param keyHeads key heads
 * @param repeat value heads per key head, r
 * @param keyDim elements of a key
 * @param valueDim elements of a value
 */
record DeltaNetLayout(int keyHeads, int repeat, int keyDim, int valueDim) {
  DeltaNetLayout(DeltaNetWeights weights) {
    this(
        weights.keyHeads(),
        weights.valueHeads() / weights.keyHeads(),
        weights.keyDim(),
        weights.valueDim());
  }

  int valueHeads() {
    return keyHeads * repeat;
  }

  int projectedWidth() {
    return keyHeads * groupWidth();
  }

  int gatesWidth() {
    return 2 * valueHeads();
  }

  int valueWidth() {
    return valueHeads() * valueDim;
  }

  int keyWidth() {
    return keyHeads * keyDim;
  }

  int channels() {
    return 2 * keyWidth() + valueWidth();
  }

  /** Offset of a value head's output gate in a projected row. */
  int gateOffset(int valueHead) {
    return valueHead / repeat * groupWidth()
        + 2 * keyDim
        + (repeat + valueHead % repeat) * valueDim;
  }

  /** Index of b of a value head in a row of gates; a follows {@code repeat} further. */
  int betaIndex(int valueHead) {
    return valueHead / repeat * 2 * repeat + valueHead % repeat;
  }

  /** Picks the convolution's channels out of a projected row. */
  void channels(float[] projected, int from, float[] out, int to) {
    for (int head = 0; head < keyHeads; head++) {
      int group = from + head * groupWidth();
      System.arraycopy(projected, group, out, to + head * keyDim, keyDim);
      System.arraycopy(projected, group + keyDim, out, to + keyWidth() + head * keyDim, keyDim);
      System.arraycopy(
          projected,
          group + 2 * keyDim,
          out,
          to + 2 * keyWidth() + head * repeat * valueDim,
          repeat * valueDim);
    }
  }

  private int groupWidth() {
    return 2 * keyDim + 2 * repeat * valueDim;
  }
}
