package dev.tenon.parser.hermes;

import dev.tenon.spi.Provider;
import dev.tenon.spi.toolcall.ToolParserProvider;
import dev.tenon.spi.toolcall.ToolParserSession;

/** {@code --tool-call-parser hermes}. */
public final class HermesParserProvider implements ToolParserProvider {
  /** For {@link java.util.ServiceLoader}. */
  public HermesParserProvider() {}

  @Override
  public String id() {
    return "hermes";
  }

  @Override
  public int spiVersion() {
    return Provider.SPI_VERSION;
  }

  @Override
  public ToolParserSession open() {
    return new HermesSession();
  }
}
