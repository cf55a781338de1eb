package dev.tenon.backend.cuda.core.step;

import dev.tenon.spi.backend.StateLimits;

/**
 * Sizes of what a slot keeps for sampling, as in {@code abi/step_kernels.h}.
 *
 * @param vocabulary logits per row
 * @param tableWidth entries of a page table
 * @param drafts most drafts of a decode
 */
record SlotLayout(int vocabulary, int tableWidth, int drafts) {
  /** Bytes of the record of one slot. */
  static final int RECORD_BYTES = 128;

  /** Bytes of a setup before what it refers to. */
  static final int SETUP_BYTES = 192;

  /** Words that a slot may ban. */
  static final int MOST_BANS = 2048;

  /** Bytes of a ban. */
  static final int BAN_BYTES = 24;

  /** Output positions whose hash is kept. */
  static final int HASHES = 4096;

  /** Bitmaps of a slot. */
  static final int BITMAPS = 5;

  private static final int BITMAP_BITS = 128;
  private static final int LEAST_REGION = 1 << 20;

  static SlotLayout of(StateLimits limits, int pageSize) {
    int pages = Math.ceilDiv(limits.maxLength() + limits.draftTokens() + 1, pageSize);
    return new SlotLayout(limits.vocabularySize(), pages, limits.draftTokens());
  }

  /** Words of 32 bits of one bitmap. */
  int bitmapWords() {
    return Math.ceilDiv(vocabulary, BITMAP_BITS) * (BITMAP_BITS / Integer.SIZE);
  }

  long bitmapBytes() {
    return (long) bitmapWords() * Integer.BYTES;
  }

  /** Bytes of everything that a slot has, the page table included. */
  long bytesPerSlot() {
    return RECORD_BYTES
        + (long) Integer.BYTES * (tableWidth + drafts)
        + BITMAPS * bitmapBytes()
        + (long) (Integer.BYTES + Float.BYTES) * vocabulary
        + (long) MOST_BANS * BAN_BYTES
        + (long) HASHES * Long.BYTES;
  }

  /** Bytes through which setups reach the device: at least one of the largest. */
  long setupRegion() {
    long largest =
        SETUP_BYTES
            + BITMAPS * bitmapBytes()
            + 4L * Integer.BYTES * vocabulary
            + (long) MOST_BANS * BAN_BYTES
            + (long) HASHES * Long.BYTES
            + 2L * Long.BYTES;
    return Math.max(LEAST_REGION, largest);
  }
}
