package dev.tenon.model.qwen3next;

import dev.tenon.spi.backend.Ops;
import dev.tenon.spi.backend.Packed;
import dev.tenon.spi.backend.Residual;
import dev.tenon.spi.backend.Rows;
import dev.tenon.spi.backend.StateView;

/**
 * A decoder layer.
 *
 * @param index of its state
 * @param mixer attention or delta net
 * @param feedForward experts or MLP
 */
record Layer(int index, Packed mixer, Packed feedForward) {
  void apply(Ops ops, Rows rows, Residual residual, StateView states) {
    switch (mixer) {
      case Packed.Attention attention ->
          ops.attention().attend(rows, residual, attention, states.kv(index));
      case Packed.DeltaNet deltaNet ->
          ops.recurrent().deltaNet(rows, residual, deltaNet, states.recurrent(index));
      default -> throw new IllegalStateException(mixer + " does not mix tokens");
    }
    switch (feedForward) {
      case Packed.Moe moe -> ops.moe().moe(rows, residual, moe);
      case Packed.Mlp mlp -> ops.moe().mlp(rows, residual, mlp);
      default -> throw new IllegalStateException(feedForward + " is no feed-forward block");
    }
  }
}
