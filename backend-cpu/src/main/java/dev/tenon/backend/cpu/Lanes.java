package dev.tenon.backend.cpu;

import java.nio.ByteOrder;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
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

  private static final VectorShuffle<Float> BY_8 = turned(8);
  private static final VectorShuffle<Float> BY_4 = turned(4);
  private static final VectorShuffle<Float> BY_2 = turned(2);
  private static final VectorShuffle<Float> BY_1 = turned(1);

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

  private static VectorShuffle<Float> turned(int by) {
    return VectorShuffle.fromOp(FLOATS, i -> (i + by) % COUNT);
  }
}
