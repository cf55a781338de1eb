package dev.tenon.engine.tck.fake;

import dev.tenon.spi.backend.Activations;
import dev.tenon.spi.backend.Backend;
import dev.tenon.spi.backend.Step;
import dev.tenon.spi.speculation.Speculator;

/** Lets {@link FakeBackend} draft: as often right as its options say. */
public record FakeSpeculator(Backend backend) implements Speculator.OnDevice {
  @Override
  public void propose(Step step, Activations hidden) {
    for (int pass = 0; pass < step.draftTokens(); pass++) {
      backend.ops().sampling().draft(step, FakeHandle.ANY, pass);
    }
  }
}
