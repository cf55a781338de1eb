package dev.tenon.backend.cpu;

import java.util.Arrays;
import jdk.incubator.vector.FloatVector;

/**
 * The delta net's recurrence, step by step and in chunks. Widths are multiples of the vector
 * length.
 *
 * <p>A chunk of C rows with state S at its start, G the inclusive sums of g, K and Q its rows:
 *
 * <pre>
 *   A = stril(β_i · k_i·k_j · e^(G_i − G_j))        P = tril(q_i·k_j · e^(G_i − G_j))
 *   (I + A) D = β ⊙ (V − e^G ⊙ K S)                 solved row by row
 *   O = e^G ⊙ Q S + P D                             S ← e^(G_C) S + (e^(G_C − G) ⊙ K)ᵀ D
 * </pre>
 *
 * Only differences G_i − G_j with i ≥ j are exponentiated: they are never positive.
 */
final class VectorDelta {
  /** Rows of a chunk. */
  static final int CHUNK = 64;

  private static final int L = Lanes.COUNT;
  private static final int COLUMNS = 4;

  private final ThreadLocal<Scratch> scratch = ThreadLocal.withInitial(Scratch::new);

  private static final class Scratch {
    final float[] sums = new float[ProductTile.scratchLength()];
    final float[] gates = new float[CHUNK];
    final float[] corrections = new float[CHUNK * CHUNK];
    final float[] weights = new float[CHUNK * CHUNK];
    float[] keys = new float[0];
    float[] queries = new float[0];
    float[] turned = new float[0];
    float[] deltas = new float[0];
    float[] outputs = new float[0];

    void prepare(int keyDim, int valueDim) {
      if (keys.length < CHUNK * keyDim) {
        keys = new float[CHUNK * keyDim];
        queries = new float[CHUNK * keyDim];
        turned = new float[CHUNK * keyDim];
      }
      if (deltas.length < CHUNK * valueDim) {
        deltas = new float[CHUNK * valueDim];
        outputs = new float[CHUNK * valueDim];
      }
    }
  }

  static boolean serves(Kernels.Delta job) {
    return job.valueDim() % L == 0 && job.keyDim() % L == 0;
  }

  /**
   * Step by step. Columns of the state are independent: a block of them stays in the first cache.
   */
  void steps(Kernels.Delta job) {
    int column = 0;
    for (; column <= job.valueDim() - COLUMNS * L; column += COLUMNS * L) {
      for (int row = 0; row < job.rows(); row++) {
        wideStep(job, row, column);
      }
    }
    for (; column < job.valueDim(); column += L) {
      for (int row = 0; row < job.rows(); row++) {
        step(job, row, column);
      }
    }
  }

  private static float decay(Kernels.Delta job, int row) {
    return (float) Math.exp(job.logDecay()[job.gateOffset() + row * job.gateStride()]);
  }

  private static void wideStep(Kernels.Delta job, int row, int column) {
    float[] state = job.state();
    float[] keys = job.key();
    float[] queries = job.query();
    int width = job.valueDim();
    int key = job.keyOffset() + row * job.keyStride();
    int query = job.queryOffset() + row * job.keyStride();
    int value = job.valueOffset() + row * job.valueStride() + column;
    FloatVector decay = FloatVector.broadcast(Lanes.FLOATS, decay(job, row));
    float beta = job.beta()[job.gateOffset() + row * job.gateStride()];
    int start = job.stateOffset() + column;
    FloatVector r0 = FloatVector.zero(Lanes.FLOATS);
    FloatVector r1 = r0;
    FloatVector r2 = r0;
    FloatVector r3 = r0;
    for (int k = 0; k < job.keyDim(); k++) {
      int at = start + k * width;
      FloatVector f = FloatVector.broadcast(Lanes.FLOATS, keys[key + k]);
      r0 = FloatVector.fromArray(Lanes.FLOATS, state, at).mul(decay).fma(f, r0);
      r1 = FloatVector.fromArray(Lanes.FLOATS, state, at + L).mul(decay).fma(f, r1);
      r2 = FloatVector.fromArray(Lanes.FLOATS, state, at + 2 * L).mul(decay).fma(f, r2);
      r3 = FloatVector.fromArray(Lanes.FLOATS, state, at + 3 * L).mul(decay).fma(f, r3);
    }
    float[] values = job.value();
    FloatVector d0 = FloatVector.fromArray(Lanes.FLOATS, values, value).sub(r0).mul(beta);
    FloatVector d1 = FloatVector.fromArray(Lanes.FLOATS, values, value + L).sub(r1).mul(beta);
    FloatVector d2 = FloatVector.fromArray(Lanes.FLOATS, values, value + 2 * L).sub(r2).mul(beta);
    FloatVector d3 = FloatVector.fromArray(Lanes.FLOATS, values, value + 3 * L).sub(r3).mul(beta);
    FloatVector o0 = FloatVector.zero(Lanes.FLOATS);
    FloatVector o1 = o0;
    FloatVector o2 = o0;
    FloatVector o3 = o0;
    for (int k = 0; k < job.keyDim(); k++) {
      int at = start + k * width;
      FloatVector f = FloatVector.broadcast(Lanes.FLOATS, keys[key + k]);
      FloatVector q = FloatVector.broadcast(Lanes.FLOATS, queries[query + k]);
      FloatVector s = d0.fma(f, FloatVector.fromArray(Lanes.FLOATS, state, at).mul(decay));
      s.intoArray(state, at);
      o0 = s.fma(q, o0);
      s = d1.fma(f, FloatVector.fromArray(Lanes.FLOATS, state, at + L).mul(decay));
      s.intoArray(state, at + L);
      o1 = s.fma(q, o1);
      s = d2.fma(f, FloatVector.fromArray(Lanes.FLOATS, state, at + 2 * L).mul(decay));
      s.intoArray(state, at + 2 * L);
      o2 = s.fma(q, o2);
      s = d3.fma(f, FloatVector.fromArray(Lanes.FLOATS, state, at + 3 * L).mul(decay));
      s.intoArray(state, at + 3 * L);
      o3 = s.fma(q, o3);
    }
    float[] output = job.output();
    if (output != null) {
      int to = job.outputOffset() + row * job.outputStride() + column;
      o0.intoArray(output, to);
      o1.intoArray(output, to + L);
      o2.intoArray(output, to + 2 * L);
      o3.intoArray(output, to + 3 * L);
    }
  }

