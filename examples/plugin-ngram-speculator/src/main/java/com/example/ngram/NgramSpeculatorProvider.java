package com.example.ngram;

import dev.tenon.api.SpeculationConfig;
import dev.tenon.spi.backend.Ops;
import dev.tenon.spi.model.DraftHead;
import dev.tenon.spi.speculation.Speculator;
import dev.tenon.spi.speculation.SpeculatorProvider;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** Entry class of the plugin. */
public final class NgramSpeculatorProvider implements SpeculatorProvider {
  /** Called by the service loader. */
  public NgramSpeculatorProvider() {}

  @Override
  public String id() {
    return "ngram";
  }

  @Override
  public int spiVersion() {
    // a constant, so that the number compiled in is that of the version compiled against
    return SPI_VERSION;
  }

  @Override
  public Set<String> methods() {
    return Set.of("ngram");
  }

  @Override
  public Drafter drafter() {
    return Drafter.HISTORY;
  }

  @Override
  public Speculator create(SpeculationConfig config, Ops ops, @Nullable DraftHead head) {
    return new NgramSpeculator();
  }
}
