package dev.tenon.api;

import dev.tenon.spi.text.Tokenizer;
import dev.tenon.spi.toolcall.ToolParserProvider;
import java.time.Duration;
import java.util.List;
import java.util.Optional;

/**
 * A model that is loaded and serves. All methods may be called from any thread. Closing cancels
 * what still runs and frees everything.
 */
public interface Engine extends AutoCloseable {
  /** Opens an engine with the installed runtime, see {@link EngineFactory#open}. */
  static Engine open(EngineConfig config) {
    return EngineFactory.installed().open(config, LoadProgress.SILENT);
  }

  /**
   * Checks a request and queues it. Everything that can be refused is refused here, before anything
   * is allocated for it.
   *
   * @return the request's events; its owner must read it to the end or close it
   * @throws TenonException {@code INVALID_REQUEST}, {@code PROMPT_TOO_LONG}, {@code QUEUE_FULL},
   *     {@code CLOSED} or {@code DEVICE_FAULT}
   */
  GenerationStream submit(GenerationRequest request);

  /**
   * Checks several requests and queues them at once: no step is planned that knows some of them
   * only, so on an idle engine the same requests always meet in the same steps. If one is refused,
   * none is queued.
   *
   * @return a stream for each request, in their order
   * @throws TenonException as {@link #submit} does
   */
  List<GenerationStream> submitAll(List<GenerationRequest> requests);

  /** The model served. */
  ModelCard model();

  /** The tokenizer, or empty for a checkpoint without one: then only token prompts are served. */
  Optional<Tokenizer> tokenizer();

  /**
   * The text that a conversation becomes.
   *
   * @throws TenonException {@code INVALID_REQUEST} if the template refuses it, {@code UNSUPPORTED}
   *     if the checkpoint has none
   */
  String render(ChatPrompt prompt);

  /**
   * An installed tool-call parser.
   *
   * @throws TenonException {@code PLUGIN_NOT_FOUND} naming those installed
   */
  ToolParserProvider toolParser(String id);

  /** A snapshot of the counters. Cheap; never waits for the device. */
  EngineStatistics statistics();

  /** Whether the engine can serve, and if not, why. */
  EngineHealth health();

  /** What was decided at start, for people: backend, pools, limits; one line each. */
  List<String> description();

  /**
   * Refuses new requests from now on and waits for the running ones.
   *
   * @return whether all ended within {@code limit}
   */
  boolean drain(Duration limit) throws InterruptedException;

  /** Cancels all requests and frees everything. Closing twice is harmless. */
  @Override
  void close();
}
