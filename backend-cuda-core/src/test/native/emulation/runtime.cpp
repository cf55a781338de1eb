// The part of CUDA's run-time library that tests and kernels use. Streams do at once what they are given.
//
// Memory lies between pages that must not be touched; what alignment leaves in between is checked when it is freed.
#include <cuda_runtime_api.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <chrono>
#include <map>
#include <mutex>

#include "launch.h"

namespace {

constexpr size_t kAlignment = 256, kUntouchable = 256 * 1024;
constexpr unsigned char kGuard = 0xa5;

struct Block {
  unsigned char* usable;
  size_t usable_bytes, bytes;
};

std::mutex registry;
std::map<void*, Block>& blocks() {
  static std::map<void*, Block>* all = new std::map<void*, Block>();  // still there when static objects are freed
  return *all;
}
cudaError_t last = cudaSuccess;

cudaError_t outcome(cudaError_t error) {
  if (error != cudaSuccess) last = error;
  return error;
}

double now() {
  return std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

}  // namespace

extern "C" {

cudaError_t cudaMalloc(void** address, size_t bytes) {
  const size_t page = sysconf(_SC_PAGESIZE);
  const size_t aligned = (bytes + kAlignment - 1) / kAlignment * kAlignment;
  const size_t usable = (aligned + kAlignment + page - 1) / page * page;
  void* mapped = mmap(nullptr, usable + 2 * kUntouchable, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (mapped == MAP_FAILED) return outcome(cudaErrorMemoryAllocation);
  Block block = {static_cast<unsigned char*>(mapped) + kUntouchable, usable, bytes};
  if (mprotect(block.usable, usable, PROT_READ | PROT_WRITE)) return outcome(cudaErrorMemoryAllocation);
  unsigned char* at = block.usable + usable - aligned;
  memset(block.usable, kGuard, usable - aligned);
  memset(at + bytes, kGuard, aligned - bytes);
  std::lock_guard<std::mutex> lock(registry);
  blocks()[at] = block;
  *address = at;
  return cudaSuccess;
}

cudaError_t cudaFree(void* address) {
  if (!address) return cudaSuccess;
  std::lock_guard<std::mutex> lock(registry);
  const auto found = blocks().find(address);
  if (found == blocks().end()) return outcome(cudaErrorInvalidValue);
  const Block block = found->second;
  const unsigned char* at = static_cast<unsigned char*>(address);
  auto check = [&](const unsigned char* from, const unsigned char* to) {
    for (const unsigned char* i = from; i < to; i++) {
      if (*i != kGuard) tenon::emulation::fail("device memory was written at byte %td of a block of %zu", i - at, block.bytes);
    }
  };
  check(block.usable, at);
  check(at + block.bytes, block.usable + block.usable_bytes);
  munmap(block.usable - kUntouchable, block.usable_bytes + 2 * kUntouchable);
  blocks().erase(found);
  return cudaSuccess;
}

cudaError_t cudaMemcpy(void* to, const void* from, size_t bytes, cudaMemcpyKind) {
  if (bytes) memcpy(to, from, bytes);
  return cudaSuccess;
}
cudaError_t cudaMemcpyAsync(void* to, const void* from, size_t bytes, cudaMemcpyKind kind, cudaStream_t) {
  return cudaMemcpy(to, from, bytes, kind);
}
cudaError_t cudaMemset(void* to, int value, size_t bytes) {
  if (bytes) memset(to, value, bytes);
  return cudaSuccess;
}
cudaError_t cudaMemsetAsync(void* to, int value, size_t bytes, cudaStream_t) { return cudaMemset(to, value, bytes); }
cudaError_t cudaMallocHost(void** address, size_t bytes) {
  *address = malloc(bytes);
  return *address ? cudaSuccess : outcome(cudaErrorMemoryAllocation);
}
cudaError_t cudaFreeHost(void* address) {
  free(address);
  return cudaSuccess;
}
cudaError_t cudaMemGetInfo(size_t* left, size_t* total) {
  *left = *total = size_t(4) << 30;
  return cudaSuccess;
}

cudaError_t cudaDeviceSynchronize() { return cudaSuccess; }
cudaError_t cudaSetDevice(int device) { return outcome(device ? cudaErrorInvalidDevice : cudaSuccess); }
cudaError_t cudaGetDevice(int* device) {
  *device = 0;
  return cudaSuccess;
}
cudaError_t cudaGetDeviceCount(int* count) {
  *count = 1;
  return cudaSuccess;
}
cudaError_t cudaDeviceGetAttribute(int* value, cudaDeviceAttr attribute, int) {
  switch (attribute) {
    case cudaDevAttrMultiProcessorCount: *value = 132; break;
    case cudaDevAttrComputeCapabilityMajor: *value = 8; break;
    case cudaDevAttrComputeCapabilityMinor: *value = 0; break;
    case cudaDevAttrMaxSharedMemoryPerBlockOptin: *value = 227 * 1024; break;
    case cudaDevAttrMaxSharedMemoryPerMultiprocessor: *value = 228 * 1024; break;
    case cudaDevAttrMaxThreadsPerBlock: *value = 1024; break;
    case cudaDevAttrMaxThreadsPerMultiProcessor: *value = 2048; break;
    case cudaDevAttrWarpSize: *value = 32; break;
    case cudaDevAttrL2CacheSize: *value = 60 << 20; break;
    default: return outcome(cudaErrorInvalidValue);
  }
  return cudaSuccess;
}
cudaError_t cudaFuncSetAttribute(const void*, cudaFuncAttribute, int) { return cudaSuccess; }
cudaError_t cudaOccupancyMaxActiveBlocksPerMultiprocessor(int* blocks, const void*, int threads, size_t shared_bytes) {
  const int by_threads = 2048 / (threads > 0 ? threads : 1);
  const int by_memory = shared_bytes ? static_cast<int>(228 * 1024 / (shared_bytes + 1024)) : by_threads;
  *blocks = by_threads < by_memory ? by_threads : by_memory;
  return cudaSuccess;
}

cudaError_t cudaGetLastError() {
  const cudaError_t error = last;
  last = cudaSuccess;
  return error;
}
cudaError_t cudaPeekAtLastError() { return last; }
const char* cudaGetErrorString(cudaError_t error) {
  static char text[40];
  if (error == cudaSuccess) return "no error";
  if (error == cudaErrorInvalidValue) return "invalid argument";
  if (error == cudaErrorInvalidConfiguration) return "invalid configuration argument";
  if (error == cudaErrorMemoryAllocation) return "out of memory";
  snprintf(text, sizeof text, "CUDA error %d", static_cast<int>(error));
  return text;
}
const char* cudaGetErrorName(cudaError_t error) { return cudaGetErrorString(error); }

// Streams other than the default one have nothing of their own, either.
cudaError_t cudaStreamCreate(cudaStream_t* stream) {
  *stream = nullptr;
  return cudaSuccess;
}
cudaError_t cudaStreamCreateWithFlags(cudaStream_t* stream, unsigned) { return cudaStreamCreate(stream); }
cudaError_t cudaStreamDestroy(cudaStream_t) { return cudaSuccess; }
cudaError_t cudaStreamSynchronize(cudaStream_t) { return cudaSuccess; }

cudaError_t cudaEventCreate(cudaEvent_t* event) {
  *event = reinterpret_cast<cudaEvent_t>(new double(0));
  return cudaSuccess;
}
cudaError_t cudaEventDestroy(cudaEvent_t event) {
  delete reinterpret_cast<double*>(event);
  return cudaSuccess;
}
cudaError_t cudaEventRecord(cudaEvent_t event, cudaStream_t) {
  *reinterpret_cast<double*>(event) = now();
  return cudaSuccess;
}
cudaError_t cudaEventSynchronize(cudaEvent_t) { return cudaSuccess; }
cudaError_t cudaEventElapsedTime(float* millis, cudaEvent_t from, cudaEvent_t to) {
  *millis = static_cast<float>(*reinterpret_cast<double*>(to) - *reinterpret_cast<double*>(from));
  return cudaSuccess;
}

}  // extern "C"
