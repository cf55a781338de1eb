// How a group of four warps stores what down gives, for sum_results.
#ifndef TENON_MOE_RESULTS_CUH
#define TENON_MOE_RESULTS_CUH

#include "../product/matrix_engine.cuh"
#include "tasks.cuh"

namespace tenon::moe {

constexpr int kSlabRows = 32, kSlabPitch = 68, kSlabBytes = kSlabRows * kSlabPitch * 4;

// Stores 64 outputs of a group through its slab, 32 rows at a time.
template <int kSums>
__device__ __forceinline__ void store_results(const Plan& plan, const Task& task, const float (&sums)[kSums], int j, float* slab) {
  const int group = threadIdx.x / kGroupThreads - 1, thread = threadIdx.x % kGroupThreads;
  const int lane = thread % 32, warp = thread / 32, g = lane / 4, t = lane % 4, hidden = plan.p.hidden;
  const int64_t position = task.position + (task.shared ? plan.pairs_most : 0);
#pragma unroll
  for (int quarter = 0; quarter < kSums / 16; quarter++) {
    if (quarter * kSlabRows >= task.count) break;
    warpgroup::group_sync(group + 1);
#pragma unroll
    for (int n = 0; n < 4; n++) {
      float* place = slab + (n * 8 + 2 * t) * kSlabPitch + warp * 16 + g;
      const int from = (quarter * 4 + n) * 4;
      place[0] = sums[from];
      place[kSlabPitch] = sums[from + 1];
      place[8] = sums[from + 2];
      place[kSlabPitch + 8] = sums[from + 3];
    }
    warpgroup::group_sync(group + 1);
#pragma unroll
    for (int i = 0; i < 2; i++) {
      const int within = thread / 8 + i * 16, row = quarter * kSlabRows + within;
      const int output = task.span * 256 + (group * 2 + j) * 64 + thread % 8 * 8;
      if (row >= task.count || output >= hidden) continue;
      const float4* from = reinterpret_cast<const float4*>(slab + within * kSlabPitch + thread % 8 * 8);
      const float4 low = from[0], high = from[1];
      const int64_t at = (position + row) * hidden + output;
      if (plan.p.max_rows <= kPartialWideRows) {
        float4* to = reinterpret_cast<float4*>(reinterpret_cast<float*>(plan.partial) + at);
        to[0] = low, to[1] = high;
      } else {
        *reinterpret_cast<uint4*>(reinterpret_cast<bf16*>(plan.partial) + at) =
            make_uint4(two_bf16(low.x, low.y), two_bf16(low.z, low.w), two_bf16(high.x, high.y), two_bf16(high.z, high.w));
      }
    }
  }
}

}  // namespace tenon::moe
#endif
