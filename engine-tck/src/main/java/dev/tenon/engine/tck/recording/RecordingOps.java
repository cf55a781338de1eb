package dev.tenon.engine.tck.recording;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tenon.engine.tck.recording.RecordingStep.Cache;
import dev.tenon.spi.backend.Activations;
import dev.tenon.spi.backend.AttentionOps;
import dev.tenon.spi.backend.AttentionWeights;
import dev.tenon.spi.backend.DeltaNetWeights;
import dev.tenon.spi.backend.HostMatrix;
import dev.tenon.spi.backend.LinearOps;
import dev.tenon.spi.backend.Logits;
import dev.tenon.spi.backend.MlpWeights;
import dev.tenon.spi.backend.MoeOps;
import dev.tenon.spi.backend.MoeWeights;
import dev.tenon.spi.backend.NormOps;
import dev.tenon.spi.backend.NormWeights;
import dev.tenon.spi.backend.Ops;
import dev.tenon.spi.backend.Packed;
import dev.tenon.spi.backend.RecurrentOps;
import dev.tenon.spi.backend.Residual;
import dev.tenon.spi.backend.Rows;
import dev.tenon.spi.backend.SamplingOps;
import dev.tenon.spi.backend.StateSpec;
import dev.tenon.spi.backend.StateView;
import dev.tenon.spi.backend.Step;
import java.util.ArrayList;
import java.util.List;

/**
 * Operations that are written down, one line each: its name, its rows, what it takes, and what it
 * yields. Each checks that weights, rows and states have the extents that it needs.
 */
