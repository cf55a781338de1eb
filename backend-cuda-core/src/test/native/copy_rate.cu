// Rate of copies from pinned memory to the card, the limit of loading: run --card --build copy_rate.cu
// sources:
#include <cuda_runtime.h>

#include <cstdio>

int main() {
  constexpr size_t kBytes = 256 << 20;
  constexpr int kRounds = 20;
  void *host, *device;
  cudaEvent_t start, end;
  if (cudaMallocHost(&host, kBytes) || cudaMalloc(&device, kBytes) || cudaEventCreate(&start) || cudaEventCreate(&end)) return 1;
  cudaMemcpyAsync(device, host, kBytes, cudaMemcpyHostToDevice);
  cudaEventRecord(start);
  for (int i = 0; i < kRounds; i++) cudaMemcpyAsync(device, host, kBytes, cudaMemcpyHostToDevice);
  cudaEventRecord(end);
  if (cudaEventSynchronize(end)) return 1;
  float milliseconds;
  cudaEventElapsedTime(&milliseconds, start, end);
  std::printf("copies from pinned memory to the card: %.1f GB/s\n", kRounds * (kBytes / 1e6) / milliseconds);
  return 0;
}
