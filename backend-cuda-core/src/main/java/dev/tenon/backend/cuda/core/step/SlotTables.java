package dev.tenon.backend.cuda.core.step;

import dev.tenon.spi.backend.SlotSampling;
import org.jspecify.annotations.Nullable;

/** What every slot keeps on the device, and the little of it that the host remembers. */
final class SlotTables {
  private static final byte EMPTY = -1;

  private final SlotLayout layout;
  private final int slots;
  private final int pageSize;
  private final long records;
  private final long pageTables;
  private final long drafts;
  private final long bitmaps;
  private final long counts;
  private final long biases;
  private final long bans;
  private final long hashes;
  private final @Nullable SlotSampling[] samplings;

  SlotTables(Device device, SlotLayout layout, int slots, int pageSize) {
    this.layout = layout;
    this.slots = slots;
    this.pageSize = pageSize;
    long n = slots;
    records = device.allocate(n * SlotLayout.RECORD_BYTES);
    pageTables = device.allocate(n * layout.tableWidth() * Integer.BYTES);
    drafts = device.allocate(n * Math.max(1, layout.drafts()) * Integer.BYTES);
    bitmaps = device.allocate(n * SlotLayout.BITMAPS * layout.bitmapBytes());
    counts = device.allocate(n * layout.vocabulary() * Integer.BYTES);
    biases = device.allocate(n * layout.vocabulary() * Float.BYTES);
    bans = device.allocate(n * SlotLayout.MOST_BANS * SlotLayout.BAN_BYTES);
    hashes = device.allocate(n * SlotLayout.HASHES * Long.BYTES);
    samplings = new SlotSampling[slots];
    device.fill(records, (byte) 0, n * SlotLayout.RECORD_BYTES);
    device.fill(pageTables, EMPTY, n * layout.tableWidth() * Integer.BYTES);
  }

  /** The words of {@code tenon_slots}. */
  void addTo(StepWords words) {
    words.with(slots, layout.vocabulary(), pageSize, layout.tableWidth(), layout.drafts());
    words.with(records, pageTables, drafts, bitmaps, counts, biases, bans, hashes);
  }

  SlotLayout layout() {
    return layout;
  }

  long pageTables() {
    return pageTables;
  }

  int slots() {
    return slots;
  }

  /** Remembers how a slot's tokens are drawn from now on. */
  void occupy(int slot, SlotSampling sampling) {
    samplings[slot] = sampling;
  }

  /** How a slot's tokens are drawn. */
  SlotSampling sampling(int slot) {
    SlotSampling sampling = samplings[slot];
    if (sampling == null) {
      throw new IllegalStateException("slot " + slot + " was used before its setup");
    }
    return sampling;
  }
}
