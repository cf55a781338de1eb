package dev.tenon.backend.cpu;

import dev.tenon.spi.backend.HostMatrix;
import dev.tenon.spi.backend.MlpWeights;
import dev.tenon.spi.backend.MoeOps;
import dev.tenon.spi.backend.MoeWeights;
import dev.tenon.spi.backend.Packed;
import dev.tenon.spi.backend.Residual;
import dev.tenon.spi.backend.Rows;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/** Mixtures of experts and dense MLPs. */
final class CpuMoeOps implements MoeOps {
  private final Kernels kernels;
  private final Buffers buffers;
  private final BlockInput input;

  CpuMoeOps(Kernels kernels, Buffers buffers, BlockInput input) {
    this.kernels = kernels;
    this.buffers = buffers;
    this.input = input;
  }

  /** An expert and the rows that it serves, {@code from … from + rows − 1} of the gathered ones. */
  private record Visit(
      HostMatrix gate, HostMatrix up, HostMatrix down, int from, int rows, int hiddenFrom) {}

  @Override
  public void mlp(Rows rows, Residual residual, Packed.Mlp packed) {
    CpuResidual stream = CpuResidual.of(residual);
    MlpWeights weights = ((CpuWeights.Mlp) packed).weights();
    float[] normed = input.normalised(stream, weights.inputNorm());
    float[] output = buffers.take(stream.rows * stream.width);
    run(
        List.of(new Visit(weights.gate(), weights.up(), weights.down(), 0, stream.rows, 0)),
        normed,
        output,
        stream.width);
    buffers.release(normed);
    stream.pending = output;
  }

  @Override
  public void moe(Rows rows, Residual residual, Packed.Moe packed) {
    CpuResidual stream = CpuResidual.of(residual);
    MoeWeights weights = ((CpuWeights.Moe) packed).weights();
    int count = stream.rows;
    int width = stream.width;
    float[] normed = input.normalised(stream, weights.inputNorm());
    float[] scores = buffers.take(count * weights.experts());
    MoeWeights.SharedExpert shared = weights.shared();
    float[] selector = buffers.take(count);
    List<Kernels.Product> routing = new ArrayList<>();
    routing.add(Kernels.Product.of(weights.router(), normed, count, scores));
    if (shared != null) {
      routing.add(Kernels.Product.of(shared.selector(), normed, count, selector));
    }
    kernels.products(routing);
    Routing routed = new Routing(weights, scores, count);
    int held = weights.gate().size();
    int[] starts = routed.starts(weights.firstExpert(), held);
    int visits = starts[held];
    int gatheredRows = visits + (shared == null ? 0 : count);
    float[] gathered = buffers.take(Math.max(1, gatheredRows) * width);
    int[] rowOf = new int[visits];
    float[] weightOf = new float[visits];
    routed.fill(weights.firstExpert(), held, starts, rowOf, weightOf);
    kernels.parallel(
        visits, i -> System.arraycopy(normed, rowOf[i] * width, gathered, i * width, width));
    List<Visit> experts = new ArrayList<>();
    int hidden = 0;
    for (int expert = 0; expert < held; expert++) {
      int rowsHere = starts[expert + 1] - starts[expert];
      if (rowsHere > 0) {
        HostMatrix gate = weights.gate().get(expert);
        experts.add(
            new Visit(
                gate,
                weights.up().get(expert),
                weights.down().get(expert),
                starts[expert],
                rowsHere,
                hidden));
        hidden += rowsHere * gate.rows();
      }
    }
    if (shared != null) {
      System.arraycopy(normed, 0, gathered, visits * width, count * width);
      experts.add(new Visit(shared.gate(), shared.up(), shared.down(), visits, count, hidden));
    }
    float[] outputs = buffers.take(Math.max(1, gatheredRows) * width);
    run(experts, gathered, outputs, width);
    float[] result = buffers.take(count * width);
    int[][] visitsOf = routed.visitsByRow(rowOf);
    kernels.parallel(
        count,
        row -> {
          int to = row * width;
          Arrays.fill(result, to, to + width, 0f);
          for (int visit : visitsOf[row]) {
            accumulate(result, to, outputs, visit * width, weightOf[visit], width);
          }
          if (shared != null) {
            float weight = Kernels.sigmoid(selector[row]);
            accumulate(result, to, outputs, (visits + row) * width, weight, width);
          }
        });
    for (float[] done : List.of(normed, scores, selector, gathered, outputs)) {
      buffers.release(done);
    }
    stream.pending = result;
  }

  private void run(List<Visit> visits, float[] x, float[] y, int width) {
    int elements = 0;
    for (Visit visit : visits) {
      elements += visit.rows() * visit.gate().rows();
    }
    float[] gate = buffers.take(Math.max(1, elements));
    float[] up = buffers.take(Math.max(1, elements));
    List<Kernels.Product> first = new ArrayList<>();
    List<Kernels.Product> second = new ArrayList<>();
    for (Visit visit : visits) {
      int from = visit.from() * width;
      int inner = visit.gate().rows();
      int at = visit.hiddenFrom();
      first.add(new Kernels.Product(visit.gate(), x, from, visit.rows(), gate, at, inner));
      first.add(new Kernels.Product(visit.up(), x, from, visit.rows(), up, at, inner));
      second.add(new Kernels.Product(visit.down(), gate, at, visit.rows(), y, from, width));
    }
    kernels.products(first);
    int parts = Math.ceilDiv(elements, 4096);
    int all = elements;
    kernels.parallel(
        parts, i -> kernels.gateUp(gate, up, i * 4096, Math.min(4096, all - i * 4096)));
    kernels.products(second);
    buffers.release(gate);
    buffers.release(up);
  }

  private static void accumulate(
      float[] sum, int to, float[] term, int from, float weight, int length) {
    for (int i = 0; i < length; i++) {
      sum[to + i] += weight * term[from + i];
    }
  }
}
