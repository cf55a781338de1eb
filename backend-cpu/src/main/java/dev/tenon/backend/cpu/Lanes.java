package dev.tenon.backend.cpu;

import java.nio.ByteOrder;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorMask;
import jdk.incubator.vector.VectorShuffle;
import jdk.incubator.vector.VectorSpecies;

/**
 * The vector shape of this machine. Constants, because the compiler generates vector code only for
 * shapes that it knows; {@code -XX:UseAVX} and {@code -XX:MaxVectorSize} choose another one.
 */
final class Lanes {
  static final VectorSpecies<Float> FLOATS = FloatVector.SPECIES_PREFERRED;
  static final VectorSpecies<Integer> INTS = IntVector.SPECIES_PREFERRED;
  static final int COUNT = FLOATS.length();
  static final ByteOrder LITTLE = ByteOrder.LITTLE_ENDIAN;

  private static final VectorShuffle<Float> BY_8 = across(8);
  private static final VectorShuffle<Float> BY_4 = across(4);
  private static final VectorShuffle<Float> BY_2 = across(2);
  private static final VectorShuffle<Float> BY_1 = across(1);
  private static final VectorMask<Float> HALF_8 = half(8);
  private static final VectorMask<Float> HALF_4 = half(4);
  private static final VectorMask<Float> HALF_2 = half(2);
  private static final VectorMask<Float> HALF_1 = half(1);

  private Lanes() {}

  /**
   * Sum of all lanes in one fixed order: the library's own reduction leaves the order open, and
   * results must be the same bits before and after compilation.
   */
  static float sum(FloatVector v) {
    if (COUNT > 16) {
      return longSum(v);
    }
    FloatVector s = v;
    if (COUNT > 8) {
      s = s.add(s.rearrange(BY_8));
    }
    if (COUNT > 4) {
      s = s.add(s.rearrange(BY_4));
    }
    if (COUNT > 2) {
      s = s.add(s.rearrange(BY_2));
    }
    return s.add(s.rearrange(BY_1)).lane(0);
  }

  private static float longSum(FloatVector v) {
    float sum = 0f;
    for (float lane : v.toArray()) {
      sum += lane;
    }
    return sum;
  }

  /**
   * The sums of {@code COUNT} vectors that stand one after the other, each in the order of {@link
   * #sum}; their first {@code COUNT} elements become the sums.
   */
  static void sums(float[] vectors, int at) {
    if (COUNT > 16) {
      for (int i = 0; i < COUNT; i++) {
        vectors[at + i] = longSum(FloatVector.fromArray(FLOATS, vectors, at + i * COUNT));
      }
      return;
    }
    if (COUNT > 8) {
      for (int i = 0; i < 8; i++) {
        merge(vectors, at, i, 8, BY_8, HALF_8);
      }
    }
    if (COUNT > 4) {
      for (int i = 0; i < 4; i++) {
        merge(vectors, at, i, 4, BY_4, HALF_4);
      }
    }
    if (COUNT > 2) {
      merge(vectors, at, 0, 2, BY_2, HALF_2);
      merge(vectors, at, 1, 2, BY_2, HALF_2);
    }
    merge(vectors, at, 0, 1, BY_1, HALF_1);
  }

  /** Halves two vectors into the lanes of one. */
  private static void merge(
      float[] vectors,
      int at,
      int index,
      int distance,
      VectorShuffle<Float> across,
      VectorMask<Float> half) {
    int to = at + index * COUNT;
    FloatVector a = FloatVector.fromArray(FLOATS, vectors, to);
    FloatVector b = FloatVector.fromArray(FLOATS, vectors, to + distance * COUNT);
    a.blend(b, half).add(b.blend(a, half).rearrange(across)).intoArray(vectors, to);
  }

  private static VectorShuffle<Float> across(int by) {
    return VectorShuffle.fromOp(FLOATS, i -> (i ^ by) % COUNT);
  }

  private static VectorMask<Float> half(int by) {
    boolean[] set = new boolean[COUNT];
    for (int i = 0; i < COUNT; i++) {
      set[i] = (i & by) != 0;
    }
    return VectorMask.fromArray(FLOATS, set, 0);
  }
}
