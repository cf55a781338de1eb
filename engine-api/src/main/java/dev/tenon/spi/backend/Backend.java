package dev.tenon.spi.backend;

import java.util.List;
import java.util.Optional;

/**
 * One rank's open device. Everything it hands out belongs to it and is freed when it is closed.
 * Unless said otherwise its methods are called by one thread at a time; that thread must never be
 * kept waiting for device work except by {@link StepTicket#await}.
 *
 * <p>Use after closing fails with {@code CLOSED}.
 */
public interface Backend extends AutoCloseable {
  /** Device, instruction set or architecture, and memory, for people; one line. */
  String description();

  /** What it can do beyond the rules that bind all backends. */
  BackendCapabilities capabilities();

  /** Bytes that weights, states and work space may still take. */
  long availableMemory();

  /** Packs weights. */
  Weights weights();

  /** Bytes of one KV page of all the paged layers together. */
  long bytesPerPage(List<StateSpec> states, int pageSize);

  /** Bytes of one sequence slot: recurrent states, pending rows, sampling state. */
  long bytesPerSlot(List<StateSpec> states, StateLimits limits);

  /**
   * Counts what weights and steps will take, before anything is allocated. Made anew by each call;
   * independent of this backend's own weights and pools.
   *
   * @return empty where the engine's own estimate must do
   */
  default Optional<DryRun> dryRun() {
    return Optional.empty();
  }

  /**
   * Allocates the pools. Called once, after the weights were packed.
   *
   * @throws dev.tenon.api.TenonException {@code OUT_OF_MEMORY}
   */
  StateView allocate(StatePlan plan);

  /** The operations. Called only from within a {@link StepBody}. */
  Ops ops();

  /** Reductions among the ranks of the group. */
  Collectives collectives();

  /** Measures its kernels for mixtures of experts, if they have anything to choose. */
  Optional<MoeTuning> moeTuning();

  /**
   * Step shapes worth recording within the limits, in any order; every batch within the limits fits
   * one of them. A backend that does not record returns the limits themselves.
   */
  List<StepShape> shapes(StepShape limits);

  /**
   * Records a step, or prepares to run it directly. The bodies issue the same operations every
   * time: they depend on the shape alone, never on a batch's values.
   *
   * @param shape most rows and sequences of a batch that it will be launched with
   * @param forward up to the logits
   * @param sample from the logits on: sampling, acceptance, drafting
   */
  CapturedStep capture(StepShape shape, StateView states, StepBody forward, StepBody sample);

  /** Waits for the device and frees everything. Closing twice is harmless. */
  @Override
  void close();
}
