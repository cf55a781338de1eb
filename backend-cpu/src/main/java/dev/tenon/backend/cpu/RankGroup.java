package dev.tenon.backend.cpu;

import dev.tenon.api.ErrorCode;
import dev.tenon.api.TenonException;
import java.util.concurrent.BrokenBarrierException;
import java.util.concurrent.CyclicBarrier;

/**
 * The ranks of a group, as threads that meet. Each rank shows an array and, once all have, reads
 * the others'; the order of summation is that of the ranks, so all get the same bits.
 */
final class RankGroup {
  private final int size;
  private final float[][] shown;
  private final CyclicBarrier barrier;

  RankGroup(int size) {
    this.size = size;
    this.shown = new float[size][];
    this.barrier = new CyclicBarrier(size);
  }

  int size() {
    return size;
  }

  /** Sums {@code length} elements over ranks into a rank's own {@code result}. */
  void sum(int rank, float[] mine, float[] result, int length) {
    show(rank, mine);
    float[] first = shown[0];
    System.arraycopy(first, 0, result, 0, length);
    for (int other = 1; other < size; other++) {
      float[] values = shown[other];
      for (int i = 0; i < length; i++) {
        result[i] += values[i];
      }
    }
    meet();
  }

  /** Joins the columns of the ranks' {@code [rows, width]} matrices. */
  void join(int rank, float[] mine, int[] widths, int rows, float[] result) {
    show(rank, mine);
    int total = 0;
    for (int width : widths) {
      total += width;
    }
    int column = 0;
    for (int other = 0; other < size; other++) {
      for (int row = 0; row < rows; row++) {
        System.arraycopy(
            shown[other], row * widths[other], result, row * total + column, widths[other]);
      }
      column += widths[other];
    }
    meet();
  }

  /** Copies one rank's elements to all. */
  void copy(int rank, int root, float[] mine, int length) {
    show(rank, mine);
    if (rank != root) {
      System.arraycopy(shown[root], 0, mine, 0, length);
    }
    meet();
  }

  /** Lets every waiting rank fail: a rank that ended would otherwise be waited for. */
  void abandon() {
    barrier.reset();
  }

  private void show(int rank, float[] mine) {
    shown[rank] = mine;
    meet();
  }

  private void meet() {
    try {
      barrier.await();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new TenonException(ErrorCode.CLOSED, "a rank was interrupted", e);
    } catch (BrokenBarrierException e) {
      throw new TenonException(ErrorCode.DEVICE_FAULT, "another rank failed", e);
    }
  }
}
