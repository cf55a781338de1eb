package dev.tenon.backend.cuda.core;

import dev.tenon.api.ErrorCode;
import dev.tenon.api.TenonException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.Supplier;
import java.util.stream.LongStream;

/**
 * Sums over ranks by a kernel of our own: each card writes its elements straight into memory of the
 * others, which they opened to it, and adds what came to it in the order of the ranks: one way
 * there, where NCCL takes several microseconds before any byte counts; for few bytes, since each
 * card sends all that it has to every other. Few rows that are to join the residual stream are
 * summed by the kernel that has them join it. Used by the thread that enqueues steps; {@link
 * #leave} by any.
 */
final class PeerSums implements AutoCloseable {
  /** As in {@code abi/kernel_table.h}. */
  static final int HEAD_BYTES = 4096;

  static final int LEAVE = 9 * Integer.BYTES * 32;

  /** Elements per piece of 16 bytes. */
  private static final int PIECE = 8;

  static final int MOST_RANKS = 8;

  /** Of {@code tenon_peers}. */
  static final int WORDS = 4 + MOST_RANKS;

  /** {@code tenon_peers} where nothing is summed. */
  static final long[] NONE = new long[WORDS];

  /** Of what ranks tell each other: a handle, or why there is none. */
  private static final int WORD_BYTES = 256;

  private final CudaDevice device;
  private final int ranks;
  private final int rank;
  private final DeviceMemory memory;
  private final long leaving;
  private final List<Long> opened = new ArrayList<>();
  private final long[] regions = new long[MOST_RANKS];
  private long[] words = NONE;

  private PeerSums(CudaDevice device, int ranks, int rank) {
    this.device = device;
    this.ranks = ranks;
    this.rank = rank;
    this.memory = new DeviceMemory(device.context());
    this.leaving = NativeCuda.createStream(device.context());
  }

  /** How ranks tell each other something before there are sums. */
  interface Exchange {
    /** Enqueues that the ranks' bytes are written one after another. */
    void gather(long from, long to, long bytesEach);
  }

  /**
   * Opens the ranks' memory to each other; returns when all have done so. All ranks call it, and
   * all get the same answer.
   *
   * @throws TenonException {@code DEVICE_UNAVAILABLE}, with each rank's reason, where cards cannot
   *     reach each other's memory
   */
  static PeerSums connect(CudaDevice device, Exchange exchange, int ranks, int rank) {
    if (ranks > MOST_RANKS) {
      throw refusal("they join at most " + MOST_RANKS + " ranks, not " + ranks);
    }
    PeerSums made = new PeerSums(device, ranks, rank);
    try {
      made.connect(exchange);
      return made;
    } catch (RuntimeException | Error e) {
      made.close();
      throw e;
    }
  }

  private void connect(Exchange exchange) {
    long bytes = HEAD_BYTES + 2L * ranks * (2 * rowsMost() + most());
    long region = memory.allocate(bytes);
    regions[rank] = region;
    // zero before any other rank knows of it
    NativeCuda.fill(device.context(), device.stream(), region, (byte) 0, bytes);
    byte[] mine = answer(() -> NativeCuda.shareMemory(device.context(), region));
    List<byte[]> handles = tell(exchange, mine);
    byte[] done =
        answer(() -> {
          for (int other = 0; other < ranks; other++) {
            if (other != rank) {
              regions[other] = NativeCuda.openShared(device.context(), handles.get(other));
              opened.add(regions[other]);
            }
          }
          return new byte[0];
        });
    tell(exchange, done);
    long[] sizes = {ranks, rank, rowsMost(), most()};
    words = LongStream.concat(LongStream.of(sizes), LongStream.of(regions)).toArray();
  }

