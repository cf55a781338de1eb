package dev.tenon.engine.runtime.opening;

import dev.tenon.api.ErrorCode;
import dev.tenon.api.TenonException;
import dev.tenon.engine.runtime.StepLimits;
import dev.tenon.spi.backend.BackendCapabilities;
import dev.tenon.spi.backend.RankPlacement;
import dev.tenon.spi.backend.StepShape;
import java.util.function.IntToLongFunction;

/**
 * Divides a rank's memory among weights, slots, work space and KV pages.
 *
 * <p>What the user leaves open is decided so: a device of its own is filled with pages, and the
 * context is the model's, or what the pages hold. On the host, which others use too, the context is
 * at most {@value #HOST_CONTEXT} tokens, and there are pages for one sequence of that length or for
 * {@value #HOST_TOKENS_PER_SEQUENCE} tokens of every sequence, whichever is more, the latter within
 * {@value #HOST_POOL_MEGABYTES} MB.
 */
final class PoolPlanner {
  private static final int HOST_CONTEXT = 8192;
  private static final int HOST_TOKENS_PER_SEQUENCE = 1024;
  private static final long HOST_POOL_MEGABYTES = 256;
  private static final int LEAST_CONTEXT = 64;

  private final PoolRequest request;
  private final int pageSize;
  private final long pageBytes;
  private final int sequences;

  private PoolPlanner(PoolRequest request) {
    this.request = request;
    Integer chosen = request.config().blockSize();
    this.pageSize = chosen == null ? request.capabilities().defaultPageSize() : chosen;
    this.pageBytes = request.bytesPerPage().applyAsLong(pageSize);
    this.sequences = sequences();
  }

  /**
   * Plans.
   *
   * @throws TenonException {@code INVALID_CONFIGURATION}, or {@code OUT_OF_MEMORY} with the sums
   */
  static PoolPlan plan(PoolRequest request) {
    return new PoolPlanner(request).plan();
  }

  private PoolPlan plan() {
    int wanted = wantedLength();
    long affordable = affordablePages(wanted);
    Integer override = request.config().numBlocks();
    long pages = override == null ? Math.min(affordable, wantedPages(wanted)) : override;
    if (pages > affordable) {
      throw outOfMemory(wanted, pages);
    }
    int length = wanted;
    if (pagesFor(length) > pages) {
      length = (int) (pages * pageSize - request.draftTokens() - 1);
      if (request.config().maxModelLen() != null || length < Math.min(wanted, LEAST_CONTEXT)) {
        throw tooFewPages(wanted, pages, override != null);
      }
    }
    return new PoolPlan(
        length, pageSize, (int) pages, limits(length), pageBytes, slotBytes(length), steps(length));
  }

  private int wantedLength() {
    int most = request.model().maxPositions();
    Integer chosen = request.config().maxModelLen();
    if (chosen != null && chosen > most) {
      throw ConfigChecks.invalid(
          "max_model_len",
          ("max_model_len is %d, the model was made for at most %d tokens; longer contexts need a"
                  + " config with scaled positions (--hf-overrides)")
              .formatted(chosen, most));
    }
    if (chosen != null) {
      return chosen;
    }
    return onHost() ? Math.min(most, HOST_CONTEXT) : most;
  }

  private boolean onHost() {
    return request.placement() == RankPlacement.THREADS;
  }

  /** More pages than all sequences can fill are of no use. */
  private long wantedPages(int length) {
    long all = pagesFor(length) * sequences;
    if (!onHost()) {
      return all;
    }
    long usual = Math.ceilDiv(HOST_TOKENS_PER_SEQUENCE, pageSize) * (long) sequences;
    long modest = pageBytes == 0 ? usual : HOST_POOL_MEGABYTES * 1_000_000 / pageBytes;
    return Math.min(all, Math.max(pagesFor(length), Math.min(usual, modest)));
  }

  private long affordablePages(int length) {
    long left = request.available() - fixedBytes(length);
    if (left < 0) {
      throw outOfMemory(length, Math.min(pagesFor(length), Integer.MAX_VALUE));
    }
    return pageBytes == 0 ? Integer.MAX_VALUE : Math.min(Integer.MAX_VALUE, left / pageBytes);
  }

  private long fixedBytes(int length) {
    return request.weightBytes() + sequences * slotBytes(length) + steps(length).sum();
  }

  private long slotBytes(int length) {
    return request.bytesPerSlot().applyAsLong(length);
  }

  private StepNeeds.Bytes steps(int length) {
    return request.stepNeeds().of(limits(length), length, pageSize);
  }

  private long pagesFor(int length) {
    return Math.ceilDiv((long) length + request.draftTokens() + 1, pageSize);
  }

  private StepShape limits(int length) {
    BackendCapabilities capabilities = request.capabilities();
    return StepLimits.of(
        request.config(),
        new BackendCapabilities(
            capabilities.weightTypes(), capabilities.preferredRows(), sequences, pageSize),
        length);
  }

  /** The user's number, or the backend's default as far as half of the memory holds it. */
  private int sequences() {
    int preferred = StepLimits.sequences(request.config(), request.capabilities());
    if (request.config().maxNumSeqs() != null) {
      return preferred;
    }
    IntToLongFunction bytesPerSlot = request.bytesPerSlot();
    long one = Math.max(1, bytesPerSlot.applyAsLong(wantedLength()));
    long half = (request.available() - request.weightBytes()) / 2 / one;
    return (int) Math.max(1, Math.min(preferred, half));
  }

  private TenonException outOfMemory(int length, long pages) {
    long fixed = fixedBytes(length);
    StepNeeds.Bytes steps = steps(length);
    return new TenonException(
        ErrorCode.OUT_OF_MEMORY,
        "the memory does not suffice: weights %s + %d slots x %s + work space %s + recorded steps %s + %s pages x %s"
                .formatted(
                    Sizes.bytes(request.weightBytes()),
                    sequences,
                    Sizes.bytes(slotBytes(length)),
                    Sizes.bytes(steps.work()),
                    Sizes.bytes(steps.recordings()),
                    Sizes.count(pages),
                    Sizes.bytes(pageBytes))
            + " = %s, available are %s. Lower --max-model-len (%d), --max-num-seqs (%d) or"
                .formatted(
                    Sizes.bytes(fixed + pages * pageBytes),
                    Sizes.bytes(request.available()),
                    length,
                    sequences)
            + " --max-num-batched-tokens (%d), or give the engine more memory"
                .formatted(limits(length).rows()));
  }

  private TenonException tooFewPages(int wanted, long pages, boolean chosen) {
    long holds = Math.max(0, pages * pageSize - request.draftTokens() - 1);
    String message =
        "%s pages of %d tokens hold a sequence of %s tokens; one of max_model_len %d needs %s pages"
            .formatted(Sizes.count(pages), pageSize, Sizes.count(holds), wanted, pagesFor(wanted));
    return chosen
        ? ConfigChecks.invalid(
            "num_gpu_blocks_override",
            message + ": raise --num-gpu-blocks-override or lower --max-model-len")
        : new TenonException(
            ErrorCode.OUT_OF_MEMORY,
            message + ". " + outOfMemory(wanted, pagesFor(wanted)).getMessage());
  }
}
