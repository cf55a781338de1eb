package dev.tenon.engine.tck.contract;

import dev.tenon.spi.backend.AttentionWeights;
import dev.tenon.spi.backend.DeltaNetWeights;
import dev.tenon.spi.backend.ElementType;
import dev.tenon.spi.backend.HostMatrix;
import dev.tenon.spi.backend.MlpWeights;
import dev.tenon.spi.backend.MoeWeights;
import dev.tenon.spi.backend.NormWeights;
import dev.tenon.spi.backend.Packed;
import dev.tenon.spi.backend.RotaryTable;
import dev.tenon.spi.backend.StateSpec;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.function.Supplier;

/** Models of one random block each. */
final class Blocks {
  private static final int VOCABULARY = 61;

  private final Random random;
  private final ElementType type;
  private final int hidden;

  Blocks(Random random, ElementType type, int hidden) {
    this.random = random;
    this.type = type;
    this.hidden = hidden;
  }

  /** No block at all. */
  BlockModel nothing() {
    return model(List.of(), backend -> (ops, step, residual) -> {});
  }

  /** Optional parts come and go with {@code variant}'s bits: norms, gate, biases. */
  BlockModel attention(int heads, int kvHeads, int dim, int variant) {
    boolean norms = (variant & 1) != 0;
    boolean gate = (variant & 2) != 0;
    int rotated = Math.max(1, dim / 8);
    float[] frequencies = new float[rotated];
    for (int i = 0; i < rotated; i++) {
      frequencies[i] = (float) Math.pow(100, -(double) i / rotated);
    }
    AttentionWeights weights =
        new AttentionWeights(
            heads,
            kvHeads,
            dim,
            (float) (1 / Math.sqrt(dim)),
            new RotaryTable(frequencies, 1.1f),
            norm(hidden),
            matrix(heads * dim * (gate ? 2 : 1), hidden),
            gate ? AttentionWeights.OutputGate.SIGMOID : AttentionWeights.OutputGate.NONE,
            matrix(kvHeads * dim, hidden),
            matrix(kvHeads * dim, hidden),
            matrix(hidden, heads * dim),
            norms ? norm(dim) : null,
            norms ? norm(dim) : null,
            (variant & 4) == 0
                ? null
                : new AttentionWeights.Biases(
                    RandomTensors.values(random, heads * dim * (gate ? 2 : 1), 0.3f),
                    RandomTensors.values(random, kvHeads * dim, 0.3f),
                    RandomTensors.values(random, kvHeads * dim, 0.3f),
                    RandomTensors.values(random, hidden, 0.3f)));
    return model(
        List.of(new StateSpec.PagedKv(0, kvHeads, dim)),
        backend -> {
          Packed.Attention packed = backend.weights().attention(weights);
          return (ops, step, residual) ->
              ops.attention().attend(step.targetRows(), residual, packed, step.states().kv(0));
        });
  }

  BlockModel deltaNet(
      int keyHeads, int repeat, int keyDim, int valueDim, DeltaNetWeights.GateActivation gate) {
    int valueHeads = keyHeads * repeat;
    int channels = 2 * keyHeads * keyDim + valueHeads * valueDim;
    int width = 4;
    DeltaNetWeights weights =
        new DeltaNetWeights(
            keyHeads,
            valueHeads,
            keyDim,
            valueDim,
            width,
            norm(hidden),
            matrix(keyHeads * (2 * keyDim + 2 * repeat * valueDim), hidden),
            matrix(2 * valueHeads, hidden),
            RandomTensors.values(random, channels * width, 0.7f),
            RandomTensors.values(random, valueHeads, 2f),
            RandomTensors.values(random, valueHeads, 1f),
            new NormWeights(RandomTensors.values(random, valueDim, 1.5f), 1e-6f),
            gate,
            matrix(hidden, valueHeads * valueDim));
    return model(
        List.of(
            new StateSpec.Recurrent(0, channels, width, keyHeads, valueHeads, keyDim, valueDim)),
        backend -> {
          Packed.DeltaNet packed = backend.weights().deltaNet(weights);
          return (ops, step, residual) ->
              ops.recurrent()
                  .deltaNet(step.targetRows(), residual, packed, step.states().recurrent(0));
        });
  }

  BlockModel moe(
      int experts, int perToken, int inner, MoeWeights.Weighting weighting, boolean shared) {
    List<HostMatrix> gate = matrices(experts, () -> matrix(inner, hidden));
    List<HostMatrix> up = matrices(experts, () -> matrix(inner, hidden));
    List<HostMatrix> down = matrices(experts, () -> matrix(hidden, inner));
    MoeWeights.SharedExpert common =
        shared
            ? new MoeWeights.SharedExpert(
                matrix(1, hidden),
                matrix(inner, hidden),
                matrix(inner, hidden),
                matrix(hidden, inner))
            : null;
    // a flipped expert is a large step and no error of the experts: the router stays in f32
    HostMatrix router = RandomTensors.matrix(random, ElementType.F32, experts, hidden);
    MoeWeights weights =
        new MoeWeights(
            experts, perToken, weighting, 0, norm(hidden), router, gate, up, down, common);
    return model(
        List.of(),
        backend -> {
          Packed.Moe packed = backend.weights().moe(weights);
          return (ops, step, residual) -> ops.moe().moe(step.targetRows(), residual, packed);
        });
  }

  BlockModel mlp(int inner) {
    MlpWeights weights =
        new MlpWeights(
            norm(hidden), matrix(inner, hidden), matrix(inner, hidden), matrix(hidden, inner));
    return model(
        List.of(),
        backend -> {
          Packed.Mlp packed = backend.weights().mlp(weights);
          return (ops, step, residual) -> ops.moe().mlp(step.targetRows(), residual, packed);
        });
  }

  private BlockModel model(List<StateSpec> states, BlockModel.Block block) {
    // what the block adds must weigh more than the embedding
    HostMatrix embedding = RandomTensors.matrix(random, ElementType.F32, VOCABULARY, hidden);
    return new BlockModel(embedding, norm(hidden), matrix(VOCABULARY, hidden), states, block);
  }

  private NormWeights norm(int width) {
    return RandomTensors.norm(random, width);
  }

  private HostMatrix matrix(int rows, int columns) {
    return RandomTensors.matrix(random, type, rows, columns);
  }

  private static List<HostMatrix> matrices(int count, Supplier<HostMatrix> matrix) {
    HostMatrix[] made = new HostMatrix[count];
    Arrays.setAll(made, i -> matrix.get());
    return new ArrayList<>(List.of(made));
  }

  /** Sequences of assorted lengths. */
  List<SequencePlan> sequences(int... lengths) {
    List<SequencePlan> plans = new ArrayList<>();
    for (int length : lengths) {
      plans.add(SequencePlan.random(random, VOCABULARY, length, 5));
    }
    return plans;
  }
}
