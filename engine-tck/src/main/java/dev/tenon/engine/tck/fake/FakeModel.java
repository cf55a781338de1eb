package dev.tenon.engine.tck.fake;

import dev.tenon.spi.backend.Step;
import dev.tenon.spi.model.BoundModel;
import dev.tenon.spi.model.DraftHead;
import java.util.Optional;

/** A model for {@link FakeBackend}: the backend itself decides the tokens. */
public final class FakeModel implements BoundModel {
  @Override
  public Forward forward(Step step) {
    return new Forward(FakeHandle.ANY, FakeHandle.ANY);
  }

  @Override
  public Optional<DraftHead> draftHead() {
    return Optional.empty();
  }
}
