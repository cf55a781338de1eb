package dev.tenon.engine.tck.fake;

import dev.tenon.spi.backend.Activations;
import dev.tenon.spi.backend.Logits;
import dev.tenon.spi.backend.Rows;

/** Stands for rows, activations and logits, of which a fake backend has none. */
record FakeHandle(int width) implements Activations, Logits, Rows {
  static final FakeHandle ANY = new FakeHandle(1);
}
