package dev.tenon.backend.cuda.core.step;

import dev.tenon.api.TenonException;
import dev.tenon.spi.backend.SlotSampling;
import dev.tenon.spi.backend.SlotSetup;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;

/**
 * Lays setups out as {@code tenon_setup} of {@code abi/step_kernels.h}. The host does what would
 * need the whole prompt: the device gets bitmaps and counts, not tokens.
 */
final class SetupWriter {
  private static final int ALLOWED = 0;
  private static final int ENDS = 1;
  private static final int SEEN = 2;
  private static final int COUNTED = 3;
  private static final int BIASED = 4;
  private static final int BANNED = 5;
  private static final int FIELDS_AT = SlotLayout.RECORD_BYTES / Integer.BYTES;
  private static final long SEED_AT = 80;
  private static final long HASH_AT = 88;
  private static final ValueLayout.OfInt INT = ValueLayout.JAVA_INT_UNALIGNED;
  private static final ValueLayout.OfFloat FLOAT = ValueLayout.JAVA_FLOAT_UNALIGNED;
  private static final ValueLayout.OfLong LONG = ValueLayout.JAVA_LONG_UNALIGNED;

  private final SlotLayout layout;
  private final SlotSetup setup;
  private final SlotSampling sampling;
  private final int outputs;
  private final int flags;
  private final int[] countedIds;
  private final int[] occurrences;

  /**
   * A setup to write.
   *
   * @throws TenonException if its banned words exceed what a slot holds
   */
  SetupWriter(SlotLayout layout, SlotSetup setup) {
    this.layout = layout;
    this.setup = setup;
    sampling = setup.sampling();
    outputs = setup.tokens().length - setup.promptLength();
    checkBans();
    flags =
        (sampling.allowedTokenIds() == null ? 0 : 1 << ALLOWED)
            | (sampling.endIds().length == 0 ? 0 : 1 << ENDS)
            | (sampling.repetitionPenalty() == 1 ? 0 : 1 << SEEN)
            | (!countsOutput() ? 0 : 1 << COUNTED)
            | (sampling.biasIds().length == 0 ? 0 : 1 << BIASED)
            | (sampling.badWords().length == 0 ? 0 : 1 << BANNED);
    int[] output = countsOutput() ? output() : new int[0];
    Arrays.sort(output);
    countedIds = Arrays.stream(output).distinct().toArray();
    occurrences = new int[countedIds.length];
    int id = 0;
    for (int token : output) {
      id += countedIds[id] == token ? 0 : 1;
      occurrences[id]++;
    }
  }

  /** Bytes that it takes, the setup itself included. */
  long bytes() {
    return SlotLayout.SETUP_BYTES
        + bitmaps() * layout.bitmapBytes()
        + 2L * Integer.BYTES * (sampling.biasIds().length + countedIds.length)
        + (long) sampling.badWords().length * SlotLayout.BAN_BYTES
        + (long) hashes() * Long.BYTES;
  }

  /**
   * Writes it.
   *
   * @param region the setups of one launch, from its beginning
   * @param index which of them
   * @param from where what it refers to begins; a multiple of 8
   * @return where that ends
   */
  long write(MemorySegment region, int index, long from) {
    MemorySegment head =
        region.asSlice((long) index * SlotLayout.SETUP_BYTES, SlotLayout.SETUP_BYTES);
    head.fill((byte) 0);
    writeRecord(head);
    long bansAt = from;
    long hashesAt = bansAt + (long) sampling.badWords().length * SlotLayout.BAN_BYTES;
    long bitmapsAt = hashesAt + (long) hashes() * Long.BYTES;
    long biasesAt = bitmapsAt + bitmaps() * layout.bitmapBytes();
    int biases = sampling.biasIds().length;
    long countsAt = biasesAt + 2L * Integer.BYTES * biases;
    int[] fields = {
      setup.slot(),
      (int) bitmapsAt,
      biases,
      (int) biasesAt,
      countedIds.length,
      (int) countsAt,
      (int) bansAt,
      hashes(),
      (int) hashesAt
    };
    for (int i = 0; i < fields.length; i++) {
      put(head, FIELDS_AT + i, fields[i]);
    }
    writeBans(region, bansAt);
    head.set(LONG, HASH_AT, writeHashes(region, hashesAt));
    writeBitmaps(region, bitmapsAt);
    MemorySegment.copy(sampling.biasIds(), 0, region, INT, biasesAt, biases);
    long valuesAt = biasesAt + (long) Integer.BYTES * biases;
    MemorySegment.copy(sampling.biases(), 0, region, FLOAT, valuesAt, biases);
    MemorySegment.copy(countedIds, 0, region, INT, countsAt, countedIds.length);
    long occurrencesAt = countsAt + (long) Integer.BYTES * countedIds.length;
    MemorySegment.copy(occurrences, 0, region, INT, occurrencesAt, occurrences.length);
    return countsAt + 2L * Integer.BYTES * countedIds.length;
  }

