package dev.tenon.backend.cpu;

import dev.tenon.spi.backend.HostMatrix;
import java.util.List;

/**
 * Products of activations with weights of any element type. The outputs of all products given at
 * once are cut into pieces that the workers take. With few rows the weights are widened on their
 * way to the registers; with many, a panel of them is widened into the second-level cache. Both
 * take every sum in the same order, so a row's result does not depend on how many rows there are.
 */
final class VectorProducts {
  /** Elements of a widened panel: half a megabyte stays in the second-level cache. */
  private static final int PANEL_ELEMENTS = 128 * 1024;

  private static final int MANY_ROWS_PIECE = 64;
  private static final int L = Lanes.COUNT;

  private final WorkerPool workers;
  private final ThreadLocal<Scratch> scratch = ThreadLocal.withInitial(Scratch::new);
  private float[] interleaved = new float[0];

  VectorProducts(WorkerPool workers) {
    this.workers = workers;
  }

  /**
   * A product whose rows stand interleaved.
   *
   * @param offset of its first row there
   * @param stride elements of a padded row
   * @param piece outputs of a piece
   * @param firstPiece number of its first piece among all tasks' pieces
   */
  private record Task(Kernels.Product product, int offset, int stride, int piece, int firstPiece) {
    int end() {
      return firstPiece + Math.ceilDiv(product.weight().rows(), piece);
    }

    boolean hasFewRows() {
      return product.rows() <= FewRows.MOST;
    }

    int elements() {
      int rows = product.rows();
      return stride * (hasFewRows() ? rows : Math.ceilDiv(rows, WideTile.ROWS) * WideTile.ROWS);
    }
  }

  /** A worker's scratch. */
  private static final class Scratch {
    final BlockFactors factors = new BlockFactors();
    final FewRows fewRows = new FewRows(factors);
    final float[] sums = new float[ProductTile.scratchLength()];
    float[] panel = new float[0];

    float[] panel(int length) {
      if (panel.length < length) {
        panel = new float[length];
      }
      return panel;
    }
  }

  /** Does the products. */
  void multiply(List<Kernels.Product> products) {
    Task[] tasks = new Task[products.size()];
    int elements = 0;
    int pieces = 0;
    int count = 0;
    for (Kernels.Product product : products) {
      if (product.rows() > 0 && product.weight().rows() > 0) {
        HostMatrix weight = product.weight();
        int stride = Interleaving.paddedLength(weight.type(), weight.columns());
        Task before = count == 0 ? null : tasks[count - 1];
        boolean shared = before != null && sameInput(before.product(), product);
        int offset = before != null && shared ? before.offset() : elements;
        Task task = new Task(product, offset, stride, pieceSize(product, stride), pieces);
        elements = Math.max(elements, Math.addExact(offset, task.elements()));
        pieces = task.end();
        tasks[count++] = task;
      }
    }
    if (interleaved.length < elements) {
      interleaved = new float[elements];
    }
    interleave(tasks, count);
    int known = count;
    workers.run(pieces, piece -> piece(tasks, known, piece));
  }

  private int pieceSize(Kernels.Product product, int stride) {
    int most =
        product.rows() <= FewRows.MOST
            ? FewRows.PIECE
            : Math.min(MANY_ROWS_PIECE, Math.max(4, PANEL_ELEMENTS / stride / 4 * 4));
    int fair = Math.ceilDiv(product.weight().rows(), 16 * workers.size()) * 4;
    return Math.min(most, fair);
  }

  private static boolean sameInput(Kernels.Product a, Kernels.Product b) {
    return a.x() == b.x()
        && a.xOffset() == b.xOffset()
        && a.rows() == b.rows()
        && a.weight().columns() == b.weight().columns()
        && Interleaving.streams(a.weight().type()) == Interleaving.streams(b.weight().type());
  }

  private void interleave(Task[] tasks, int count) {
    int done = -1;
    for (int t = 0; t < count; t++) {
      Task task = tasks[t];
      if (task.offset() > done) {
        done = task.offset();
        int rows = task.product().rows();
        int share = Math.max(1, 32 * 1024 / task.stride());
        workers.run(
            Math.ceilDiv(rows, share),
            part -> interleave(task, part * share, Math.min(rows, (part + 1) * share)));
      }
    }
  }

  private void interleave(Task task, int from, int to) {
    Kernels.Product product = task.product();
    int columns = product.weight().columns();
    boolean packed = !task.hasFewRows();
    for (int row = from; row < to; row++) {
      int group = row / WideTile.ROWS * WideTile.ROWS;
      int at = packed ? group * task.stride() + row % WideTile.ROWS * L : row * task.stride();
      Interleaving.interleave(
          product.weight().type(),
          product.x(),
          product.xOffset() + row * columns,
          columns,
          interleaved,
          task.offset() + at,
          packed ? WideTile.ROWS * L : L);
    }
  }

  private void piece(Task[] tasks, int count, int piece) {
    int t = 0;
    while (t < count && piece >= tasks[t].end()) {
      t++;
    }
    Task task = tasks[t];
    int first = (piece - task.firstPiece()) * task.piece();
    int end = Math.min(task.product().weight().rows(), first + task.piece());
    Scratch mine = scratch.get();
    int next;
    for (int out = first; out < end; out = next) {
      next = BlockFactors.sameScales(task.product().weight(), out, end);
      if (task.hasFewRows()) {
        mine.fewRows.multiply(task.product(), interleaved, task.offset(), task.stride(), out, next);
      } else {
        manyRows(task, out, next, mine);
      }
    }
  }

  private void manyRows(Task task, int first, int end, Scratch mine) {
    int stride = task.stride();
    int tile = WideTile.OUTPUTS * stride;
    float[] panel = mine.panel(Math.ceilDiv(end - first, WideTile.OUTPUTS) * tile);
    HostMatrix weight = task.product().weight();
    for (int out = first; out < end; out++) {
      int within = out - first;
      int at = within / WideTile.OUTPUTS * tile + within % WideTile.OUTPUTS * L;
      WeightPanel.fill(weight, out, panel, at, WideTile.OUTPUTS * L);
    }
    boolean scaled = BlockFactors.servesActivations(weight);
    if (scaled) {
      mine.factors.read(weight, first, stride, 1f);
    }
    for (int row = 0; row < task.product().rows(); row += WideTile.ROWS) {
      float[] x = interleaved;
      int xAt = task.offset() + row * stride;
      if (scaled) {
        x = mine.factors.multiply(interleaved, xAt, WideTile.ROWS, stride, true);
        xAt = 0;
      }
      for (int out = first; out < end; out += WideTile.OUTPUTS) {
        int at = (out - first) * stride;
        WideTile.multiply(x, xAt, panel, at, stride / L, mine.sums);
        store(task.product(), row, out, end, mine.sums);
      }
    }
  }

  private static void store(Kernels.Product product, int row, int out, int end, float[] sums) {
    int rows = Math.min(WideTile.ROWS, product.rows() - row);
    int outs = Math.min(WideTile.OUTPUTS, end - out);
    for (int at = 0; at < WideTile.ROWS * WideTile.OUTPUTS; at += L) {
      Lanes.sums(sums, at * L);
    }
    for (int r = 0; r < rows; r++) {
      int to = product.yOffset() + (row + r) * product.yStride() + out;
      for (int o = 0; o < outs; o++) {
        int index = WideTile.OUTPUTS * r + o;
        product.y()[to + o] = sums[index / L * L * L + index % L];
      }
    }
  }
}
