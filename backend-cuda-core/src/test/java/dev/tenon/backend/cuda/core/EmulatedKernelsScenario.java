package dev.tenon.backend.cuda.core;

import dev.tenon.backend.cuda.core.tuning.MoeTile;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;

/**
 * What {@link EmulatedKernelsTest} runs in a process of its own: kernels on the driver that
 * executes them, at once and from a graph. Arguments are the JNI library, the driver and the
 * kernels.
 */
final class EmulatedKernelsScenario {
  private static final int ELEMENTS = 1000;

  private EmulatedKernelsScenario() {}

  public static void main(String[] arguments) {
    System.load(arguments[0]);
    NativeCuda.open(arguments[1]);
    int[] words = Stream.of(Operation.values()).mapToInt(operation -> operation.words).toArray();
    long kernels = NativeCuda.loadKernels(arguments[2], words);
    System.out.println("target " + NativeCuda.kernelTarget(kernels));
    System.out.println("not offered " + notOffered(kernels));
    System.out.println("candidates " + candidatesArePossible(kernels));
    System.out.println("space of few rows at 4 " + (fewRowsSpace(kernels, 4) > 0));
    System.out.println("space of few rows at 12 " + fewRowsSpace(kernels, 12));
    long context = NativeCuda.openContext(0);
    long stream = NativeCuda.createStream(context);
    long device = NativeCuda.allocate(context, ELEMENTS * 4L);
    long host = NativeCuda.allocatePinned(context, ELEMENTS * 4L);
    MemorySegment seen = MemorySegment.ofAddress(host).reinterpret(ELEMENTS * 4L);

    fill(context, kernels, stream, device);
    NativeCuda.copyToHost(context, stream, host, device, ELEMENTS * 4L);
    float[] atOnce = seen.toArray(ValueLayout.JAVA_FLOAT);
    System.out.println("in bounds " + inBounds(atOnce));

    NativeCuda.beginCapture(context, stream);
    NativeCuda.fill(context, stream, device, (byte) 0, ELEMENTS * 4L);
    fill(context, kernels, stream, device);
    NativeCuda.copyToHost(context, stream, host, device, ELEMENTS * 4L);
    long graph = NativeCuda.endCapture(context, stream);
    System.out.println("nodes " + NativeCuda.graphNodes(graph));
    for (int i = 0; i < 2; i++) {
      seen.fill((byte) 1);
      NativeCuda.launchGraph(context, graph, stream);
      NativeCuda.synchronize(context, stream);
      System.out.println("same " + Arrays.equals(atOnce, seen.toArray(ValueLayout.JAVA_FLOAT)));
    }
    NativeCuda.destroyGraph(context, graph);
    NativeCuda.freePinned(context, host);
    NativeCuda.free(context, device);
    NativeCuda.destroyStream(context, stream);
    NativeCuda.closeContext(context);
  }

  private static void fill(long context, long kernels, long stream, long address) {
    long low = Double.doubleToRawLongBits(0.25);
    long high = Double.doubleToRawLongBits(0.75);
    long[] words = {address, 0, ELEMENTS, 4711, low, high};
    NativeCuda.launch(context, kernels, Operation.FILL.ordinal(), stream, words);
  }

  /** What the kernels offer for a mixture is what they run, and survives a tuned file. */
  private static boolean candidatesArePossible(long kernels) {
    long[] words = mixture(16);
    long[] found = NativeCuda.candidates(kernels, Operation.MOE.ordinal(), words);
    return found.length > 20
        && Arrays.stream(found)
            .allMatch(word -> MoeTile.of(word).word() == word && space(kernels, words, word) > 0);
  }

  private static long fewRowsSpace(long kernels, int rows) {
    return space(kernels, mixture(rows), new MoeTile(1, 1, 3, 1, 1, 2).word());
  }

  private static long space(long kernels, long[] words, long tuned) {
    long[] asked = words.clone();
    asked[asked.length - 2] = tuned; // before `unfinished`
    return NativeCuda.workspace(kernels, Operation.MOE.ordinal(), asked);
  }

  private static long[] mixture(int rows) {
    long[] sizes = {rows, 0, 256, 160, 32, 4, 0, 32, 1, DeviceType.E4M3.code};
    return Arrays.copyOf(sizes, Operation.MOE.words);
  }

  private static boolean inBounds(float[] values) {
    List<Float> boxed = IntStream.range(0, values.length).mapToObj(i -> values[i]).toList();
    return Collections.min(boxed) >= 0.25f && Collections.max(boxed) <= 0.75f;
  }

  private static String notOffered(long kernels) {
    return Stream.of(Operation.values())
        .filter(operation -> !NativeCuda.offers(kernels, operation.ordinal()))
        .map(Operation::name)
        .collect(Collectors.joining(" "));
  }
}
