package dev.tenon.backend.cuda.core;

import dev.tenon.api.TenonException;
import dev.tenon.api.TunedRows;
import dev.tenon.backend.cuda.core.tuning.TunedMoe;
import dev.tenon.backend.cuda.core.tuning.TunedMoeFile;
import dev.tenon.backend.cuda.core.tuning.TunedMoeSearch;
import dev.tenon.spi.backend.ElementType;
import dev.tenon.spi.backend.HostMatrix;
import dev.tenon.spi.backend.MoeWeights;
import dev.tenon.spi.backend.NormWeights;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SymbolLookup;
import java.lang.foreign.ValueLayout;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;

/**
 * What {@link NativeCudaTest} runs in a process of its own, with the fake driver's environment:
 * arguments are the JNI library, the driver, the kernel library and the scenario.
 */
final class NativeCudaScenario {
  private NativeCudaScenario() {}

  public static void main(String[] arguments) throws Throwable {
    System.load(arguments[0]);
    try {
      run(arguments[1], arguments[2], arguments[3]);
    } catch (TenonException e) {
      System.out.println(e.code() + ": " + e.getMessage());
    }
  }

  private static void run(String driver, String kernels, String scenario) throws Throwable {
    System.out.println("driver " + NativeCuda.open(driver));
    long context = NativeCuda.openContext(0);
    switch (scenario) {
      case "open" -> System.out.println(NativeCuda.deviceName(0));
      case "kernels" -> runKernels(context, kernels);
      case "memory" -> NativeCuda.allocate(context, 1 << 20);
      case "leaks" -> {
        useEverything(context);
        NativeCuda.closeContext(context);
        System.out.println("open " + call(driver, "fake_cuda_open_objects"));
      }
      case "tune" -> tune(context, kernels, Path.of(driver).resolveSibling("tuned"));
      case "fault" -> {
        long stream = NativeCuda.createStream(context);
        call(driver, "fake_cuda_fault");
        NativeCuda.synchronize(context, stream);
      }
      case "hang" -> hang(context, kernels);
      default -> throw new IllegalArgumentException(scenario);
    }
  }

  private static void hang(long context, String path) {
    int[] words = Stream.of(Operation.values()).mapToInt(operation -> operation.words).toArray();
    CudaDevice device =
        new CudaDevice(
            context, NativeCuda.createStream(context), NativeCuda.loadKernels(path, words));
    long event = NativeCuda.createEvent(context, false);
    CudaTicket ticket =
        new CudaTicket(
            device,
            event,
            "step 7 of 3 sequences",
            null,
            () -> {
              throw new IllegalStateException("it never ends");
            },
            Duration.ofMillis(300));
    try {
      ticket.await();
    } catch (InterruptedException e) {
      throw new IllegalStateException(e);
    }
  }

  private static void runKernels(long context, String path) {
    int[] words = Stream.of(Operation.values()).mapToInt(operation -> operation.words).toArray();
    long kernels = NativeCuda.loadKernels(path, words);
    System.out.println("target " + NativeCuda.kernelTarget(kernels));
    System.out.println("offers gather " + NativeCuda.offers(kernels, Operation.GATHER.ordinal()));
    long[] product = new long[Operation.PRODUCT.words];
    product[0] = 7;
    System.out.println(
        "space " + NativeCuda.workspace(kernels, Operation.PRODUCT.ordinal(), product));
    long[] moe = new long[Operation.MOE.words];
    moe[0] = 3;
    System.out.println(
        "candidates of moe "
            + Arrays.toString(NativeCuda.candidates(kernels, Operation.MOE.ordinal(), moe)));
    System.out.println(
        "candidates of product "
            + Arrays.toString(
                NativeCuda.candidates(kernels, Operation.PRODUCT.ordinal(), product)));
    MemorySegment target = Arena.global().allocate(ValueLayout.JAVA_LONG);
    long[] pack = new long[Operation.PACK_MATRIX.words];
    pack[0] = 4711;
    pack[10] = target.address();
    NativeCuda.launch(context, kernels, Operation.PACK_MATRIX.ordinal(), 0, pack);
    System.out.println("packed " + target.get(ValueLayout.JAVA_LONG, 0));
    attempt(context, kernels, Operation.EMBED, Operation.EMBED.words);
    attempt(context, kernels, Operation.GATHER, Operation.GATHER.words);
    attempt(context, kernels, Operation.ADD_NORM, 3);
  }

