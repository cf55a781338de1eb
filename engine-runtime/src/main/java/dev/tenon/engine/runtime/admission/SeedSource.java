package dev.tenon.engine.runtime.admission;

import dev.tenon.spi.backend.NoiseStream;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;

/**
 * Seeds of requests that bring none: different for each, and the same in every run that has the
 * same engine seed and order of requests.
 */
final class SeedSource {
  private final long base;
  private final AtomicInteger requests = new AtomicInteger();

  SeedSource(@Nullable Long seed) {
    base = seed == null ? ThreadLocalRandom.current().nextLong() : seed;
  }

  long next() {
    return NoiseStream.key(base, requests.getAndIncrement());
  }
}
