// How a warpgroup stores the sums of its products: through shared memory, so that a thread has eight neighbours of a row.
#ifndef TENON_PRODUCT_SLAB_CUH
#define TENON_PRODUCT_SLAB_CUH

#include "matrix_engine.cuh"

namespace tenon {

constexpr int kSlabRows = 32, kSlabPitch = 68, kSlabBytes = kSlabRows * kSlabPitch * 4;

// Passes 64 outputs × 2 · kSums rows of warpgroup `group` of a block on, 32 rows at a time up to `rows`: to
// store(row, first of eight outputs, four of them, the other four).
template <int kSums, typename Store>
__device__ __forceinline__ void through_slab(const float (&sums)[kSums], float* slab, int group, int rows, const Store& store) {
  const int thread = threadIdx.x % kGroupThreads, lane = thread % 32, warp = thread / 32, g = lane / 4, t = lane % 4;
#pragma unroll
  for (int quarter = 0; quarter < kSums / 16; quarter++) {
    if (quarter * kSlabRows >= rows) break;
    block_barrier_sync(group + 1, kGroupThreads);
#pragma unroll
    for (int n = 0; n < 4; n++) {
      float* place = slab + (n * 8 + 2 * t) * kSlabPitch + warp * 16 + g;
      const int from = (quarter * 4 + n) * 4;
      place[0] = sums[from];
      place[kSlabPitch] = sums[from + 1];
      place[8] = sums[from + 2];
      place[kSlabPitch + 8] = sums[from + 3];
    }
    block_barrier_sync(group + 1, kGroupThreads);
#pragma unroll
    for (int i = 0; i < 2; i++) {
      const int within = thread / 8 + i * 16, row = quarter * kSlabRows + within;
      if (row >= rows) continue;
      const float4* from = reinterpret_cast<const float4*>(slab + within * kSlabPitch + thread % 8 * 8);
      store(row, thread % 8 * 8, from[0], from[1]);
    }
  }
}

}  // namespace tenon
#endif
