package dev.tenon.backend.cuda.core;

import dev.tenon.backend.cuda.core.step.Device;

/** The card as steps see it. */
record StepDevice(CudaDevice device, DeviceMemory memory) implements Device {
  @Override
  public long allocate(long bytes) {
    return memory.allocate(bytes);
  }

  @Override
  public long allocatePinned(long bytes) {
    return memory.allocatePinned(bytes);
  }

  @Override
  public void fill(long address, byte value, long bytes) {
    NativeCuda.fill(device.context(), device.stream(), address, value, bytes);
  }

  @Override
  public void copyToDevice(long to, long from, long bytes) {
    NativeCuda.copyToDevice(device.context(), device.stream(), to, from, bytes);
  }

  @Override
  public void copyToHost(long to, long from, long bytes) {
    NativeCuda.copyToHost(device.context(), device.stream(), to, from, bytes);
  }

  @Override
  public void setUp(long[] words) {
    device.launch(Operation.SET_UP, words);
  }
}
