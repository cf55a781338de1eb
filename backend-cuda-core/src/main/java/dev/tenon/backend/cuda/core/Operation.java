package dev.tenon.backend.cuda.core;

import java.util.Locale;

/** Operations of a kernel library, in the order of its table ({@code abi/kernel_table.h}). */
enum Operation {
  PACK_MATRIX(16),
  FILL(6),
  EMBED(20),
  ADD_NORM(22),
  GATHER(18),
  PRODUCT(16),
  ATTENTION_PREPARE(35),
  ATTENTION(32),
  DELTA_NET(40),
  MOE(29),
  SILU_PRODUCT(5),
  TAKE_OVER(34),
  SAMPLE(56),
  SET_UP(15),
  DRAFT(55),
  JOIN_COLUMNS(7),
  PRODUCT_ADD_NORM(38),
  MOE_ADD_NORM(51),
  PEER_SUM(14);

  /** Words of its parameters. */
  final int words;

  Operation(int words) {
    this.words = words;
  }

  /** Its name in messages. */
  String label() {
    return name().toLowerCase(Locale.ROOT);
  }
}
