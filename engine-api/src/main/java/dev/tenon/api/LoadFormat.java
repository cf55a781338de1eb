package dev.tenon.api;

/** Where weights come from. */
public enum LoadFormat {
  /** The checkpoint's safetensors files. */
  SAFETENSORS,
  /** Pseudo-random values made on the device, for measuring shapes without a checkpoint's files. */
  DUMMY
}
