package dev.tenon.backend.cuda.core;

import dev.tenon.backend.cuda.core.step.Device;

/** The card as steps see it when they are only counted. */
record CountingDevice(DeviceMemory memory) implements Device {
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
    // there is no memory
  }

  @Override
  public void copyToDevice(long to, long from, long bytes) {
    // there is no memory
  }

  @Override
  public void copyToHost(long to, long from, long bytes) {
    // there is no memory
  }

  @Override
  public void setUp(long[] words) {
    // no sequence is ever set up
  }
}
