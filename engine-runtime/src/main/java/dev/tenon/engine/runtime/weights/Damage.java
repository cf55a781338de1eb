package dev.tenon.engine.runtime.weights;

import dev.tenon.api.ErrorCode;
import dev.tenon.api.TenonException;

/** The failures of checkpoint files, all worded alike. */
final class Damage {
  private Damage() {}

  static TenonException of(String file, String what) {
    return new TenonException(ErrorCode.INVALID_CHECKPOINT, file + ": " + what);
  }

  static TenonException of(String file, String expected, String found) {
    return of(file, "expected " + expected + ", found " + found);
  }

  static TenonException of(String file, String tensor, String expected, String found) {
    return of(file, "tensor '" + shown(tensor) + "': expected " + expected + ", found " + found);
  }

  /** A name from a file, fit for a message. */
  static String shown(String name) {
    String clean = name.replaceAll("\\p{Cntrl}", "?");
    return clean.length() <= 200 ? clean : clean.substring(0, 200) + "…";
  }
}
