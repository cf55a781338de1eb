package dev.tenon.engine.runtime.weights;

import dev.tenon.api.ErrorCode;
import dev.tenon.api.TenonException;
import dev.tenon.spi.backend.ElementType;
import dev.tenon.spi.model.Checkpoint;
import dev.tenon.spi.model.TensorSpec;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Predicate;

/** Holds the tensors of a checkpoint against those that its model declares. */
public final class TensorChecks {
  private static final int MOST_SHOWN = 10;

  private final Map<String, Checkpoint.Entry> entries;
  private final Quantisation quantisation;
  private final Set<ElementType> matrixTypes;
  private final List<String> problems = new ArrayList<>();
  private int count;

  private TensorChecks(
      Map<String, Checkpoint.Entry> entries,
      Quantisation quantisation,
      Set<ElementType> matrixTypes) {
    this.entries = entries;
    this.quantisation = quantisation;
    this.matrixTypes = matrixTypes;
  }

  /**
   * Checks names, shapes, element types and scales.
   *
   * @param wanted tensors that will be loaded
   * @param known tensors that the checkpoint may hold beyond those
   * @param ignored further names that may be there
   * @param matrixTypes element types that the backend takes
   * @throws TenonException {@code INVALID_CHECKPOINT} listing the first ten problems
   */
  public static void check(
      Map<String, Checkpoint.Entry> entries,
      List<TensorSpec> wanted,
      List<TensorSpec> known,
      Predicate<String> ignored,
      Quantisation quantisation,
      Set<ElementType> matrixTypes) {
    TensorChecks checks = new TensorChecks(entries, quantisation, matrixTypes);
    wanted.forEach(checks::tensor);
    checks.unknown(wanted, known, ignored);
    checks.report();
  }

  private void tensor(TensorSpec spec) {
    Checkpoint.Entry entry = entries.get(spec.name());
    if (entry == null) {
      problem("tensor '%s' is missing; expected shape %s", spec.name(), spec.shape());
      return;
    }
    String place = entry.file() + ": tensor '" + spec.name() + "'";
    if (!entry.shape().equals(spec.shape())) {
      problem("%s: expected shape %s, found %s", place, spec.shape(), entry.shape());
    }
    String scaleName = spec.name() + Quantisation.SCALE_SUFFIX;
    Checkpoint.Entry scale = entries.get(scaleName);
    if (entry.type() != ElementType.F8_E4M3) {
      if (scale != null) {
        problem("%s: has block scales, so expected F8_E4M3, found %s", place, entry.type());
      }
      if (spec.shape().size() > 1 && !matrixTypes.contains(entry.type())) {
        problem("%s: the backend takes %s, found %s", place, matrixTypes, entry.type());
      }
      return;
    }
    if (spec.quantisation() == TensorSpec.Quantisation.NEVER) {
      problem("%s: expected BF16, F16 or F32, found F8_E4M3", place);
    } else if (!matrixTypes.contains(entry.type())) {
      problem("%s: the backend takes %s, found F8_E4M3", place, matrixTypes);
    } else if (scale == null) {
      problem("%s: is F8_E4M3, but its scales '%s' are missing", place, scaleName);
    } else {
      scale(spec, scaleName, scale);
    }
  }

  private void scale(TensorSpec spec, String name, Checkpoint.Entry scale) {
    List<Long> expected = quantisation.scaleShape(spec.shape());
    String place = scale.file() + ": tensor '" + name + "'";
    if (!scale.shape().equals(expected)) {
      problem(
          "%s: expected shape %s, a scale per %d x %d block, found %s",
          place, expected, quantisation.blockRows(), quantisation.blockColumns(), scale.shape());
    }
    if (scale.type() != ElementType.BF16 && scale.type() != ElementType.F32) {
      problem("%s: expected BF16 or F32, found %s", place, scale.type());
    }
  }

  private void unknown(List<TensorSpec> wanted, List<TensorSpec> known, Predicate<String> ignored) {
    Set<String> names = new HashSet<>();
    wanted.forEach(spec -> names.add(spec.name()));
    known.forEach(spec -> names.add(spec.name()));
    entries.forEach((name, entry) -> {
      boolean scale =
          name.endsWith(Quantisation.SCALE_SUFFIX)
              && names.contains(
                  name.substring(0, name.length() - Quantisation.SCALE_SUFFIX.length()));
      if (!scale && !names.contains(name) && !ignored.test(name)) {
        problem(
            "%s: tensor '%s' %s is unknown to this model",
            entry.file(), Damage.shown(name), entry.shape());
      }
    });
  }

  private void problem(String format, Object... values) {
    count++;
    if (problems.size() < MOST_SHOWN) {
      problems.add(String.format(java.util.Locale.ROOT, format, values));
    }
  }

  private void report() {
    if (count == 0) {
      return;
    }
    String rest = count > MOST_SHOWN ? "\n  … and " + (count - MOST_SHOWN) + " more" : "";
    throw new TenonException(
        ErrorCode.INVALID_CHECKPOINT,
        "the checkpoint's tensors are not those that its config.json implies ("
            + count
            + (count == 1 ? " problem" : " problems")
            + "):\n  "
            + String.join("\n  ", problems)
            + rest);
  }
}