  private void writeRecord(MemorySegment record) {
    put(record, 4, outputs);
    put(record, 6, flags);
    float[] reals = {
      sampling.temperature(),
      sampling.topP(),
      sampling.minP(),
      sampling.repetitionPenalty(),
      sampling.presencePenalty(),
      sampling.frequencyPenalty()
    };
    for (int i = 0; i < reals.length; i++) {
      put(record, 7 + i, Float.floatToRawIntBits(reals[i]));
    }
    int[] integers = {
      sampling.topK(),
      sampling.usableIds(),
      sampling.minTokens(),
      sampling.maxTokens(),
      sampling.logprobs(),
      sampling.promptLogprobs(),
      sampling.badWords().length
    };
    for (int i = 0; i < integers.length; i++) {
      put(record, 13 + i, integers[i]);
    }
    record.set(LONG, SEED_AT, sampling.seed());
  }

  private void writeBans(MemorySegment region, long at) {
    for (int[] word : sampling.badWords()) {
      int before = word.length - 1;
      region.set(INT, at, before);
      region.set(INT, at + 4, word[before]);
      region.set(LONG, at + 8, RollingHash.of(word, before));
      region.set(LONG, at + 16, RollingHash.power(before));
      at += SlotLayout.BAN_BYTES;
    }
  }

  /** Hashes of the output up to each of its last positions; returns that of the whole. */
  private long writeHashes(MemorySegment region, long at) {
    int kept = hashes();
    long hash = 0;
    for (int n = 0; n <= outputs && kept > 0; n++) {
      hash = n == 0 ? 0 : RollingHash.extend(hash, setup.tokens()[setup.promptLength() + n - 1]);
      if (n > outputs - kept) {
        region.set(LONG, at + (long) (n - (outputs - kept + 1)) * Long.BYTES, hash);
      }
    }
    return hash;
  }

  private void writeBitmaps(MemorySegment region, long at) {
    for (int bitmap = 0; bitmap < SlotLayout.BITMAPS; bitmap++) {
      if ((flags >> bitmap & 1) != 0) {
        int[] bits = new int[layout.bitmapWords()];
        for (int id : members(bitmap)) {
          if (id < layout.vocabulary()) {
            bits[id >>> 5] |= 1 << id;
          }
        }
        MemorySegment.copy(bits, 0, region, INT, at, bits.length);
        at += layout.bitmapBytes();
      }
    }
  }

  private int[] members(int bitmap) {
    int[] allowed = sampling.allowedTokenIds();
    return switch (bitmap) {
      case ALLOWED -> allowed == null ? new int[0] : allowed;
      case ENDS -> sampling.endIds();
      case SEEN -> setup.tokens();
      case COUNTED -> countedIds;
      case BIASED -> sampling.biasIds();
      default -> throw new IllegalArgumentException("there is no bitmap " + bitmap);
    };
  }

  private void checkBans() {
    int[][] words = sampling.badWords();
    if (words.length > SlotLayout.MOST_BANS) {
      throw TenonException.invalid(
          "bad_words",
          "bad_words come to %d id sequences, the CUDA backend takes at most %d"
              .formatted(words.length, SlotLayout.MOST_BANS));
    }
    for (int[] word : words) {
      if (word.length > SlotLayout.HASHES) {
        throw TenonException.invalid(
            "bad_words",
            "one of bad_words has %d ids, the CUDA backend takes at most %d"
                .formatted(word.length, SlotLayout.HASHES));
      }
    }
  }

  private boolean countsOutput() {
    return sampling.frequencyPenalty() != 0 || sampling.presencePenalty() != 0;
  }

  private int[] output() {
    return Arrays.copyOfRange(setup.tokens(), setup.promptLength(), setup.tokens().length);
  }

  private int bitmaps() {
    return Integer.bitCount(flags & (1 << SlotLayout.BITMAPS) - 1);
  }

  private int hashes() {
    return sampling.badWords().length == 0 ? 0 : Math.min(outputs + 1, SlotLayout.HASHES);
  }

  private static void put(MemorySegment segment, int word, int value) {
    segment.set(INT, (long) word * Integer.BYTES, value);
  }
}