  private static void step(Kernels.Delta job, int row, int column) {
    float[] state = job.state();
    int width = job.valueDim();
    int key = job.keyOffset() + row * job.keyStride();
    int query = job.queryOffset() + row * job.keyStride();
    int value = job.valueOffset() + row * job.valueStride() + column;
    FloatVector decay = FloatVector.broadcast(Lanes.FLOATS, decay(job, row));
    float beta = job.beta()[job.gateOffset() + row * job.gateStride()];
    int start = job.stateOffset() + column;
    FloatVector read = FloatVector.zero(Lanes.FLOATS);
    for (int k = 0; k < job.keyDim(); k++) {
      FloatVector f = FloatVector.broadcast(Lanes.FLOATS, job.key()[key + k]);
      read = FloatVector.fromArray(Lanes.FLOATS, state, start + k * width).mul(decay).fma(f, read);
    }
    FloatVector delta = FloatVector.fromArray(Lanes.FLOATS, job.value(), value).sub(read).mul(beta);
    FloatVector out = FloatVector.zero(Lanes.FLOATS);
    for (int k = 0; k < job.keyDim(); k++) {
      int at = start + k * width;
      FloatVector f = FloatVector.broadcast(Lanes.FLOATS, job.key()[key + k]);
      FloatVector s = delta.fma(f, FloatVector.fromArray(Lanes.FLOATS, state, at).mul(decay));
      s.intoArray(state, at);
      out = s.fma(FloatVector.broadcast(Lanes.FLOATS, job.query()[query + k]), out);
    }
    float[] output = job.output();
    if (output != null) {
      out.intoArray(output, job.outputOffset() + row * job.outputStride() + column);
    }
  }

  /** In chunks of {@link #CHUNK} rows, the last one shorter. */
  void chunks(Kernels.Delta job) {
    Scratch mine = scratch.get();
    mine.prepare(job.keyDim(), job.valueDim());
    for (int first = 0; first < job.rows(); first += CHUNK) {
      chunk(job, first, Math.min(CHUNK, job.rows() - first), mine);
    }
  }

  private static void chunk(Kernels.Delta job, int first, int rows, Scratch mine) {
    int keyDim = job.keyDim();
    int valueDim = job.valueDim();
    load(job, first, rows, mine);
    triangles(job, first, rows, mine);
    float[] decays = mine.gates;
    // D starts as −β e^G K S, O as e^G Q S: the factors go into K and Q
    for (int i = 0; i < rows; i++) {
      float factor = (float) Math.exp(decays[i]);
      float beta = job.beta()[job.gateOffset() + (first + i) * job.gateStride()];
      int value = job.valueOffset() + (first + i) * job.valueStride();
      for (int c = 0; c < valueDim; c++) {
        mine.deltas[i * valueDim + c] = job.value()[value + c] * beta;
      }
      for (int k = 0; k < keyDim; k++) {
        mine.turned[i * keyDim + k] = -beta * factor * mine.keys[i * keyDim + k];
        mine.queries[i * keyDim + k] *= factor;
      }
    }
    float[] state = job.state();
    int s = job.stateOffset();
    RowCombination.add(
        rows,
        mine.turned,
        0,
        keyDim,
        keyDim,
        state,
        s,
        valueDim,
        mine.deltas,
        0,
        valueDim,
        valueDim);
    solve(rows, valueDim, mine);
    Arrays.fill(mine.outputs, 0, rows * valueDim, 0f);
    RowCombination.add(
        rows,
        mine.queries,
        0,
        keyDim,
        keyDim,
        state,
        s,
        valueDim,
        mine.outputs,
        0,
        valueDim,
        valueDim);
    RowCombination.add(
        rows,
        mine.weights,
        0,
        CHUNK,
        rows,
        mine.deltas,
        0,
        valueDim,
        mine.outputs,
        0,
        valueDim,
        valueDim);
    store(job, first, rows, mine);
    advance(job, rows, mine);
  }

