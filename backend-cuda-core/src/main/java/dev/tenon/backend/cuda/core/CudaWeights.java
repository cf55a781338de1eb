package dev.tenon.backend.cuda.core;

import dev.tenon.backend.cuda.core.tuning.MoeShape;
import dev.tenon.backend.cuda.core.tuning.TunedMoe;
import dev.tenon.backend.cuda.core.tuning.TunedMoeSearch;
import dev.tenon.spi.backend.AttentionWeights;
import dev.tenon.spi.backend.DeltaNetWeights;
import dev.tenon.spi.backend.HostMatrix;
import dev.tenon.spi.backend.MlpWeights;
import dev.tenon.spi.backend.MoeWeights;
import dev.tenon.spi.backend.NormWeights;
import dev.tenon.spi.backend.Packed;
import dev.tenon.spi.backend.Weights;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/** Packs a rank's weights on its card. */
final class CudaWeights implements Weights, AutoCloseable {
  private final CudaDevice device;
  private final TunedMoeSearch tunings;
  private final DeviceMemory memory;
  private final Supplier<Staging> stagings;
  private @Nullable Staging staging;

  private CudaWeights(
      CudaDevice device, TunedMoeSearch tunings, DeviceMemory memory, Supplier<Staging> stagings) {
    this.device = device;
    this.tunings = tunings;
    this.memory = memory;
    this.stagings = stagings;
  }

  CudaWeights(CudaDevice device, TunedMoeSearch tunings) {
    this(device, tunings, new DeviceMemory(device.context()), () -> new StagingRing(device));
  }

  /** Packs nothing, and counts. */
  static CudaWeights counting(CudaDevice device, TunedMoeSearch tunings) {
    return new CudaWeights(device, tunings, DeviceMemory.counting(), Staging::none);
  }

  @Override
  public Packed.Embedding embedding(HostMatrix rows, int firstRow, int vocabularySize) {
    int hidden = rows.columns();
    long rowBytes = (long) hidden * DeviceType.BF16.bytes;
    long table = memory.allocate(rows.rows() * rowBytes);
    int step = StagingRing.rowsPerBuffer(rowBytes, 0);
    for (int from = 0; from < rows.rows(); from += step) {
      int count = Math.min(step, rows.rows() - from);
      long to = table + from * rowBytes;
      staging()
          .rows(
              rows,
              from,
              count,
              new float[0],
              (at, none) ->
                  NativeCuda.copyOnDevice(
                      device.context(), device.stream(), to, at, count * rowBytes));
    }
    return new CudaPacked.Embedding(table, firstRow, rows.rows(), hidden);
  }

  @Override
  public Packed.Head head(HostMatrix rows, int firstRow, int vocabularySize) {
    return new CudaPacked.Head(packer().single(rows), firstRow, vocabularySize);
  }

  @Override
  public Packed.Projection projection(HostMatrix matrix) {
    return new CudaPacked.Projection(packer().single(matrix));
  }

  @Override
  public CudaPacked.NormScale norm(NormWeights norm) {
    return new CudaPacked.NormScale(floats(norm.scale()), norm.scale().length, norm.epsilon());
  }

  @Override
  public Packed.Attention attention(AttentionWeights weights) {
    MatrixPacker packer = packer();
    PackedMatrix input = packer.joined(List.of(weights.query(), weights.key(), weights.value()));
    AttentionWeights.Biases biases = weights.biases();
    NormWeights queryNorm = weights.queryNorm();
    NormWeights keyNorm = weights.keyNorm();
    return new CudaPacked.Attention(
        weights,
        norm(weights.inputNorm()),
        input,
        packer.single(weights.output()),
        biases == null ? 0 : floats(joined(biases.query(), biases.key(), biases.value())),
        biases == null ? 0 : floats(biases.output()),
        queryNorm == null ? 0 : floats(queryNorm.scale()),
        keyNorm == null ? 0 : floats(keyNorm.scale()),
        queryNorm == null ? 0 : queryNorm.epsilon(),
        floats(weights.rotary().frequencies()),
        weights.rotary().frequencies().length,
        weights.rotary().magnitude());
  }

