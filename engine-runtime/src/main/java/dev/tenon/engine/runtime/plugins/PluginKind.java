package dev.tenon.engine.runtime.plugins;

import dev.tenon.spi.Provider;
import dev.tenon.spi.backend.BackendProvider;
import dev.tenon.spi.model.ModelProvider;
import dev.tenon.spi.speculation.SpeculatorProvider;
import dev.tenon.spi.toolcall.ToolParserProvider;

/** What a plugin can be. */
enum PluginKind {
  BACKEND("backend", BackendProvider.class),
  MODEL("model", ModelProvider.class),
  SPECULATOR("speculator", SpeculatorProvider.class),
  TOOL_PARSER("tool-parser", ToolParserProvider.class);

  private final String label;
  private final Class<? extends Provider> service;

  PluginKind(String label, Class<? extends Provider> service) {
    this.label = label;
    this.service = service;
  }

  /** For people. */
  String label() {
    return label;
  }

  /** The interface that {@code ServiceLoader} looks for. */
  Class<? extends Provider> service() {
    return service;
  }
}
