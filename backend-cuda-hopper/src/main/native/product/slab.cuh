// How a warpgroup stores the sums of its products: through shared memory, so that a thread has eight neighbours of a row.
#ifndef TENON_PRODUCT_SLAB_CUH
#define TENON_PRODUCT_SLAB_CUH

#include "matrix_engine.cuh"

namespace tenon {

constexpr int kSlabRows = 32, kSlabPitch = 68, kSlabFloats = kSlabRows * kSlabPitch, kSlabBytes = kSlabFloats * 4;

// Passes 64 outputs × 2 · kSums rows of warpgroup `group` of a block on, 32 rows at a time up to `rows`: to
// store(row, first of eight outputs, four of them, the other four). With two pairs of groups, the sums of group g and of
// group g + 2, whose slab is two slabs further on, are added.
template <int kPairs = 1, int kSums, typename Store>
__device__ __forceinline__ void through_slab(const float (&sums)[kSums], float* slab, int group, int rows, const Store& store) {
  const int thread = threadIdx.x % kGroupThreads, lane = thread % 32, warp = thread / 32, g = lane / 4, t = lane % 4;
  const int pair = kPairs == 1 ? 0 : group / 2, barrier = kPairs == 1 ? group + 1 : group % 2 + 1;
  const float* first = slab - pair * 2 * kSlabFloats;
#pragma unroll
  for (int quarter = 0; quarter < kSums / 16; quarter++) {
    if (quarter * kSlabRows >= rows) break;
    block_barrier_sync(barrier, kPairs * kGroupThreads);
#pragma unroll
    for (int n = 0; n < 4; n++) {
      float* place = slab + (n * 8 + 2 * t) * kSlabPitch + warp * 16 + g;
      const int from = (quarter * 4 + n) * 4;
      place[0] = sums[from];
      place[kSlabPitch] = sums[from + 1];
      place[8] = sums[from + 2];
      place[kSlabPitch + 8] = sums[from + 3];
    }
    block_barrier_sync(barrier, kPairs * kGroupThreads);
#pragma unroll
    for (int i = 0; i < 2 / kPairs; i++) {
      const int within = thread / 8 + (pair + i) * 16, row = quarter * kSlabRows + within;
      if (row >= rows) continue;
      const float4* from = reinterpret_cast<const float4*>(first + within * kSlabPitch + thread % 8 * 8);
      float4 low = from[0], high = from[1];
      if constexpr (kPairs == 2) {
        const float4 more_low = from[kSlabFloats / 2], more_high = from[kSlabFloats / 2 + 1];
        low.x += more_low.x, low.y += more_low.y, low.z += more_low.z, low.w += more_low.w;
        high.x += more_high.x, high.y += more_high.y, high.z += more_high.z, high.w += more_high.w;
      }
      store(row, thread % 8 * 8, low, high);
    }
  }
}

}  // namespace tenon
#endif
