package dev.tenon.engine.tck.fake;

import dev.tenon.spi.backend.StatePlan;
import dev.tenon.spi.backend.StateView;

/** Pools without caches. */
record FakeStates(StatePlan plan) implements StateView {
  @Override
  public KvCache kv(int layer) {
    throw new UnsupportedOperationException("a fake backend has no caches");
  }

  @Override
  public RecurrentCache recurrent(int layer) {
    throw new UnsupportedOperationException("a fake backend has no caches");
  }
}
