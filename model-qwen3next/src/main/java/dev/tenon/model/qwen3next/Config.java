package dev.tenon.model.qwen3next;

import dev.tenon.spi.backend.AttentionWeights;
import dev.tenon.spi.backend.DeltaNetWeights;
import dev.tenon.spi.backend.RotaryTable;
import java.util.List;
import java.util.Set;

/**
 * What {@code config.json} says, checked.
 *
 * @param vocabularySize rows of embedding and head
 * @param hidden elements of the residual stream
 * @param mixers kind of each layer's mixer
 * @param denseLayers layers with a dense MLP instead of experts
 * @param heads query heads
 * @param kvHeads KV heads
 * @param headDim elements of an attention head
 * @param outputGate whether the query projection carries gates
 * @param queryBias whether q, k and v have biases
 * @param outputBias whether o has one
 * @param rotary position embedding
 * @param keyHeads key heads of a delta net
 * @param valueHeads value heads of a delta net
 * @param keyDim elements of a key
 * @param valueDim elements of a value
 * @param convWidth taps of the convolution
 * @param gateActivation of a delta net's output gate
 * @param experts routed experts
 * @param expertsPerToken of them per token
 * @param normalisedWeights whether the chosen probabilities are divided by their sum
 * @param expertWidth intermediate width of a routed expert
 * @param sharedWidth intermediate width of the shared expert, 0 for none
 * @param denseWidth intermediate width of a dense MLP
 * @param epsilon of all norms
 * @param tiedHead whether the head shares the embedding
 * @param maxPositions longest sequence
 * @param endOfTextIds ids that end a text
 * @param draftLayers layers of the drafting head
 * @param notes what reading decided, for the log
 */
record Config(
    int vocabularySize,
    int hidden,
    List<Mixer> mixers,
    Set<Integer> denseLayers,
    int heads,
    int kvHeads,
    int headDim,
    AttentionWeights.OutputGate outputGate,
    boolean queryBias,
    boolean outputBias,
    RotaryTable rotary,
    int keyHeads,
    int valueHeads,
    int keyDim,
    int valueDim,
    int convWidth,
    DeltaNetWeights.GateActivation gateActivation,
    int experts,
    int expertsPerToken,
    boolean normalisedWeights,
    int expertWidth,
    int sharedWidth,
    int denseWidth,
    float epsilon,
    boolean tiedHead,
    int maxPositions,
    List<Integer> endOfTextIds,
    int draftLayers,
    List<String> notes) {

  /** Kind of a layer's mixer. */
  enum Mixer {
    /** Gated attention. */
    FULL_ATTENTION,
    /** Gated delta net. */
    LINEAR_ATTENTION
  }

  int layers() {
    return mixers.size();
  }

  int keyWidth() {
    return keyHeads * keyDim;
  }

  int valueWidth() {
    return valueHeads * valueDim;
  }

  int convChannels() {
    return 2 * keyWidth() + valueWidth();
  }

  int queryRows() {
    return heads * headDim * (outputGate == AttentionWeights.OutputGate.SIGMOID ? 2 : 1);
  }

  boolean isDense(int layer) {
    return denseLayers.contains(layer);
  }
}
