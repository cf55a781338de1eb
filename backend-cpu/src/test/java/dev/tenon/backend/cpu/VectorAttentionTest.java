package dev.tenon.backend.cpu;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tenon.spi.backend.StateSpec;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class VectorAttentionTest {
  private final WorkerPool workers = new WorkerPool(2, "test");
  private final WorkerPool one = new WorkerPool(1, "test");
  private final ScalarKernels plain = new ScalarKernels();

  @AfterEach
  void close() {
    workers.close();
    one.close();
  }

  @Test
  void raggedRowsAreWithinRoundingOfTheDefinition() {
    Random random = Seeded.random("attention");
    int[][] shapes = {
      {8, 2, 32, 16}, {4, 4, 64, 1}, {16, 2, 256, 16}, {6, 1, 96, 7}, {4, 2, 20, 3}
    };
    for (int[] shape : shapes) {
      Case given = new Case(random, shape, new int[] {1, 5, 40}, new int[] {700, 3, 1100});
      float[] wanted = given.run(plain);
      float[] got = given.run(new VectorKernels(workers));
      VectorKernelsTest.close(got, wanted, 2e-5);
    }
  }

  @Test
  void aRowsResultIsTheSameBitsAloneAndInABatchAndOnAnyNumberOfThreads() {
    Random random = Seeded.random("attention alone");
    Case given =
        new Case(random, new int[] {8, 2, 64, 16}, new int[] {9, 1, 3}, new int[] {600, 1300, 2});
    float[] together = given.run(new VectorKernels(workers));
    assertThat(given.run(new VectorKernels(one))).isEqualTo(together);
    int width = 8 * 64;
    for (int row = 0; row < given.rows(); row++) {
      float[] alone = given.runRow(new VectorKernels(workers), row);
      assertThat(alone).isEqualTo(Arrays.copyOfRange(together, row * width, (row + 1) * width));
    }
  }

  private static final class Case {
    final int heads;
    final KvPool kv;
    final float[] query;
    final int[][] tables;
    final int[] positions;

    /** Sequences with some rows each, and one row that is skipped. */
    Case(Random random, int[] shape, int[] rows, int[] lengths) {
      heads = shape[0];
      int pageSize = shape[3];
      int pages = 1;
      for (int i = 0; i < rows.length; i++) {
        pages += Math.ceilDiv(lengths[i] + rows[i], pageSize);
      }
      kv = new KvPool(new StateSpec.PagedKv(0, shape[1], shape[2]), pageSize, pages);
      float[] keys = Seeded.values(random, kv.keys.length, 1f);
      float[] values = Seeded.values(random, kv.values.length, 1f);
      System.arraycopy(keys, 0, kv.keys, 0, keys.length);
      System.arraycopy(values, 0, kv.values, 0, values.length);
      List<Integer> free = new ArrayList<>();
      for (int page = 0; page < pages; page++) {
        free.add(page);
      }
      Collections.shuffle(free, random);
      int total = Arrays.stream(rows).sum() + 1;
      tables = new int[total][];
      positions = new int[total];
      int row = 1;
      for (int i = 0; i < rows.length; i++) {
        int[] table = new int[Math.ceilDiv(lengths[i] + rows[i], pageSize)];
        for (int page = 0; page < table.length; page++) {
          table[page] = free.removeLast();
        }
        for (int r = 0; r < rows[i]; r++) {
          tables[row] = table;
          positions[row++] = lengths[i] + r;
        }
      }
      query = Seeded.values(random, total * heads * shape[2], 1f);
    }

    int rows() {
      return tables.length;
    }

    float[] run(Kernels kernels) {
      float[] output = new float[query.length];
      Arrays.fill(output, Float.NaN);
      kernels.attention(
          new Kernels.Attention(rows(), heads, 0.2f, query, tables, positions, kv, output));
      return output;
    }

    float[] runRow(Kernels kernels, int row) {
      int width = heads * kv.headDim;
      float[] output = new float[width];
      kernels.attention(
          new Kernels.Attention(
              1,
              heads,
              0.2f,
              Arrays.copyOfRange(query, row * width, (row + 1) * width),
              new int[][] {tables[row]},
              new int[] {positions[row]},
              kv,
              output));
      return output;
    }
  }
}
