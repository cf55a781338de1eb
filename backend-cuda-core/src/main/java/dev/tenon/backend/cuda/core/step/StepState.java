package dev.tenon.backend.cuda.core.step;

import dev.tenon.spi.backend.SlotSampling;
import dev.tenon.spi.backend.SlotSetup;
import dev.tenon.spi.backend.StateLimits;
import dev.tenon.spi.backend.StatePlan;
import dev.tenon.spi.backend.StepBatch;
import dev.tenon.spi.backend.StepOutput;
import dev.tenon.spi.backend.StepShape;
import dev.tenon.spi.backend.TokenMasks;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What passes between the host and the device with each step, and what slots keep on the device.
 * All addresses are fixed from the beginning, so that recordings may hold them. A step is
 *
 * <pre>
 *   step = upload(batch, shape)           before the recording, or that of the forward half
 *   ── takeOver(shape) at its head
 *   beforeSample(step, masks, logits, …)  between the halves, if somethingBetween(step, masks)
 *   ── sample(…), then draft(…) per pass
 *   afterSample(step)                     after it; then an event is recorded
 *   read(step)                            once that was passed
 * </pre>
 *
 * <p>Any number of steps may be launched before the first is read. One thread at a time, except for
 * {@link #read}, which may run beside the others.
 */
public final class StepState {
  private static final ValueLayout.OfInt INT = ValueLayout.JAVA_INT;

  private final Device device;
  private final StepShape limits;
  private final SlotTables slots;
  private final RowTables rows;
  private final PinnedBlocks blocks;
  private final int pages;
  private final long setups;
  private final long batch;
  private final long judged;
  private final long chosen;
  private final long drawn;
  private final long results;
  private final long logprobs;
  private final long masked;
  private final long masks;
  private final long sampleSpace;
  private final long arrivals;
  private final long draftSpace;
  private boolean masksInPlace;

  /**
   * Allocates everything.
   *
   * @param limits bounds of all shapes that steps will be recorded for
   */
  public StepState(Device device, StatePlan plan, StepShape limits) {
    this.device = device;
    this.limits = limits;
    SlotLayout layout = SlotLayout.of(plan.limits(), plan.pageSize());
    slots = new SlotTables(device, layout, plan.slots(), plan.pageSize());
    rows = new RowTables(device, limits);
    blocks = new PinnedBlocks(device);
    int vocabulary = layout.vocabulary();
    setups = device.allocate(layout.setupRegion());
    pages = plan.pages();
    batch = device.allocate(BatchWriter.bytes(limits, pages));
    judged = device.allocate(4L * Integer.BYTES * limits.logitRows());
    chosen = device.allocate((long) Integer.BYTES * limits.logitRows());
    drawn = device.allocate((long) Integer.BYTES * limits.sequences());
    results = device.allocate(ResultReader.bytes(limits, limits.sequences()));
    logprobs = device.allocate((long) ResultReader.LOGPROBS_BYTES * limits.logitRows());
    masked = device.allocate((long) Integer.BYTES * (1 + limits.logitRows()));
    masks = device.allocate(mostMasks(limits) * layout.bitmapBytes());
    sampleSpace = device.allocate(SampleSpace.sampling(vocabulary, limits.logitRows()));
    arrivals = device.allocate((long) Integer.BYTES * limits.sequences());
    draftSpace = device.allocate(SampleSpace.drafting(vocabulary, limits.sequences()));
    device.fill(masked, (byte) 0, Integer.BYTES);
    device.fill(arrivals, (byte) 0, (long) Integer.BYTES * limits.sequences());
  }

  /** Bytes on the device for each slot. */
  public static long bytesPerSlot(StateLimits limits, int pageSize) {
    return SlotLayout.of(limits, pageSize).bytesPerSlot();
  }

  /** Bytes on the device for each page of the pools. */
  public static long bytesPerPage() {
    return BatchWriter.bytesPerPage();
  }

  /** Page tables, int32 {@code [slots][tableWidth]}, −1 where no page is. */
  public long pageTables() {
    return slots.pageTables();
  }

  /** Entries of a page table. */
  public int tableWidth() {
    return slots.layout().tableWidth();
  }

  /** The rows that the model processes, valid after {@code TAKE_OVER}. */
  public DeviceRows targetRows(StepShape shape) {
    return rows.target(shape);
  }

  /** The rows of a drafting pass; pass 0 is valid after {@code SAMPLE}, i after draft i − 1. */
  public DeviceRows draftRows(StepShape shape, int pass) {
    return rows.drafting(shape, pass);
  }

  /** Parameters of {@code TAKE_OVER}, the first operation of a forward body. */
  public long[] takeOver(StepShape shape) {
    return step(shape).complete();
  }

  /**
   * Parameters of {@code SAMPLE}.
   *
   * @param logits address of f32 {@code [selected rows][stride]}
   * @param stride elements from a row to the next, at least the vocabulary
   */
  public long[] sample(StepShape shape, long logits, int stride) {
    StepWords words = step(shape).with(logits, stride, masked, masks, logprobs);
    words.with(shape.draftTokens() > 0 ? draftRows(shape, 0).words() : noRows());
    long bytes = SampleSpace.sampling(slots.layout().vocabulary(), limits.logitRows());
    return words.with(sampleSpace, bytes).complete();
  }

  /**
   * Parameters of {@code DRAFT}.
   *
   * @param pass 0 … draftTokens − 1
   * @param logits address of f32 {@code [sequences][stride]}
   * @param stride elements from a row to the next, at least the vocabulary
   */
  public long[] draft(StepShape shape, int pass, long logits, int stride) {
    StepWords words = step(shape).with(pass, logits, stride);
    words.with(pass + 1 < shape.draftTokens() ? draftRows(shape, pass + 1).words() : noRows());
    long bytes = SampleSpace.drafting(slots.layout().vocabulary(), limits.sequences());
    return words.with(arrivals, draftSpace, bytes).complete();
  }

  /**
   * Takes a batch over and enqueues what brings it to the device. Nothing of it is needed
   * afterwards but to read the results.
   *
   * @param shape of the recording that it is for
   */
  public LaunchedStep upload(StepBatch given, StepShape shape) {
    check(given, shape);
    List<MemorySegment> pinned = new ArrayList<>();
    uploadSetups(given.setups(), pinned);
    SlotSampling[] samplings = new SlotSampling[given.sequences()];
    for (int b = 0; b < samplings.length; b++) {
      samplings[b] = slots.sampling(given.slots()[b]);
    }
    long bytes = BatchWriter.bytes(given);
    MemorySegment block = blocks.take(bytes);
    pinned.add(block);
    BatchWriter.write(given, block);
    device.copyToDevice(batch, block.address(), bytes);
    LaunchedStep step =
        new LaunchedStep(
            given,
            shape,
            samplings,
            blocks.take(ResultReader.bytes(shape, given.sequences())),
            blocks.take((long) ResultReader.LOGPROBS_BYTES * given.logitRows().length));
    step.blocks().addAll(pinned);
    return step;
  }

  /**
   * Whether {@link #beforeSample} has anything to do: masks come or go, or rows of logits are
   * copied whole.
   */
  public boolean somethingBetween(LaunchedStep step, @Nullable TokenMasks given) {
    return (given != null && given.rows().length > 0)
        || masksInPlace
        || !rowsWantedWhole(step).isEmpty();
  }

  /**
   * Enqueues the masks, and copies of the rows that are wanted whole.
   *
   * @param logits address of f32 {@code [selected rows][stride]}, as in {@link #sample}
   */
  public void beforeSample(LaunchedStep step, @Nullable TokenMasks given, long logits, int stride) {
    if (given != null && given.rows().length > 0) {
      uploadMasks(step, given);
    } else if (masksInPlace) {
      device.fill(masked, (byte) 0, Integer.BYTES);
      masksInPlace = false;
    }
    long rowBytes = (long) slots.layout().vocabulary() * Float.BYTES;
    for (int row : rowsWantedWhole(step)) {
      MemorySegment block = blocks.take(rowBytes);
      step.blocks().add(block);
      step.wholeRows().put(row, block.asSlice(0, rowBytes));
      device.copyToHost(block.address(), logits + (long) row * stride * Float.BYTES, rowBytes);
    }
  }

  /** Enqueues the copy of the results. */
  public void afterSample(LaunchedStep step) {
    int sequences = step.batch().sequences();
    device.copyToHost(
        step.results().address(), results, ResultReader.bytes(step.shape(), sequences));
    int logitRows = step.batch().logitRows().length;
    if (logitRows > 0 && step.reportsLogprobs()) {
      device.copyToHost(
          step.logprobs().address(), logprobs, (long) ResultReader.LOGPROBS_BYTES * logitRows);
    }
  }

  /**
   * Reads the results; once, after the device has passed what {@link #afterSample} enqueued.
   *
   * @throws dev.tenon.api.TenonException {@code DEVICE_FAULT} if the batch contradicts its slots
   */
  public StepOutput read(LaunchedStep step) {
    try {
      return new ResultReader(step).read();
    } finally {
      step.blocks().forEach(blocks::give);
      step.blocks().clear();
    }
  }

  /**
   * Setups by as many as the region on the device holds; a launch reads it before the next copy.
   */
  private void uploadSetups(List<SlotSetup> given, List<MemorySegment> pinned) {
    List<SetupWriter> group = new ArrayList<>();
    long bytes = 0;
    for (SlotSetup setup : given) {
      SetupWriter writer = new SetupWriter(slots.layout(), setup);
      long more = writer.bytes() + Long.BYTES;
      if (bytes + more > slots.layout().setupRegion()) {
        uploadGroup(group, bytes, pinned);
        group.clear();
        bytes = 0;
      }
      group.add(writer);
      bytes += more;
      slots.occupy(setup.slot(), setup.sampling());
    }
    uploadGroup(group, bytes, pinned);
  }

  private void uploadGroup(List<SetupWriter> group, long bytes, List<MemorySegment> pinned) {
    if (group.isEmpty()) {
      return;
    }
    MemorySegment block = blocks.take(bytes);
    pinned.add(block);
    long at = (long) group.size() * SlotLayout.SETUP_BYTES;
    for (int i = 0; i < group.size(); i++) {
      at = Math.ceilDiv(group.get(i).write(block, i, at), Long.BYTES) * (long) Long.BYTES;
    }
    device.copyToDevice(setups, block.address(), at);
    StepWords words = new StepWords();
    slots.addTo(words);
    device.setUp(words.with(group.size(), setups).complete());
  }

  private void uploadMasks(LaunchedStep step, TokenMasks given) {
    int logitRows = step.batch().logitRows().length;
    int[] indices = new int[1 + logitRows];
    Arrays.fill(indices, -1);
    indices[0] = given.rows().length;
    if (indices[0] > mostMasks(limits)) {
      throw new IllegalArgumentException(
          "%d rows are masked, at most %d may be".formatted(indices[0], mostMasks(limits)));
    }
    long stride = slots.layout().bitmapBytes();
    long headBytes = (long) indices.length * Integer.BYTES;
    long maskBytes = indices[0] * stride;
    MemorySegment head = blocks.take(headBytes);
    MemorySegment block = blocks.take(maskBytes);
    step.blocks().add(head);
    step.blocks().add(block);
    for (int i = 0; i < indices[0]; i++) {
      indices[1 + given.rows()[i]] = i;
      long[] allowed = given.allowed()[i];
      MemorySegment.copy(allowed, 0, block, ValueLayout.JAVA_LONG, i * stride, allowed.length);
    }
    MemorySegment.copy(indices, 0, head, INT, 0, indices.length);
    device.copyToDevice(masked, head.address(), headBytes);
    device.copyToDevice(masks, block.address(), maskBytes);
    masksInPlace = true;
  }

  private static List<Integer> rowsWantedWhole(LaunchedStep step) {
    StepBatch batch = step.batch();
    List<Integer> wanted = new ArrayList<>();
    for (int b = 0; b < batch.sequences(); b++) {
      SlotSampling sampling = step.sampling(b);
      boolean decode = batch.kinds()[b] == StepBatch.DECODE;
      boolean prompt = !decode && sampling.promptLogprobs() > ResultReader.ALTERNATIVES;
      boolean output = sampling.logprobs() > ResultReader.ALTERNATIVES;
      int end = batch.rowOffsets()[b + 1];
      int first = prompt || (decode && output) ? batch.rowOffsets()[b] : end - 1;
      boolean last = output || contains(batch.logitsWanted(), b);
      for (int row = first; row < end && (prompt || last); row++) {
        int at = Arrays.binarySearch(batch.logitRows(), row);
        if (at >= 0) {
          wanted.add(at);
        }
      }
    }
    return wanted;
  }

  private static boolean contains(int[] values, int value) {
    return Arrays.stream(values).anyMatch(each -> each == value);
  }

  private StepWords step(StepShape shape) {
    if (shape.rows() > limits.rows()
        || shape.sequences() > limits.sequences()
        || shape.logitRows() > limits.logitRows()
        || shape.draftTokens() > limits.draftTokens()) {
      throw new IllegalArgumentException("%s exceeds %s".formatted(shape, limits));
    }
    StepWords words = new StepWords();
    slots.addTo(words);
    return words
        .with(batch)
        .with(rows.target(shape).words())
        .with(judged, chosen, drawn, results, 1L + shape.draftTokens());
  }

  private static long[] noRows() {
    return new long[DeviceRows.WORDS];
  }

  private static long mostMasks(StepShape limits) {
    return Math.min(limits.logitRows(), (long) limits.sequences() * (1 + limits.draftTokens()));
  }

  private void check(StepBatch given, StepShape shape) {
    StepShape size = StepShape.of(given, shape.draftTokens());
    if (!shape.holds(size) || given.pages().length > 3L * pages) {
      throw new IllegalArgumentException(
          "batch %d of %s with %d page entries exceeds the shape %s"
              .formatted(given.id(), size, given.pages().length / 3, shape));
    }
  }
}
