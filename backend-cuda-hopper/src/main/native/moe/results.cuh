// How a warp stores what down gives, for sum_results: straight from its registers, where eight lanes have neighbours.
#ifndef TENON_MOE_RESULTS_CUH
#define TENON_MOE_RESULTS_CUH

#include "tasks.cuh"

namespace tenon::moe {

// Two neighbouring lanes' values of outputs g and g ^ 1 become one lane's pair: of row 2t where g is even, 2t + 1 where odd.
__device__ __forceinline__ uint32_t paired(float even_row, float odd_row, bool odd) {
  const float other = __shfl_xor_sync(kAllLanes, odd ? even_row : odd_row, 4);
  return odd ? two_bf16(other, odd_row) : two_bf16(even_row, other);
}

// The 16 outputs of a task's tile.
template <int kSums>
__device__ __forceinline__ void store_results(const Plan& plan, const Head& task, int tile, const float (&sums)[kSums]) {
  const int lane = threadIdx.x % 32, g = lane / 4, t = lane % 4, hidden = plan.p.hidden, first = (task.span * kTaskTiles + tile) * 16;
  const bool present = first < hidden;
  const int64_t position = task.position + (task.shared() ? plan.pairs_most : 0);
  if (plan.p.max_rows <= kPartialWideRows) {
    float* to = reinterpret_cast<float*>(plan.partial) + (position + 2 * t) * hidden + first + g;
#pragma unroll
    for (int n = 0; n < kSums / 4; n++) {
#pragma unroll
      for (int i = 0; i < 2; i++) {
        if (n * 8 + 2 * t + i >= task.count || !present) continue;
        float* row = to + int64_t(n * 8 + i) * hidden;
        row[0] = sums[4 * n + i], row[8] = sums[4 * n + 2 + i];
      }
    }
  } else {
    const int odd = g % 2;
    uint32_t* to = reinterpret_cast<uint32_t*>(plan.partial) + ((position + 2 * t + odd) * hidden + first) / 2 + g / 2;
#pragma unroll
    for (int n = 0; n < kSums / 4; n++) {
      if (n * 8 >= task.count) break;
      const uint32_t low = paired(sums[4 * n], sums[4 * n + 1], odd), high = paired(sums[4 * n + 2], sums[4 * n + 3], odd);
      if (n * 8 + 2 * t + odd >= task.count || !present) continue;
      uint32_t* row = to + int64_t(n * 4) * hidden;
      row[0] = low, row[4] = high;
    }
  }
}

}  // namespace tenon::moe
#endif
