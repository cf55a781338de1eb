package dev.tenon.backend.cuda.core;

import dev.tenon.api.ErrorCode;
import dev.tenon.api.TenonException;
import dev.tenon.spi.backend.BackendOptions;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/**
 * The CUDA backends' own options.
 *
 * @param device index of the card, −1 for the rank's own
 * @param stateType element type of recurrent states between steps
 * @param keyValueType element type of keys and values
 * @param activationType element type that rows may take for products with weights of FP8, where the
 *     kernels are faster so
 * @param execution how steps are run
 * @param reduction what sums over ranks
 * @param nccl path of NCCL's library, or {@code null} to look for it
 */
record CudaOptions(
    int device,
    DeviceType stateType,
    DeviceType keyValueType,
    DeviceType activationType,
    Execution execution,
    Reduction reduction,
    @Nullable String nccl) {
  private static final String DEVICE = "device";
  private static final String STATE = "recurrent-state";
  private static final String KEY_VALUES = "kv-cache";
  private static final String ACTIVATIONS = "activations";
  private static final String EXECUTION = "execution";
  private static final String REDUCTION = "all-reduce";
  private static final String NCCL = "nccl";
  private static final Map<String, List<String>> KNOWN =
      Map.of(
          DEVICE, List.of(),
          STATE, List.of("f32", "bf16"),
          KEY_VALUES, List.of("bf16", "fp8"),
          ACTIVATIONS, List.of("bf16", "fp8"),
          EXECUTION, List.of("captured", "eager", "timed", "checked"),
          REDUCTION, List.of("auto", "nccl", "peers"),
          NCCL, List.of());

  /** What sums over ranks. */
  enum Reduction {
    /** {@link #PEERS} where cards can reach each other's memory, else {@link #NCCL}. */
    AUTO,
    NCCL,
    /** A kernel that writes to the other cards' memory, as far as it takes so many bytes. */
    PEERS
  }

  /** How steps are run. */
  enum Execution {
    /** Recorded once per shape, then replayed as a graph. */
    CAPTURED,
    /** Operation by operation. */
    EAGER,
    /** Operation by operation, each timed; the times are logged when the engine closes. */
    TIMED,
    /** Operation by operation, each waited for: an error of the card then names its operation. */
    CHECKED
  }

  /**
   * Reads them.
   *
   * @throws TenonException {@code INVALID_CONFIGURATION} for an unknown name or value
   */
  static CudaOptions of(BackendOptions options) {
    Map<String, String> given = options.options();
    Set<String> unknown = new TreeSet<>(given.keySet());
    unknown.removeAll(KNOWN.keySet());
    if (!unknown.isEmpty()) {
      throw invalid(
          unknown.iterator().next(),
          "the CUDA backends have no option "
              + unknown
              + "; they know "
              + new TreeSet<>(KNOWN.keySet()));
    }
    return new CudaOptions(
        device(given),
        choice(given, STATE) == 1 ? DeviceType.BF16 : DeviceType.F32,
        choice(given, KEY_VALUES) == 1 ? DeviceType.E4M3 : DeviceType.BF16,
        choice(given, ACTIVATIONS) == 1 ? DeviceType.E4M3 : DeviceType.BF16,
        Execution.values()[choice(given, EXECUTION)],
        Reduction.values()[choice(given, REDUCTION)],
        given.get(NCCL));
  }

  /**
   * The card to use for a rank.
   *
   * @throws TenonException {@code INVALID_CONFIGURATION} if there are too few
   */
  Card card(List<Card> cards, int ranks, int rank) {
    if (device < 0 && ranks > cards.size()) {
      throw invalid(
          "tensor_parallel_size",
          ("%d ranks need a GPU each, and the driver shows %d: lower --tensor-parallel-size or make"
                  + " more of them visible (CUDA_VISIBLE_DEVICES); for a test, the backend option"
                  + " device puts all ranks on one GPU")
              .formatted(ranks, cards.size()));
    }
    int index = device >= 0 ? device : rank;
    if (index >= cards.size()) {
      throw invalid(
          DEVICE,
          "option device is %d, but the driver shows %d GPUs".formatted(index, cards.size()));
    }
    return cards.get(index);
  }

  /** Whether rows may be quantised, as the kernels' parameters say it. */
  long quantised() {
    return activationType == DeviceType.E4M3 ? 1 : 0;
  }

  /** Whether the ranks of a group have a card each. */
  NcclGroup.Sharing sharing() {
    return device < 0 ? NcclGroup.Sharing.CARD_EACH : NcclGroup.Sharing.ONE_CARD;
  }

  private static int device(Map<String, String> given) {
    String value = given.get(DEVICE);
    if (value == null) {
      return -1;
    }
    if (!value.matches("\\d{1,4}")) {
      throw invalid(DEVICE, "option device is " + value + "; give the index of a GPU, e.g. 0");
    }
    return Integer.parseInt(value);
  }

  private static int choice(Map<String, String> given, String name) {
    List<String> choices = KNOWN.getOrDefault(name, List.of());
    String value = given.getOrDefault(name, choices.getFirst());
    int index = choices.indexOf(value);
    if (index < 0) {
      throw invalid(name, "option " + name + " is " + value + "; give one of " + choices);
    }
    return index;
  }

  private static TenonException invalid(String parameter, String message) {
    return TenonException.of(ErrorCode.INVALID_CONFIGURATION, parameter, message);
  }
}