  private static void attempt(long context, long kernels, Operation operation, int words) {
    try {
      NativeCuda.launch(context, kernels, operation.ordinal(), 0, new long[words]);
    } catch (TenonException e) {
      System.out.println(e.code() + ": " + e.getMessage());
    }
  }

  /** Every candidate of a small mixture, on kernels that do nothing. */
  private static void tune(long context, String path, Path folder) throws Throwable {
    int[] words = Stream.of(Operation.values()).mapToInt(operation -> operation.words).toArray();
    long stream = NativeCuda.createStream(context);
    CudaDevice device = new CudaDevice(context, stream, NativeCuda.loadKernels(path, words));
    TunedMoeSearch names =
        TunedMoeSearch.in(Map.of(), NativeCuda.deviceName(0), NativeCudaScenario.class);
    List<TunedRows> rows = new ArrayList<>();
    try (CudaWeights weights = new CudaWeights(device, names)) {
      Path file =
          new MoeTuner(device, weights, names, 0).tune(List.of(mixture()), folder, rows::add);
      System.out.println("file " + file.getFileName());
      TunedMoe tuned = TunedMoeFile.read(Files.readAllBytes(file), file.toString());
      System.out.println(
          "rows " + tuned.entries().stream().map(entry -> "" + entry.rows()).toList());
    }
    System.out.println("tried " + rows.stream().mapToInt(TunedRows::candidates).sum());
  }

  private static MoeWeights mixture() {
    HostMatrix matrix =
        new HostMatrix(
            "matrix", ElementType.BF16, Arena.global().allocate(16 * 16 * 2), 16, 16, 32, null);
    List<HostMatrix> each = Collections.nCopies(16, matrix);
    return new MoeWeights(
        16,
        2,
        MoeWeights.Weighting.NORMALISED,
        0,
        new NormWeights(new float[16], 1e-6f),
        matrix,
        each,
        each,
        each,
        null);
  }

  private static void useEverything(long context) {
    long stream = NativeCuda.createStream(context);
    CudaDevice device = new CudaDevice(context, stream, 0);
    try (DeviceMemory memory = new DeviceMemory(context);
        StagingRing ring = new StagingRing(device)) {
      long address = memory.allocate(8);
      ring.floats(new float[] {1.5f, -2f}, address);
      ring.flush();
      device.synchronize();
      MemorySegment copied = MemorySegment.ofAddress(address).reinterpret(8);
      System.out.println(
          "floats "
              + copied.getAtIndex(ValueLayout.JAVA_FLOAT, 0)
              + " "
              + copied.getAtIndex(ValueLayout.JAVA_FLOAT, 1));
      NativeCuda.beginCapture(context, stream);
      NativeCuda.abandonCapture(context, stream);
      NativeCuda.abandonCapture(context, stream);
      NativeCuda.beginCapture(context, stream);
      long graph = NativeCuda.endCapture(context, stream);
      System.out.println("nodes " + NativeCuda.graphNodes(graph));
      NativeCuda.launchGraph(context, graph, stream);
      NativeCuda.destroyGraph(context, graph);
    }
    NativeCuda.destroyStream(context, stream);
  }

  private static long call(String library, String function) throws Throwable {
    SymbolLookup symbols = SymbolLookup.libraryLookup(Path.of(library), Arena.global());
    Linker linker = Linker.nativeLinker();
    MemorySegment address = symbols.find(function).orElseThrow();
    if (function.equals("fake_cuda_fault")) {
      linker.downcallHandle(address, FunctionDescriptor.ofVoid(ValueLayout.JAVA_INT)).invoke(1);
      return 0;
    }
    return (long)
        linker.downcallHandle(address, FunctionDescriptor.of(ValueLayout.JAVA_LONG)).invoke();
  }
}
