package dev.tenon.backend.cpu;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.tenon.spi.backend.ElementType;
import dev.tenon.spi.backend.HostMatrix;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class VectorProductsTest {
  private final WorkerPool workers = new WorkerPool(3, "test");
  private final VectorProducts products = new VectorProducts(workers);
  private final ScalarKernels definition = new ScalarKernels();

  @AfterEach
  void close() {
    workers.close();
  }

  @ParameterizedTest
  @EnumSource
  void oddShapesAreWithinRoundingOfTheDefinition(ElementType type) {
    Random random = Seeded.random("products " + type);
    for (int trial = 0; trial < 60; trial++) {
      int rows = 1 + random.nextInt(trial % 2 == 0 ? 9 : 70);
      int columns = 1 + random.nextInt(300);
      HostMatrix weight = TestMatrices.random(random, type, 1 + random.nextInt(150), columns);
      compare(random, weight, rows);
    }
  }

  @ParameterizedTest
  @EnumSource
  void wholeBlocksAreWithinRoundingOfTheDefinition(ElementType type) {
    Random random = Seeded.random("aligned products " + type);
    for (int rows : new int[] {1, 2, 3, 4, 5, 64}) {
      compare(random, TestMatrices.aligned(random, type, 256, 512), rows);
      compare(random, TestMatrices.aligned(random, type, 130, 1024).slicedColumns(64, 192), rows);
    }
  }

  @ParameterizedTest
  @EnumSource
  void aRowsResultIsTheSameBitsAloneAndInAnyBatch(ElementType type) {
    Random random = Seeded.random("rows alone " + type);
    HostMatrix weight = TestMatrices.aligned(random, type, 141, 640);
    int rows = 23;
    float[] x = Seeded.values(random, rows * 640, 1f);
    float[] together = new float[rows * 141];
    products.multiply(List.of(Kernels.Product.of(weight, x, rows, together)));
    for (int row = 0; row < rows; row++) {
      float[] alone = new float[141];
      float[] own = Arrays.copyOfRange(x, row * 640, (row + 1) * 640);
      products.multiply(List.of(Kernels.Product.of(weight, own, 1, alone)));
      assertThat(alone).isEqualTo(Arrays.copyOfRange(together, row * 141, (row + 1) * 141));
    }
  }

  @Test
  void manyProductsAtOnceGiveWhatEachGivesAlone() {
    Random random = Seeded.random("many products");
    List<Kernels.Product> all = new ArrayList<>();
    float[] x = Seeded.values(random, 40 * 128, 1f);
    float[] y = new float[1 << 16];
    int at = 0;
    int from = 0;
    for (int i = 0; i < 12; i++) {
      ElementType type = ElementType.values()[i % 4];
      int rows = i % 5;
      HostMatrix weight = TestMatrices.aligned(random, type, 10 + 7 * i, 128);
      all.add(new Kernels.Product(weight, x, from, rows, y, at, weight.rows()));
      at += rows * weight.rows();
      from += rows * 128;
    }
    products.multiply(all);
    float[] together = y.clone();
    Arrays.fill(y, Float.NaN);
    for (Kernels.Product product : all) {
      products.multiply(List.of(product));
    }
    assertThat(Arrays.copyOf(y, at)).isEqualTo(Arrays.copyOf(together, at));
  }

  private void compare(Random random, HostMatrix weight, int rows) {
    int columns = weight.columns();
    float[] x = Seeded.values(random, rows * columns + 5, 1f);
    float[] fast = new float[rows * weight.rows()];
    float[] plain = fast.clone();
    Kernels.Product job = new Kernels.Product(weight, x, 5, rows, fast, 0, weight.rows());
    products.multiply(List.of(job));
    definition.products(List.of(new Kernels.Product(weight, x, 5, rows, plain, 0, weight.rows())));
    float[] w = new float[columns];
    for (int out = 0; out < weight.rows(); out++) {
      MatrixElements.row(weight, out, w, 0);
      for (int row = 0; row < rows; row++) {
        double magnitude = 0;
        for (int i = 0; i < columns; i++) {
          magnitude += Math.abs(x[5 + row * columns + i] * w[i]);
        }
        int at = row * weight.rows() + out;
        // each of the columns' roundings is at most half a unit of the sum of magnitudes
        assertThat((double) fast[at])
            .isCloseTo(plain[at], within(1e-7 * magnitude * (8 + columns / 8.0) + 1e-30));
      }
    }
  }
}
