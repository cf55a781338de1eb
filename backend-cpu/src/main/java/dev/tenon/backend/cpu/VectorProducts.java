package dev.tenon.backend.cpu;

import dev.tenon.spi.backend.HostMatrix;
import java.util.List;

/**
 * Products of activations with weights of any element type. The outputs of all products given at
 * once are cut into pieces that the workers take; a piece widens its weight rows and multiplies all
 * activation rows with them.
 */
final class VectorProducts {
  /** Elements of a widened panel for many rows: half a megabyte stays in the second-level cache. */
  private static final int PANEL_ELEMENTS = 128 * 1024;

  private static final int FEW_ROWS = 4;
  private static final int FEW_ROWS_PIECE = 32;
  private static final int MANY_ROWS_PIECE = 64;

  private final WorkerPool workers;
  private final ThreadLocal<Scratch> scratch = ThreadLocal.withInitial(Scratch::new);
  private float[] interleaved = new float[0];

  VectorProducts(WorkerPool workers) {
    this.workers = workers;
  }

  /** A product whose rows stand interleaved in {@link #interleaved}. */
  private record Task(Kernels.Product product, int offset, int stride, int piece, int firstPiece) {
    int end() {
      return firstPiece + Math.ceilDiv(product.weight().rows(), piece);
    }
  }

  /** A worker's scratch. */
  private static final class Scratch {
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
      if (product.rows() == 0 || product.weight().rows() == 0) {
        continue;
      }
      HostMatrix weight = product.weight();
      int stride = Interleaving.paddedLength(weight.type(), weight.columns());
      Task shared = count == 0 ? null : tasks[count - 1];
      boolean sameInput = shared != null && sameInput(shared.product(), product);
      int offset = sameInput && shared != null ? shared.offset() : elements;
      Task task = new Task(product, offset, stride, pieceSize(product, stride), pieces);
      if (!sameInput) {
        elements += stride * product.rows();
      }
      pieces = task.end();
      tasks[count++] = task;
    }
    if (interleaved.length < elements) {
      interleaved = new float[elements];
    }
    interleave(tasks, count);
    int known = count;
    workers.run(pieces, piece -> piece(tasks, known, piece));
  }

  private int pieceSize(Kernels.Product product, int stride) {
    int most = product.rows() <= FEW_ROWS ? FEW_ROWS_PIECE : MANY_ROWS_PIECE;
    int fitting = Math.max(4, PANEL_ELEMENTS / stride / 4 * 4);
    int fair = Math.ceilDiv(product.weight().rows(), 4 * workers.size() * 4) * 4;
    return Math.min(Math.min(most, fitting), Math.max(4, fair));
  }

  private static boolean sameInput(Kernels.Product a, Kernels.Product b) {
    return a.x() == b.x()
        && a.xOffset() == b.xOffset()
        && a.rows() == b.rows()
        && a.weight().columns() == b.weight().columns()
        && Interleaving.streams(a.weight().type()) == Interleaving.streams(b.weight().type());
  }

  private void interleave(Task[] tasks, int count) {
    int last = -1;
    for (int t = 0; t < count; t++) {
      Task task = tasks[t];
      if (task.offset() > last) {
        last = task.offset();
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
    for (int row = from; row < to; row++) {
      Interleaving.interleave(
          product.weight().type(),
          product.x(),
          product.xOffset() + row * columns,
          columns,
          interleaved,
          task.offset() + row * task.stride());
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
    if (task.product().rows() <= FEW_ROWS) {
      fewRows(task, first, end, mine);
    } else {
      manyRows(task, first, end, mine);
    }
  }

  /** Widens four weight rows at a time, which stay in the first-level cache. */
  private void fewRows(Task task, int first, int end, Scratch mine) {
    int stride = task.stride();
    float[] panel = mine.panel(4 * stride);
    for (int out = first; out < end; out += 4) {
      int outs = Math.min(4, end - out);
      WeightPanel.fill(task.product().weight(), out, outs, panel, stride);
      tile(task, 0, task.product().rows(), out, outs, panel, 0, mine.sums);
    }
  }

  private void manyRows(Task task, int first, int end, Scratch mine) {
    int stride = task.stride();
    float[] panel = mine.panel(Math.ceilDiv(end - first, 4) * 4 * stride);
    WeightPanel.fill(task.product().weight(), first, end - first, panel, stride);
    int rows = task.product().rows();
    for (int row = 0; row < rows; row += 4) {
      for (int out = first; out < end; out += 4) {
        int outs = Math.min(4, end - out);
        int at = (out - first) * stride;
        tile(task, row, Math.min(4, rows - row), out, outs, panel, at, mine.sums);
      }
    }
  }

  /**
   * Up to four rows with up to four outputs; a panel holds four rows, the last ones perhaps stale.
   */
  private void tile(
      Task task, int row, int rows, int out, int outs, float[] panel, int at, float[] sums) {
    int stride = task.stride();
    int x = task.offset() + row * stride;
    float[] from = interleaved;
    if (rows == 1) {
      ProductTile.one(from, x, panel, at, stride, stride, sums);
    } else if (rows == 2) {
      ProductTile.two(from, x, x + stride, panel, at, stride, stride, sums);
    } else {
      int last = rows == 3 ? x + 2 * stride : x + 3 * stride;
      int x1 = x + stride;
      ProductTile.four(from, x, x1, x1 + stride, last, panel, at, stride, stride, sums);
    }
    Kernels.Product product = task.product();
    for (int r = 0; r < rows; r++) {
      int to = product.yOffset() + (row + r) * product.yStride() + out;
      for (int o = 0; o < outs; o++) {
        product.y()[to + o] = ProductTile.sum(sums, 4 * r + o);
      }
    }
  }
}