  private static void load(Kernels.Delta job, int first, int rows, Scratch mine) {
    float sum = 0f;
    int keyDim = job.keyDim();
    for (int i = 0; i < rows; i++) {
      int row = first + i;
      sum += job.logDecay()[job.gateOffset() + row * job.gateStride()];
      mine.gates[i] = sum;
      System.arraycopy(
          job.key(), job.keyOffset() + row * job.keyStride(), mine.keys, i * keyDim, keyDim);
      System.arraycopy(
          job.query(), job.queryOffset() + row * job.keyStride(), mine.queries, i * keyDim, keyDim);
    }
  }

  /** Leaves −A, strictly below the diagonal, and P, with the diagonal. */
  private static void triangles(Kernels.Delta job, int first, int rows, Scratch mine) {
    Arrays.fill(mine.corrections, 0f);
    Arrays.fill(mine.weights, 0f);
    for (int i = 0; i < rows; i += 4) {
      int n = Math.min(4, rows - i);
      for (int j = 0; j < i + n; j += 4) {
        triangleTile(job, first, i, n, j, mine.keys, mine.corrections, mine);
        triangleTile(job, first, i, n, j, mine.queries, mine.weights, mine);
      }
    }
  }

  private static void triangleTile(
      Kernels.Delta job, int first, int i, int n, int j, float[] rows, float[] out, Scratch mine) {
    int dim = job.keyDim();
    ProductTile.four(
        rows,
        i * dim,
        (i + Math.min(1, n - 1)) * dim,
        (i + Math.min(2, n - 1)) * dim,
        (i + n - 1) * dim,
        mine.keys,
        j * dim,
        dim,
        dim,
        mine.sums);
    boolean strict = out == mine.corrections;
    for (int a = 0; a < n; a++) {
      int row = i + a;
      float factor = strict ? -job.beta()[job.gateOffset() + (first + row) * job.gateStride()] : 1f;
      for (int b = 0; b < 4 && (strict ? j + b < row : j + b <= row); b++) {
        float decay = (float) Math.exp(mine.gates[row] - mine.gates[j + b]);
        out[row * CHUNK + j + b] = ProductTile.sum(mine.sums, 4 * a + b) * decay * factor;
      }
    }
  }

  private static void solve(int rows, int width, Scratch mine) {
    float[] deltas = mine.deltas;
    for (int i = 0; i < rows; i += 4) {
      int n = Math.min(4, rows - i);
      RowCombination.four(
          n,
          mine.corrections,
          i * CHUNK,
          CHUNK,
          i,
          deltas,
          0,
          width,
          deltas,
          i * width,
          width,
          width);
      for (int a = 1; a < n; a++) {
        int coefficients = (i + a) * CHUNK + i;
        RowCombination.four(
            1,
            mine.corrections,
            coefficients,
            CHUNK,
            a,
            deltas,
            i * width,
            width,
            deltas,
            (i + a) * width,
            width,
            width);
      }
    }
  }

  private static void store(Kernels.Delta job, int first, int rows, Scratch mine) {
    float[] output = job.output();
    if (output != null) {
      for (int i = 0; i < rows; i++) {
        System.arraycopy(
            mine.outputs,
            i * job.valueDim(),
            output,
            job.outputOffset() + (first + i) * job.outputStride(),
            job.valueDim());
      }
    }
  }

  private static void advance(Kernels.Delta job, int rows, Scratch mine) {
    int keyDim = job.keyDim();
    int width = job.valueDim();
    float last = mine.gates[rows - 1];
    for (int i = 0; i < rows; i++) {
      float factor = (float) Math.exp(last - mine.gates[i]);
      for (int k = 0; k < keyDim; k++) {
        mine.turned[k * rows + i] = factor * mine.keys[i * keyDim + k];
      }
    }
    float decay = (float) Math.exp(last);
    float[] state = job.state();
    int at = job.stateOffset();
    for (int i = at; i < at + keyDim * width; i += L) {
      FloatVector.fromArray(Lanes.FLOATS, state, i).mul(decay).intoArray(state, i);
    }
    RowCombination.add(
        keyDim, mine.turned, 0, rows, rows, mine.deltas, 0, width, state, at, width, width);
  }
}
