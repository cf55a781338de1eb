package dev.tenon.backend.cuda.core;

import dev.tenon.api.ErrorCode;
import dev.tenon.api.TenonException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * This process's place in a group of ranks that are joined by NCCL. Collectives give the same bits
 * on all ranks, since each sum is made once, by one rank or along one chain or tree of ranks, and
 * then copied; multicast in the switches, which may be absent or broken, is left off.
 */
final class NcclGroup implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(NcclGroup.class);
  private static final Duration PATIENCE = Duration.ofSeconds(10);

  /**
   * Connections are made before steps are recorded; buffers need not be made known to the other
   * ranks once more with each recording; and standard output is not NCCL's.
   */
  private static final List<String> SETTINGS =
      List.of(
          "NCCL_RUNTIME_CONNECT",
          "0",
          "NCCL_GRAPH_REGISTER",
          "0",
          "NCCL_NVLS_ENABLE",
          "0",
          "NCCL_DEBUG_FILE",
          "/dev/stderr");

  /** Ranks of one card pass for ranks of different machines that talk through sockets. */
  private static final List<String> ONE_CARD =
      List.of(
          "NCCL_SOCKET_IFNAME",
          "lo",
          "NCCL_P2P_DISABLE",
          "1",
          "NCCL_SHM_DISABLE",
          "1",
          "NCCL_IB_DISABLE",
          "1",
          "NCCL_MNNVL_ENABLE",
          "0");

  private final CudaDevice device;
  private final long group;
  private final int size;
  private final int rank;
  private final FutureTask<Void> abort;
  private boolean aborting;
  private @Nullable PeerSums peers;

  private NcclGroup(CudaDevice device, long group, int size, int rank) {
    this.device = device;
    this.group = group;
    this.size = size;
    this.rank = rank;
    this.abort =
        new FutureTask<>(() -> {
          NativeNccl.abort(device.context(), group);
          return null;
        });
  }

  /** Whether the ranks have a card each. */
  enum Sharing {
    CARD_EACH,
    ONE_CARD
  }

  /** Loads NCCL for a rank. */
  static void load(NcclLibrary library, CudaOptions options, int rank, Sharing sharing) {
    String path = library.find(options.nccl()).toString();
    List<String> settings =
        switch (sharing) {
          case CARD_EACH -> SETTINGS;
          case ONE_CARD -> {
            List<String> all = new ArrayList<>(SETTINGS);
            all.addAll(ONE_CARD);
            all.addAll(List.of("NCCL_HOSTID", "tenon-rank-" + rank));
            yield all;
          }
        };
    int version = NativeNccl.open(path, settings.toArray(String[]::new));
    LOG.info("NCCL {}.{}.{} from {}", version / 10000, version / 100 % 100, version % 100, path);
  }

  /**
   * Joins the group; returns when all ranks have.
   *
   * @throws TenonException {@code CANCELLED} when interrupted
   */
  static NcclGroup join(CudaDevice device, Rendezvous rendezvous, int size, int rank) {
    byte[] id = rendezvous.meet(NativeNccl::uniqueId);
    // NCCL cannot be interrupted while ranks are missing: it is left behind then, on its own thread
    FutureTask<Long> joining =
        new FutureTask<>(() -> NativeNccl.join(device.context(), id, size, rank));
    Thread.ofPlatform().daemon().name("tenon-nccl-join").start(joining);
    try {
      return new NcclGroup(device, joining.get(), size, rank);
    } catch (ExecutionException e) {
      if (e.getCause() instanceof TenonException refusal) {
        throw refusal;
      }
      throw new TenonException(ErrorCode.INTERNAL, "joining failed: " + e.getCause(), e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new TenonException(ErrorCode.CANCELLED, "interrupted while ranks joined", e);
    }
  }

  /**
   * Has sums of few bytes made by {@link PeerSums} from now on. All ranks call it.
   *
   * @throws TenonException {@code DEVICE_UNAVAILABLE} where cards cannot reach each other's memory
   */
  void sumThroughPeers() {
    PeerSums made = PeerSums.connect(device, this::gather, size, rank);
    peers = made;
    LOG.info("sums over ranks of up to {} bytes go from card to card", PeerSums.most(size));
  }

  /** The same where the cards can reach each other's memory; else NCCL goes on making all. */
  void sumThroughPeersIfPossible() {
    try {
      sumThroughPeers();
    } catch (TenonException e) {
      if (e.code() != ErrorCode.DEVICE_UNAVAILABLE) {
        throw e;
      }
      LOG.info("sums over ranks are left to NCCL: {}", e.getMessage());
    }
  }

  int size() {
    return size;
  }

  int rank() {
    return rank;
  }

  /**
   * What has an operation that adds rows to the residual stream sum them over ranks itself.
   *
   * @param elements of all rows
   * @return {@code tenon_peers}, or {@code null} where {@link #sum} must come before
   */
  long @Nullable [] peers(long elements) {
    PeerSums direct = peers;
    return direct != null && direct.takesRows(elements) ? direct.words() : null;
  }

  /** Sums bf16 elements over ranks, in place. */
  void sum(long address, long elements) {
    PeerSums direct = peers;
    if (direct != null && direct.takes(address, elements)) {
      direct.sum(address, elements);
      return;
    }
    NativeNccl.sum(device.context(), group, device.stream(), address, elements);
  }

  /** Writes the ranks' bytes one after another. */
  void gather(long from, long to, long bytesEach) {
    NativeNccl.gather(device.context(), group, device.stream(), from, to, bytesEach);
  }

  /** Copies one rank's bytes to all, in place. */
  void broadcast(long address, long bytes, int root) {
    NativeNccl.broadcast(device.context(), group, device.stream(), address, bytes, root);
  }

  /**
   * Throws if NCCL noticed a failure.
   *
   * @throws TenonException {@code DEVICE_FAULT}
   */
  void requireHealthy() {
    if (!aborting) {
      NativeNccl.requireHealthy(group);
    }
  }

  /**
   * Begins to leave the group: what waits on the device for other ranks ends. {@link #close} waits
   * for the rest, once recordings were destroyed.
   */
  void abandon() {
    if (!aborting) {
      aborting = true;
      if (peers != null) {
        peers.leave();
      }
      Thread.ofPlatform().daemon().name("tenon-nccl-abort").start(abort);
    }
  }

  /**
   * Leaves the group. Not by the call that asks all ranks to take part: whoever closes must not
   * depend on them, and by now nothing is left to exchange.
   */
  @Override
  public void close() {
    abandon();
    try {
      abort.get(PATIENCE.toMillis(), TimeUnit.MILLISECONDS);
    } catch (ExecutionException | TimeoutException e) {
      LOG.warn("leaving the group of ranks failed", e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
    if (peers != null) {
      peers.close();
    }
  }
}
