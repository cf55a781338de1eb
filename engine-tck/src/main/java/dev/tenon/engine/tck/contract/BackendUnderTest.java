package dev.tenon.engine.tck.contract;

import dev.tenon.spi.backend.Backend;

/**
 * What the contracts of operations must know of a backend. A plugin says it once, in an interface
 * of its own with default methods, and each of its subclasses of a contract implements that.
 */
public interface BackendUnderTest {
  /** Opens the backend under test, one rank; the test closes it. */
  Backend open();

  /** Opens a backend that computes by the definitions, one rank; the test closes it. */
  Backend openDefinition();

  /** Greatest distance of a logit, relative to the greatest logit of its row. */
  default double bound() {
    return 1e-4;
  }

  /** Tokens of a KV page; odd where the backend takes any number. */
  default int pageSize() {
    return 7;
  }

  /** What widths of blocks must be multiples of. */
  default int multiple() {
    return 1;
  }
}
