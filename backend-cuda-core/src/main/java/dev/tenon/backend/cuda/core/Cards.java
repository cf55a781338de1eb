package dev.tenon.backend.cuda.core;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** Asks the driver for its cards. The JNI library is loaded by the first question. Thread-safe. */
final class Cards {
  private Cards() {}

  /**
   * All cards that the driver shows to this process.
   *
   * @throws dev.tenon.api.TenonException {@code DEVICE_UNAVAILABLE} with the driver's reason
   */
  static synchronized List<Card> of(Path driver, Path library) {
    System.load(library.toAbsolutePath().toString());
    NativeCuda.open(driver.toString());
    List<Card> cards = new ArrayList<>();
    for (int i = 0; i < NativeCuda.deviceCount(); i++) {
      long[] attributes = NativeCuda.deviceAttributes(i);
      cards.add(
          new Card(
              i,
              NativeCuda.deviceName(i),
              (int) (10 * attributes[0] + attributes[1]),
              (int) attributes[2],
              attributes[3]));
    }
    return cards;
  }
}
