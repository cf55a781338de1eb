package dev.tenon.engine.runtime.opening;

import dev.tenon.api.EngineConfig;
import dev.tenon.api.SpeculationConfig;
import dev.tenon.engine.runtime.plugins.PluginCatalog;
import dev.tenon.spi.backend.Backend;
import dev.tenon.spi.model.BoundModel;
import dev.tenon.spi.model.ModelArchitecture.Drafting;
import dev.tenon.spi.model.ModelProperties;
import dev.tenon.spi.speculation.Speculator;
import dev.tenon.spi.speculation.SpeculatorProvider;
import org.jspecify.annotations.Nullable;

/**
 * The speculative method that was asked for.
 *
 * @param config as the user gave it, {@code null} for none
 * @param provider the method's plugin, {@code null} for none
 */
record Speculation(@Nullable SpeculationConfig config, @Nullable SpeculatorProvider provider) {
  static Speculation of(EngineConfig engine, PluginCatalog catalog, ModelProperties model) {
    SpeculationConfig config = engine.speculation();
    if (config == null) {
      return new Speculation(null, null);
    }
    SpeculatorProvider provider = catalog.speculator(config.method());
    if (provider.drafter() == SpeculatorProvider.Drafter.MODEL_HEAD && model.draftLayers() == 0) {
      throw ConfigChecks.invalid(
          "speculative_config",
          config.method()
              + " drafts with the model's own head, and this checkpoint has none; leave"
              + " --speculative-config out");
    }
    return new Speculation(config, provider);
  }

  /** Whether the model's drafting head is loaded. */
  Drafting drafting() {
    return provider != null && provider.drafter() == SpeculatorProvider.Drafter.MODEL_HEAD
        ? Drafting.ON
        : Drafting.OFF;
  }

  /** A rank's drafter, or {@code null} without speculation. */
  @Nullable Speculator create(Backend backend, BoundModel model) {
    if (provider == null || config == null) {
      return null;
    }
    return provider.create(
        config, backend.ops(), drafting() == Drafting.ON ? model.draftHead().orElseThrow() : null);
  }
}
