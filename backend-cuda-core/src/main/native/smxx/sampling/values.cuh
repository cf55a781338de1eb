// A block's share of a row of logits, in registers.
//
// Its ids are stretches of 128, one of every `splits` stretches: low ids are the more likely ones, and so every block
// gets as many of them as any other.
#ifndef TENON_SAMPLING_VALUES_CUH
#define TENON_SAMPLING_VALUES_CUH

#include "row.cuh"

namespace tenon::sampling {

constexpr int kScanThreads = 256;
constexpr int kScanWarps = kScanThreads / 32;
constexpr int kValues = TENON_SPLIT_IDS / kScanThreads;  // per thread

// The id of a thread's value.
__device__ __forceinline__ int scan_id(int value, int split, int splits) {
  const int warp = threadIdx.x / 32, lane = threadIdx.x % 32;
  return ((value / 4 * kScanWarps + warp) * splits + split) * 128 + lane * 4 + value % 4;
}

__device__ __forceinline__ void load_values(const float* logits, int vocabulary, int split, int splits,
                                            float (&values)[kValues]) {
  const bool aligned = reinterpret_cast<uintptr_t>(logits) % 16 == 0;
#pragma unroll
  for (int i = 0; i < kValues; i += 4) {
    const int id = scan_id(i, split, splits);
    if (aligned && id + 4 <= vocabulary) {
      const float4 four = *reinterpret_cast<const float4*>(logits + id);
      values[i] = four.x, values[i + 1] = four.y, values[i + 2] = four.z, values[i + 3] = four.w;
    } else {
#pragma unroll
      for (int k = 0; k < 4; k++) values[i + k] = id + k < vocabulary ? logits[id + k] : -INFINITY;
    }
  }
}

// The greatest entry of a block's values, 0 if all are −∞.
__device__ __forceinline__ uint64_t block_greatest(const float (&values)[kValues], int split, int splits) {
  __shared__ uint64_t found[kScanWarps];
  uint64_t best = 0;
#pragma unroll
  for (int i = 0; i < kValues; i++) {
    const uint32_t key = order_key(values[i]);
    if (key > key_of(best)) best = entry(key, scan_id(i, split, splits));
  }
  for (int step = 16; step > 0; step /= 2) {
    const uint64_t other = __shfl_xor_sync(kAll, best, step);
    if (other > best) best = other;
  }
  if (threadIdx.x % 32 == 0) found[threadIdx.x / 32] = best;
  __syncthreads();
#pragma unroll
  for (int warp = 0; warp < kScanWarps; warp++) {
    if (found[warp] > best) best = found[warp];
  }
  __syncthreads();
  return best;
}

}  // namespace tenon::sampling
#endif
