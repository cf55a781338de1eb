package dev.tenon.backend.cuda.core;

import dev.tenon.api.TenonException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/**
 * A rank that {@link EmulatedKernelsTest} runs in a process of its own: arguments are the JNI
 * library, the driver, the kernel library, NCCL, the ranks' folder, how many there are, which this
 * is, and what sums: {@code nccl}, {@code peers}, {@code auto}, or {@code leave}, where rank 0
 * alone sums through peers, and gives it up. Each rank has a number, 1 + its rank, that is summed,
 * gathered and broadcast, at once and from a recording.
 */
final class NcclGroupScenario {
  private static final int COUNT = 600_000;

  private NcclGroupScenario() {}

  public static void main(String[] arguments) throws InterruptedException {
    System.load(arguments[0]);
    int ranks = Integer.parseInt(arguments[5]);
    int rank = Integer.parseInt(arguments[6]);
    NativeCuda.open(arguments[1]);
    long context = NativeCuda.openContext(0);
    int[] words = new int[Operation.values().length];
    for (Operation operation : Operation.values()) {
      words[operation.ordinal()] = operation.words;
    }
    CudaDevice device =
        new CudaDevice(
            context, NativeCuda.createStream(context), NativeCuda.loadKernels(arguments[2], words));
    CudaOptions options =
        new CudaOptions(
            -1,
            DeviceType.F32,
            DeviceType.BF16,
            DeviceType.BF16,
            CudaOptions.Execution.CAPTURED,
            CudaOptions.Reduction.NCCL,
            arguments[3]);
    NcclLibrary library = NcclLibrary.in(Map.of(), null, Path.of("/nowhere"), List.of());
    NcclGroup.load(library, options, rank, NcclGroup.Sharing.CARD_EACH);
    Rendezvous rendezvous = new Rendezvous(Path.of(arguments[4]), ranks, rank);
    NcclGroup group = NcclGroup.join(device, rendezvous, ranks, rank);
    try (DeviceMemory memory = new DeviceMemory(context)) {
      switch (arguments[7]) {
        case "nccl" -> {}
        case "auto" -> group.sumThroughPeersIfPossible();
        default -> group.sumThroughPeers();
      }
      if (arguments[7].equals("leave")) {
        leave(group, memory);
        System.out.println("rank " + rank + " left");
        Runtime.getRuntime().halt(0);
      }
      List<Integer> results = new ArrayList<>(run(device, memory, group));
      NativeCuda.beginCapture(context, device.stream());
      long[] at = issue(device, memory, group);
      long graph = NativeCuda.endCapture(context, device.stream());
      NativeCuda.launchGraph(context, graph, device.stream());
      device.synchronize();
      results.addAll(read(at, ranks));
      group.requireHealthy();
      System.out.println("rank " + rank + " " + results);
      NativeCuda.destroyGraph(context, graph);
      group.close();
    } catch (TenonException e) {
      System.out.println("rank " + rank + " " + e.code() + ": " + e.getMessage());
    }
    Runtime.getRuntime().halt(0);
  }

  private static void leave(NcclGroup group, DeviceMemory memory) throws InterruptedException {
    long address = memory.allocate(2L * COUNT);
    if (group.rank() == 0) {
      Thread summing = new Thread(() -> group.sum(address, COUNT));
      summing.start();
      summing.join(500);
      if (!summing.isAlive()) {
        throw new IllegalStateException("a sum did not wait for the other ranks");
      }
      group.abandon();
      summing.join();
    }
  }

  private static List<Integer> run(CudaDevice device, DeviceMemory memory, NcclGroup group) {
    long[] at = issue(device, memory, group);
    device.synchronize();
    return read(at, group.size());
  }

  /** Addresses of a sum, a collection and a copy. */
  private static long[] issue(CudaDevice device, DeviceMemory memory, NcclGroup group) {
    long bytes = 2L * COUNT;
    long sum = memory.allocate(bytes);
    long all = memory.allocate(bytes * group.size());
    long copy = memory.allocate(bytes);
    for (long address : new long[] {sum, copy}) {
      MemorySegment values = MemorySegment.ofAddress(address).reinterpret(bytes);
      for (int i = 0; i < COUNT; i++) {
        values.setAtIndex(ValueLayout.JAVA_SHORT, i, Bf16.of(1 + group.rank()));
      }
    }
    group.gather(sum, all, bytes);
    group.sum(sum, COUNT);
    group.broadcast(copy, bytes, group.size() - 1);
    return new long[] {sum, all, copy};
  }

  private static List<Integer> read(long[] at, int ranks) {
    List<Integer> read = new ArrayList<>();
    read.add(same(at[0]));
    for (int rank = 0; rank < ranks; rank++) {
      read.add(same(at[1] + 2L * COUNT * rank));
    }
    read.add(same(at[2]));
    return read;
  }

  /** The number that all elements are, or -1. */
  private static int same(long address) {
    MemorySegment values = MemorySegment.ofAddress(address).reinterpret(2L * COUNT);
    short first = values.getAtIndex(ValueLayout.JAVA_SHORT, 0);
    for (int i = 0; i < COUNT; i++) {
      if (values.getAtIndex(ValueLayout.JAVA_SHORT, i) != first) {
        return -1;
      }
    }
    return (int) Float.intBitsToFloat(first << 16);
  }
}
