// How a group of four warps stores what down gives, for sum_results.
#ifndef TENON_MOE_RESULTS_CUH
#define TENON_MOE_RESULTS_CUH

#include "../product/slab.cuh"
#include "tasks.cuh"

namespace tenon::moe {

// Stores 64 outputs of a group from the first on; kRows pass through its slab at a time.
template <int kRows, int kSums>
__device__ __forceinline__ void store_results(const Plan& plan, const Task& task, int first, const float (&sums)[kSums], float* slab) {
  const int group = threadIdx.x / kGroupThreads - 1, hidden = plan.p.hidden;
  const int64_t position = task.position + (task.shared ? plan.pairs_most : 0);
  through_slab<1, kRows>(sums, slab, group, task.count, [&](int row, int column, const float4& low, const float4& high) {
    const int output = first + column;
    if (output >= hidden) return;
    const int64_t at = (position + row) * hidden + output;
    if (plan.p.max_rows <= kPartialWideRows) {
      float4* to = reinterpret_cast<float4*>(reinterpret_cast<float*>(plan.partial) + at);
      to[0] = low, to[1] = high;
    } else {
      *reinterpret_cast<uint4*>(reinterpret_cast<bf16*>(plan.partial) + at) =
          make_uint4(two_bf16(low.x, low.y), two_bf16(low.z, low.w), two_bf16(high.x, high.y), two_bf16(high.z, high.w));
    }
  });
}

}  // namespace tenon::moe
#endif
