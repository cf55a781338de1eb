/**
 * The engine: plugin catalog, checkpoints and weights, memory plan, scheduler and step loop.
 * Exports nothing; it is reached through {@link dev.tenon.api.EngineFactory}.
 */
module dev.tenon.engine.runtime {
  requires dev.tenon.engine.api;
  requires dev.tenon.json.values;
  requires java.management;
  requires static org.jspecify;
  requires org.slf4j;
  requires tools.jackson.core;

  uses dev.tenon.spi.backend.BackendProvider;
  uses dev.tenon.spi.model.ModelProvider;
  uses dev.tenon.spi.speculation.SpeculatorProvider;
  uses dev.tenon.spi.toolcall.ToolParserProvider;

  provides dev.tenon.api.EngineFactory with
      dev.tenon.engine.runtime.RuntimeEngineFactory;
}