  /** What something gives after a 0, or, after a 1, why it cannot. */
  private static byte[] answer(Supplier<byte[]> something) {
    byte[] word = new byte[WORD_BYTES];
    try {
      byte[] given = something.get();
      System.arraycopy(given, 0, word, 1, given.length);
    } catch (TenonException e) {
      byte[] reason = String.valueOf(e.getMessage()).getBytes(StandardCharsets.UTF_8);
      word[0] = 1;
      System.arraycopy(reason, 0, word, 1, Math.min(reason.length, WORD_BYTES - 1));
    }
    return word;
  }

  /** What each rank said, without its first byte. */
  private List<byte[]> tell(Exchange exchange, byte[] mine) {
    try (DeviceMemory passing = new DeviceMemory(device.context())) {
      long all = (long) WORD_BYTES * ranks;
      long from = passing.allocate(WORD_BYTES);
      long to = passing.allocate(all);
      long staged = passing.allocatePinned(all);
      MemorySegment.copy(mine, 0, at(staged, WORD_BYTES), ValueLayout.JAVA_BYTE, 0, WORD_BYTES);
      NativeCuda.copyToDevice(device.context(), device.stream(), from, staged, WORD_BYTES);
      exchange.gather(from, to, WORD_BYTES);
      NativeCuda.copyToHost(device.context(), device.stream(), staged, to, all);
      device.synchronize();
      byte[] said = at(staged, (int) all).toArray(ValueLayout.JAVA_BYTE);
      List<byte[]> words = new ArrayList<>();
      for (int other = 0; other < ranks; other++) {
        int begin = other * WORD_BYTES;
        byte[] rest = Arrays.copyOfRange(said, begin + 1, begin + WORD_BYTES);
        if (said[begin] != 0) {
          throw refusal("rank " + other + ": " + new String(rest, StandardCharsets.UTF_8).strip());
        }
        words.add(rest);
      }
      return words;
    }
  }

  private static MemorySegment at(long address, int bytes) {
    return MemorySegment.ofAddress(address).reinterpret(bytes);
  }

  private static TenonException refusal(String reason) {
    return TenonException.of(
        ErrorCode.DEVICE_UNAVAILABLE,
        "all-reduce",
        "the cards cannot sum over ranks by themselves ("
            + reason
            + "); the backend option all-reduce nccl has NCCL do it");
  }

  /**
   * Bytes of a sum at most: each card sends it to every other, in turn.
   *
   * @param ranks of the group
   */
  static long most(int ranks) {
    return bytesEach(16L << 20, ranks);
  }

  private long most() {
    return most(ranks);
  }

  /** The same of rows that join the residual stream, which travel with numbers, twice as many. */
  private long rowsMost() {
    return bytesEach(4L << 20, ranks);
  }

  private static long bytesEach(long all, long ranks) {
    return all / (ranks * ranks) / HEAD_BYTES * HEAD_BYTES;
  }

  /** Whether so many elements can be summed here. */
  boolean takes(long address, long elements) {
    return elements % PIECE == 0
        && address % (PIECE * DeviceType.BF16.bytes) == 0
        && elements * DeviceType.BF16.bytes <= most();
  }

  /** Whether what adds so many elements to the residual stream can sum them over ranks itself. */
  boolean takesRows(long elements) {
    return elements * DeviceType.BF16.bytes <= rowsMost();
  }

  /** {@code tenon_peers}; not to be changed. */
  long[] words() {
    return words;
  }

  /** Sums bf16 elements over ranks, in place. */
  void sum(long address, long elements) {
    device.launch(new Words(Operation.PEER_SUM).with(address, elements).with(words));
  }

  /** No sum waits for other ranks any more; what it leaves is not a sum then. */
  void leave() {
    NativeCuda.fill(device.context(), leaving, regions[rank] + LEAVE, (byte) 1, Integer.BYTES);
  }

  @Override
  public void close() {
    opened.forEach(address -> NativeCuda.closeShared(device.context(), address));
    opened.clear();
    memory.close();
    NativeCuda.destroyStream(device.context(), leaving);
  }
}
