package dev.tenon.engine.runtime.opening;

import dev.tenon.api.ErrorCode;
import dev.tenon.api.TenonException;
import dev.tenon.engine.runtime.plugins.Installed;
import dev.tenon.spi.Probe;
import dev.tenon.spi.model.Checkpoint;
import dev.tenon.spi.model.ModelProvider;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Finds the model plugin that reads a checkpoint. */
final class ModelChoice {
  private ModelChoice() {}

  /**
   * The plugin that recognises the checkpoint with the highest score, the first where equal.
   *
   * @throws TenonException {@code PLUGIN_NOT_FOUND} with every plugin's reason
   */
  static Installed<ModelProvider> choose(
      List<Installed<ModelProvider>> models, Checkpoint checkpoint) {
    Installed<ModelProvider> best = null;
    int bestScore = 0;
    List<String> reasons = new ArrayList<>();
    for (Installed<ModelProvider> model : models) {
      switch (recognise(model.provider(), checkpoint)) {
        case Probe.Fit fit -> {
          if (fit.score() > bestScore) {
            best = model;
            bestScore = fit.score();
          }
        }
        case Probe.Unfit(String reason) -> reasons.add(model.id() + ": " + reason);
      }
    }
    return best == null ? refuse(checkpoint, reasons) : best;
  }

  private static Probe recognise(ModelProvider provider, Checkpoint checkpoint) {
    try {
      return provider.recognise(checkpoint);
    } catch (RuntimeException | LinkageError e) {
      return new Probe.Unfit("it failed, which it never should: " + e);
    }
  }

  private static Installed<ModelProvider> refuse(Checkpoint checkpoint, List<String> reasons) {
    @Nullable Object type = checkpoint.config().get("model_type");
    throw new TenonException(
        ErrorCode.PLUGIN_NOT_FOUND,
        "no installed model plugin reads "
            + checkpoint.name()
            + " (model_type "
            + type
            + "); installed: "
            + (reasons.isEmpty() ? "none" : String.join("; ", reasons))
            + "; add a plugin for it to the module path, the class path or plugins/<name>/");
  }
}