public final class RecordingOps
    implements Ops, AttentionOps, LinearOps, MoeOps, NormOps, RecurrentOps, SamplingOps {
  private final List<String> issued = new ArrayList<>();

  /** Starts with nothing issued. */
  public RecordingOps() {}

  /** What was issued since this was asked last. */
  public List<String> drain() {
    List<String> lines = List.copyOf(issued);
    issued.clear();
    return lines;
  }

  /** Writes down what is no operation, such as a pass of a drafting head. */
  void note(String line) {
    issued.add(line);
  }

  private Named issue(int width, String operation, Object... given) {
    Named result = new Named("#" + issued.size(), width);
    issued.add(line(operation, given) + " → " + result);
    return result;
  }

  private static String line(String operation, Object... given) {
    return operation
        + " "
        + String.join(" ", List.of(given).stream().map(Object::toString).toList());
  }

  private static int width(Object handle) {
    return ((Named) handle).width();
  }

  private static void requireMatrix(String what, HostMatrix matrix, int rows, int columns) {
    assertThat(List.of(matrix.rows(), matrix.columns()))
        .as(what + " " + matrix.name())
        .containsExactly(rows, columns);
  }

  private static void requireNorm(NormWeights norm, int width) {
    assertThat(norm.scale()).as("a norm's scale").hasSize(width);
  }

  @Override
  public Residual embed(Rows rows, Packed.Embedding embedding) {
    int hidden = NamedWeights.given(embedding, HostMatrix.class).columns();
    return issue(hidden, "embed", rows, embedding);
  }

  @Override
  public Residual joinEmbedding(
      Rows rows,
      Packed.Embedding embedding,
      Activations hidden,
      Packed.Norm embeddingNorm,
      Packed.Norm hiddenNorm,
      Packed.Projection projection) {
    int width = NamedWeights.given(embedding, HostMatrix.class).columns();
    requireNorm(NamedWeights.given(embeddingNorm, NormWeights.class), width);
    requireNorm(NamedWeights.given(hiddenNorm, NormWeights.class), width(hidden));
    requireMatrix(
        "projection",
        NamedWeights.given(projection, HostMatrix.class),
        width,
        width + width(hidden));
    return issue(width, "join", rows, embedding, hidden, embeddingNorm, hiddenNorm, projection);
  }

  @Override
  public Activations select(Rows rows, Activations activations) {
    return issue(activations.width(), "select", rows, activations);
  }

  @Override
  public Logits logits(Rows rows, Packed.Head head, Activations selected) {
    HostMatrix matrix = NamedWeights.given(head, HostMatrix.class);
    requireMatrix("head", matrix, matrix.rows(), selected.width());
    return issue(matrix.rows(), "logits", rows, head, selected);
  }

  @Override
  public Activations finish(Rows rows, Residual residual, Packed.Norm norm) {
    requireNorm(NamedWeights.given(norm, NormWeights.class), width(residual));
    return issue(width(residual), "finish", rows, residual, norm);
  }

  @Override
  public void attend(
      Rows rows, Residual residual, Packed.Attention attention, StateView.KvCache cache) {
    AttentionWeights weights = NamedWeights.given(attention, AttentionWeights.class);
    int hidden = width(residual);
    int heads = weights.heads() * weights.headDim();
    int kvHeads = weights.kvHeads() * weights.headDim();
    int perHead = weights.gate() == AttentionWeights.OutputGate.NONE ? 1 : 2;
    requireNorm(weights.inputNorm(), hidden);
    requireMatrix("query", weights.query(), heads * perHead, hidden);
    requireMatrix("key", weights.key(), kvHeads, hidden);
    requireMatrix("value", weights.value(), kvHeads, hidden);
    requireMatrix("output", weights.output(), hidden, heads);
    StateSpec spec = ((Cache) cache).spec();
    assertThat(spec)
        .isEqualTo(new StateSpec.PagedKv(spec.layer(), weights.kvHeads(), weights.headDim()));
    note(line("attend", rows, residual, attention, "state" + spec.layer()));
  }

  @Override
  public void deltaNet(
      Rows rows, Residual residual, Packed.DeltaNet packed, StateView.RecurrentCache cache) {
    DeltaNetWeights weights = NamedWeights.given(packed, DeltaNetWeights.class);
    int hidden = width(residual);
    int keys = weights.keyHeads() * weights.keyDim();
    int values = weights.valueHeads() * weights.valueDim();
    int channels = 2 * keys + values;
    requireNorm(weights.inputNorm(), hidden);
    requireMatrix("projection", weights.projection(), channels + values, hidden);
    requireMatrix("gates", weights.gates(), 2 * weights.valueHeads(), hidden);
    requireMatrix("output", weights.output(), hidden, values);
    assertThat(weights.convolution()).as("convolution").hasSize(channels * weights.convWidth());
    assertThat(weights.decayLog()).as("decay").hasSize(weights.valueHeads());
    assertThat(weights.timeBias()).as("time bias").hasSize(weights.valueHeads());
    requireNorm(weights.outputNorm(), weights.valueDim());
    StateSpec spec = ((Cache) cache).spec();
    assertThat(spec)
        .isEqualTo(
            new StateSpec.Recurrent(
                spec.layer(),
                channels,
                weights.convWidth(),
                weights.keyHeads(),
                weights.valueHeads(),
                weights.keyDim(),
                weights.valueDim()));
    note(line("deltaNet", rows, residual, packed, "state" + spec.layer()));
  }

  @Override
  public void moe(Rows rows, Residual residual, Packed.Moe packed) {
    MoeWeights weights = NamedWeights.given(packed, MoeWeights.class);
    int hidden = width(residual);
    requireNorm(weights.inputNorm(), hidden);
    requireMatrix("router", weights.router(), weights.experts(), hidden);
    assertThat(weights.up()).as("held experts").hasSameSizeAs(weights.gate());
    assertThat(weights.down()).as("held experts").hasSameSizeAs(weights.gate());
    for (int i = 0; i < weights.gate().size(); i++) {
      requireGated(weights.gate().get(i), weights.up().get(i), weights.down().get(i), hidden);
    }
    MoeWeights.SharedExpert shared = weights.shared();
    if (shared != null) {
      requireMatrix("selector", shared.selector(), 1, hidden);
      requireGated(shared.gate(), shared.up(), shared.down(), hidden);
    }
    note(line("moe", rows, residual, packed));
  }

  @Override
  public void mlp(Rows rows, Residual residual, Packed.Mlp packed) {
    MlpWeights weights = NamedWeights.given(packed, MlpWeights.class);
    requireNorm(weights.inputNorm(), width(residual));
    requireGated(weights.gate(), weights.up(), weights.down(), width(residual));
    note(line("mlp", rows, residual, packed));
  }

  private static void requireGated(HostMatrix gate, HostMatrix up, HostMatrix down, int hidden) {
    requireMatrix("gate", gate, gate.rows(), hidden);
    requireMatrix("up", up, gate.rows(), hidden);
    requireMatrix("down", down, hidden, gate.rows());
  }

  @Override
  public void sample(Step step, Logits logits) {
    note(line("sample", logits));
  }

  @Override
  public void draft(Step step, Logits logits, int pass) {
    note(line("draft", pass, logits));
  }

  @Override
  public LinearOps linear() {
    return this;
  }

  @Override
  public NormOps norms() {
    return this;
  }

  @Override
  public AttentionOps attention() {
    return this;
  }

  @Override
  public RecurrentOps recurrent() {
    return this;
  }

  @Override
  public MoeOps moe() {
    return this;
  }

  @Override
  public SamplingOps sampling() {
    return this;
  }
}
