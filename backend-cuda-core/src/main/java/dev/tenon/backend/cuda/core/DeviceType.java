package dev.tenon.backend.cuda.core;

import java.util.Locale;

/** Element types on the device, with their codes in {@code abi/kernel_table.h}. */
enum DeviceType {
  F32(0, 4),
  BF16(1, 2),
  E4M3(2, 1);

  final int code;
  final int bytes;

  DeviceType(int code, int bytes) {
    this.code = code;
    this.bytes = bytes;
  }

  /** Its name for people. */
  String label() {
    return name().toLowerCase(Locale.ROOT);
  }
}
