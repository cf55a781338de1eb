// The sum over a row's experts where it joins the residual stream: sum_results and add_norm as one kernel.
//
// A block per row, 8 elements per thread. Whoever left the results let this kernel start only after its own wait, so the
// routing, and what the residual stream was before, are read ahead of them.
#ifndef TENON_MOE_SUM_NORM_CUH
#define TENON_MOE_SUM_NORM_CUH

#include "../elementwise/norm.cuh"
#include "sum.cuh"

namespace tenon::moe {

// Eight results of an expert.
template <bool kWide>
__device__ __forceinline__ void add_eight(float (&total)[8], const Plan& plan, int64_t position, float weight) {
  const int64_t at = position * plan.p.hidden + threadIdx.x * 8;
  float value[8];
  if (kWide) {
    elementwise::load8(reinterpret_cast<const float*>(plan.partial) + at, value);
  } else {
    elementwise::widen(*reinterpret_cast<const uint4*>(reinterpret_cast<const bf16*>(plan.partial) + at), value);
  }
#pragma unroll
  for (int i = 0; i < 8; i++) total[i] = fmaf(weight, value[i], total[i]);
}

// How many results of experts a thread asks for together: what the compiler has registers for.
__host__ __device__ constexpr int results_at_once(int most_threads, bool ranks) {
  if (most_threads > 256) return ranks ? 1 : 2;
#if defined(__CUDA_ARCH__) && __CUDA_ARCH__ >= 1000
  if (ranks) return 3;
#endif
  return 5;
}

template <bool kWide, int kMostThreads, bool kRanks>
__global__ void __launch_bounds__(kMostThreads) sum_add_norm(Plan plan, const __grid_constant__ tenon_add_norm p) {
  __shared__ Places places;
  __shared__ float squares[kMostThreads / 32];
  __shared__ uint32_t number;
  [[maybe_unused]] constexpr int kAtOnce = results_at_once(kMostThreads, kRanks);
  const int row = blockIdx.x;
  const bool exists = row < rows_of(plan), real = exists && threadIdx.x * 8 < p.hidden;
  float scale[8] = {}, sum[8] = {}, added[8] = {};
  if (exists) places.read(plan, row);
  if (real) elementwise::load8(reinterpret_cast<const float*>(p.scale) + threadIdx.x * 8, scale);
  if (real && !p.start) elementwise::load8(elementwise::residual_of(p, row), sum);
  release_successor();
  wait_for_predecessor();
  const elementwise::RowSum<kRanks> exchange(p);
  if (!exists) return exchange.leave(p, rows_of(plan));
  const float shared_weight = plan.shared_items > 0 ? plan.shared_weights[row] : 0;
  __syncthreads();
  if (real) {
#pragma unroll kAtOnce
    for (int k = 0; k < places.count; k++) add_eight<kWide>(added, plan, places.position[k], places.weight[k]);
    if (plan.shared_items > 0) add_eight<kWide>(added, plan, int64_t(plan.pairs_most) + row, shared_weight);
  }
  exchange.add(p, row, added, &number);
  elementwise::add_and_normalise(p, row, sum, added, scale, true, squares);
}

}  // namespace tenon::moe
#endif
