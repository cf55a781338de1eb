/** Parser of tool calls in Hermes format, the one that Qwen models write. */
module dev.tenon.parser.hermes {
  requires dev.tenon.engine.api;
  requires tools.jackson.databind;
  requires static org.jspecify;

  provides dev.tenon.spi.toolcall.ToolParserProvider with
      dev.tenon.parser.hermes.HermesParserProvider;
}