  @Override
  public Packed.DeltaNet deltaNet(DeltaNetWeights weights) {
    MatrixPacker packer = packer();
    return new CudaPacked.DeltaNet(
        weights,
        norm(weights.inputNorm()),
        packer.single(weights.projection()),
        packer.single(weights.gates()),
        floats(weights.convolution()),
        floats(weights.decayLog()),
        floats(weights.timeBias()),
        norm(weights.outputNorm()),
        packer.single(weights.output()));
  }

  @Override
  public Packed.Moe moe(MoeWeights weights) {
    return moe(weights, tunings.of(MoeShape.of(weights)));
  }

  /** Packs a mixture that runs with given tile parameters. */
  CudaPacked.Moe moe(MoeWeights weights, TunedMoe tuned) {
    MatrixPacker packer = packer();
    List<HostMatrix> routing = new ArrayList<>(List.of(weights.router()));
    MoeWeights.SharedExpert shared = weights.shared();
    if (shared != null) {
      routing.add(shared.selector());
    }
    return new CudaPacked.Moe(
        weights,
        weights.gate().size(),
        norm(weights.inputNorm()),
        packer.joined(Widening.alike(routing)),
        pairs(weights.gate(), weights.up()),
        stack(weights.down()),
        shared == null
            ? CudaPacked.Stack.NONE
            : pairs(List.of(shared.gate()), List.of(shared.up())),
        shared == null ? CudaPacked.Stack.NONE : stack(List.of(shared.down())),
        tuned);
  }

  @Override
  public Packed.Mlp mlp(MlpWeights weights) {
    MatrixPacker packer = packer();
    return new CudaPacked.Mlp(
        norm(weights.inputNorm()),
        weights.gate().rows(),
        packer.alternating(weights.gate(), weights.up()),
        packer.single(weights.down()));
  }

  @Override
  public long packedBytes() {
    return memory.bytes();
  }

  /** Waits until all is packed, and gives the staging buffers back. */
  void finish() {
    if (staging != null) {
      staging.flush();
      staging.close();
      staging = null;
    }
  }

  @Override
  public void close() {
    if (staging != null) {
      staging.close();
      staging = null;
    }
    memory.close();
  }

  private CudaPacked.Stack pairs(List<HostMatrix> gates, List<HostMatrix> ups) {
    MatrixPacker.requireWholeTiles(gates.getFirst());
    int inner = gates.getFirst().rows();
    PackedMatrix all = allocateStack(gates, 2 * inner);
    for (int i = 0; i < gates.size(); i++) {
      packer().pack(gates.get(i), all, MatrixPacker.Placement.alternating(2 * inner * i));
      packer()
          .pack(
              ups.get(i),
              all,
              MatrixPacker.Placement.alternating(2 * inner * i + PackedMatrix.TILE));
    }
    return new CudaPacked.Stack(all.type(), inner, all.data(), all.scales());
  }

  private CudaPacked.Stack stack(List<HostMatrix> matrices) {
    MatrixPacker.requireWholeTiles(matrices.getFirst());
    int rows = matrices.getFirst().rows();
    PackedMatrix all = allocateStack(matrices, rows);
    for (int i = 0; i < matrices.size(); i++) {
      packer().pack(matrices.get(i), all, MatrixPacker.Placement.at(rows * i));
    }
    return new CudaPacked.Stack(
        all.type(), matrices.getFirst().columns(), all.data(), all.scales());
  }

  private PackedMatrix allocateStack(List<HostMatrix> matrices, int rowsEach) {
    HostMatrix first = matrices.getFirst();
    return packer()
        .allocate(MatrixPacker.typeOf(first), rowsEach * matrices.size(), first.columns());
  }

  private MatrixPacker packer() {
    return new MatrixPacker(device, memory, staging());
  }

  private Staging staging() {
    Staging known = staging;
    if (known == null) {
      known = stagings.get();
      staging = known;
    }
    return known;
  }

  private long floats(float[] values) {
    long address = memory.allocate((long) values.length * Float.BYTES);
    staging().floats(values, address);
    return address;
  }

  private static float[] joined(float[]... parts) {
    int length = 0;
    for (float[] part : parts) {
      length += part.length;
    }
    float[] all = new float[length];
    int at = 0;
    for (float[] part : parts) {
      System.arraycopy(part, 0, all, at, part.length);
      at += part.length;
    }
    return all;
  }
}
