package dev.tenon.spi.model;

import java.util.List;
import java.util.Map;

/**
 * Sizes and ids of a model.
 *
 * @param family id of the model plugin
 * @param vocabularySize logits per row, padding included
 * @param hiddenSize elements of the residual stream
 * @param layers layers, drafting layers not counted
 * @param maxPositions longest sequence that the model was made for
 * @param endOfTextIds ids that end a text
 * @param draftLayers drafting layers that the checkpoint has; 0 for no drafting head
 * @param samplingDefaults {@code temperature}, {@code top_p}, {@code top_k}, {@code min_p}, {@code
 *     repetition_penalty} as far as the checkpoint sets them
 * @param parameters number of weights, drafting head included
 * @param notes what reading the config decided, for the log
 */
public record ModelProperties(
    String family,
    int vocabularySize,
    int hiddenSize,
    int layers,
    int maxPositions,
    List<Integer> endOfTextIds,
    int draftLayers,
    Map<String, Double> samplingDefaults,
    long parameters,
    List<String> notes) {
  /** Copies the collections. */
  public ModelProperties {
    endOfTextIds = List.copyOf(endOfTextIds);
    samplingDefaults = Map.copyOf(samplingDefaults);
    notes = List.copyOf(notes);
  }
}
