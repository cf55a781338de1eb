package dev.tenon.backend.cpu;

import dev.tenon.spi.backend.StateSpec;
import dev.tenon.spi.backend.StateView;

/**
 * Recurrent state of one layer: per slot the last {@code convWidth − 1} inputs of the convolution,
 * oldest first, a matrix {@code [keyDim][valueDim]} per value head, and the inputs and gates of
 * draft rows that are not decided yet.
 */
final class RecurrentPool implements StateView.RecurrentCache {
  final StateSpec.Recurrent spec;
  final float[][] window;
  final float[][] state;
  final float[][] pendingInputs;
  final float[][] pendingGates;

  RecurrentPool(StateSpec.Recurrent spec, int slots, int draftTokens) {
    this.spec = spec;
    this.window = new float[slots][(spec.convWidth() - 1) * spec.convChannels()];
    this.state = new float[slots][spec.valueHeads() * spec.keyDim() * spec.valueDim()];
    this.pendingInputs = new float[slots][draftTokens * spec.convChannels()];
    this.pendingGates = new float[slots][draftTokens * 2 * spec.valueHeads()];
  }
}
