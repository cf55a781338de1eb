package dev.tenon.engine.tck.contract;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tenon.engine.tck.Tolerance;
import dev.tenon.spi.backend.Backend;
import dev.tenon.spi.backend.ElementType;
import java.nio.FloatBuffer;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;

/**
 * What the contracts of operations share: a backend under test, one that computes by the plain
 * definitions (the CPU backend with {@code kernels=scalar}), and a bound on their distance.
 *
 * <p>A block stands between a random embedding and a random head. Sequences of different lengths
 * run through it in chunks and single steps; at each compared step the logits of their last rows
 * must agree.
 */
public abstract class OpsContract implements BackendUnderTest {
  /** The next width that the backend takes. */
  protected final int width(int least) {
    return Math.ceilDiv(least, multiple()) * multiple();
  }

  /** Prepares a model to run. */
  protected final ContractRun prepare(Backend backend, BlockModel model) {
    return new ContractRun(backend, pageSize(), model);
  }

  /** An element type that the backend takes. */
  protected final ElementType type(Backend backend, Random random) {
    List<ElementType> types = List.copyOf(backend.capabilities().weightTypes());
    return types.get(random.nextInt(types.size()));
  }

  /** Runs sequences on both backends and compares. */
  protected final void compare(BlockModel model, List<SequencePlan> plans) {
    compare(model, plans, 0);
  }

  /**
   * Runs sequences on both backends and compares.
   *
   * @param exceptions how many of the rows that differ may be beyond the bound, as a share; where a
   *     block keeps no state, equal tokens have equal rows
   */
  protected final void compare(BlockModel model, List<SequencePlan> plans, double exceptions) {
    List<List<float[]>> got;
    List<List<float[]>> wanted;
    try (Backend backend = open()) {
      got = prepare(backend, model).together(plans);
    }
    try (Backend backend = openDefinition()) {
      wanted = prepare(backend, model).together(plans);
    }
    Set<FloatBuffer> rows = new HashSet<>();
    Map<FloatBuffer, AssertionError> far = new LinkedHashMap<>();
    for (int sequence = 0; sequence < plans.size(); sequence++) {
      assertThat(got.get(sequence)).hasSameSizeAs(wanted.get(sequence));
      for (int step = 0; step < got.get(sequence).size(); step++) {
        FloatBuffer row = FloatBuffer.wrap(wanted.get(sequence).get(step));
        rows.add(row);
        try {
          assertClose(got.get(sequence).get(step), row.array());
        } catch (AssertionError e) {
          far.putIfAbsent(row, e);
        }
      }
    }
    if (far.size() > exceptions * rows.size()) {
      throw new AssertionError(
          "%d of %d rows are far off".formatted(far.size(), rows.size()),
          far.values().iterator().next());
    }
  }

  /** Asserts that rows of logits agree within the bound. */
  protected final void assertClose(float[] got, float[] wanted) {
    Tolerance.relative(bound()).requireNear(got, wanted, "logits");
  }
}
