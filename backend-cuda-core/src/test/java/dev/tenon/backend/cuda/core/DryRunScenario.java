package dev.tenon.backend.cuda.core;

import dev.tenon.backend.cuda.core.tuning.TunedMoeSearch;
import dev.tenon.engine.tck.contract.RandomTensors;
import dev.tenon.spi.backend.Activations;
import dev.tenon.spi.backend.Backend;
import dev.tenon.spi.backend.BackendOptions;
import dev.tenon.spi.backend.DryRun;
import dev.tenon.spi.backend.ElementType;
import dev.tenon.spi.backend.HostMatrix;
import dev.tenon.spi.backend.Logits;
import dev.tenon.spi.backend.MlpWeights;
import dev.tenon.spi.backend.NormWeights;
import dev.tenon.spi.backend.Packed;
import dev.tenon.spi.backend.Residual;
import dev.tenon.spi.backend.StateLimits;
import dev.tenon.spi.backend.StatePlan;
import dev.tenon.spi.backend.StateSpec;
import dev.tenon.spi.backend.StateView;
import dev.tenon.spi.backend.Step;
import dev.tenon.spi.backend.StepShape;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.atomic.AtomicReference;

/**
 * What {@link EmulatedKernelsTest} runs in a process of its own: a model is opened on a dryRun and
 * on the backend, and what the first counted is held against what the second took. Arguments are
 * the JNI library, the driver and the kernels.
 */
final class DryRunScenario {
  private static final int HIDDEN = 64;
  private static final int INNER = 96;
  private static final int VOCABULARY = 1000;
  private static final int PAGES = 37;
  private static final StepShape LIMITS = new StepShape(300, 9, 9, 0);
  private static final List<StateSpec> STATES =
      List.of(new StateSpec.PagedKv(0, 2, 64), new StateSpec.Recurrent(1, 320, 4, 1, 1, 128, 64));
  private static final StatePlan PLAN =
      new StatePlan(
          STATES,
          CudaBackend.PAGE_SIZE,
          PAGES,
          LIMITS.sequences(),
          new StateLimits(512, 0, VOCABULARY));

  private DryRunScenario() {}

  public static void main(String[] arguments) {
    System.load(arguments[0]);
    NativeCuda.open(arguments[1]);
    Card card = new Card(0, "emulated", 90, 4, 1L << 34);
    BackendOptions options = BackendOptions.single();
    try (CudaBackend backend =
        CudaBackend.open(
            card,
            Path.of(arguments[2]),
            options,
            CudaOptions.of(options),
            TunedMoeSearch.in(Map.of(), card.name(), DryRunScenario.class))) {
      DryRun.Counted counted;
      try (DryRun dryRun = backend.dryRun().orElseThrow()) {
        open(dryRun);
        counted = dryRun.counted();
      }
      System.out.println("nothing taken " + (backend.allocatedBytes() == 0));
      open(backend);
      System.out.println("weights " + (counted.weights() == backend.weights().packedBytes()));
      long pools =
          PAGES * backend.bytesPerPage(STATES, PLAN.pageSize())
              + PLAN.slots() * backend.bytesPerSlot(STATES, PLAN.limits());
      System.out.println("rest " + (pools + counted.work() - backend.allocatedBytes()));
      System.out.println("recordings " + (counted.recordings() > 0));
    }
  }

  private static void open(Backend backend) {
    Random random = new Random(7);
    HostMatrix table = RandomTensors.matrix(random, ElementType.BF16, VOCABULARY, HIDDEN);
    NormWeights scale = RandomTensors.norm(random, HIDDEN);
    Packed.Embedding embedding = backend.weights().embedding(table, 0, VOCABULARY);
    Packed.Head head = backend.weights().head(table, 0, VOCABULARY);
    Packed.Norm norm = backend.weights().norm(scale);
    Packed.Mlp mlp =
        backend
            .weights()
            .mlp(
                new MlpWeights(
                    scale,
                    RandomTensors.matrix(random, ElementType.F8_E4M3, INNER, HIDDEN),
                    RandomTensors.matrix(random, ElementType.F8_E4M3, INNER, HIDDEN),
                    RandomTensors.matrix(random, ElementType.F8_E4M3, HIDDEN, INNER)));
    StateView states = backend.allocate(PLAN);
    List<StepShape> shapes = new ArrayList<>(backend.shapes(LIMITS));
    shapes.sort(Comparator.comparingInt(StepShape::rows).reversed());
    for (StepShape shape : shapes) {
      AtomicReference<Logits> logits = new AtomicReference<>();
      backend.capture(
          shape,
          states,
          step -> logits.set(forward(backend, step, embedding, mlp, norm, head)),
          step -> backend.ops().sampling().sample(step, logits.get()));
    }
  }

  private static Logits forward(
      Backend backend,
      Step step,
      Packed.Embedding embedding,
      Packed.Mlp mlp,
      Packed.Norm norm,
      Packed.Head head) {
    Residual residual = backend.ops().linear().embed(step.targetRows(), embedding);
    backend.ops().moe().mlp(step.targetRows(), residual, mlp);
    Activations last = backend.ops().norms().finish(step.targetRows(), residual, norm);
    Activations selected = backend.ops().linear().select(step.targetRows(), last);
    return backend.ops().linear().logits(step.targetRows(), head, selected);
  }
}
