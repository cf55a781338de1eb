// From logits to experts: softmax, the greatest, their weights, and the list of rows of every expert.
//
// A warp routes a row. Its lanes take places in the experts' lists with integer counters, so the order within a list is
// by chance; no result depends on it, since a token's column in a product is its own. The last block to end lays out the
// items that the products work through.
#ifndef TENON_MOE_ROUTE_CUH
#define TENON_MOE_ROUTE_CUH

#include "../../device/quantise.cuh"
#include "stream.cuh"

namespace tenon::moe {

constexpr unsigned kAllLanes = 0xffffffffu;

__device__ __forceinline__ float sum_of_warp(float value) {
#pragma unroll
  for (int step = 16; step > 0; step /= 2) value += __shfl_xor_sync(kAllLanes, value, step);
  return value;
}

// Integers in the order of the floats; never 0.
__device__ __forceinline__ uint32_t ordered(float value) {
  const uint32_t bits = __float_as_uint(value);
  return max(bits & 0x80000000u ? ~bits : bits | 0x80000000u, 1u);
}

__device__ __forceinline__ float from_ordered(uint32_t key) {
  return __uint_as_float(key & 0x80000000u ? key & 0x7fffffffu : ~key);
}

// What a row's warp knows at the end: lane j < experts_per_token has the j-th greatest.
struct Choice {
  int expert;
  float weight;
};

// kSlots × 32 ≥ experts. Logits are compared in place of probabilities: softmax keeps their order, and equal ones equal.
template <int kSlots>
__device__ __forceinline__ Choice choose(const float* logits, int experts, int wanted, bool normalised, int lane) {
  float value[kSlots];
#pragma unroll
  for (int i = 0; i < kSlots; i++) value[i] = logits[min(lane + 32 * i, experts - 1)];
  uint32_t key[kSlots];  // 0: absent or taken
#pragma unroll
  for (int i = 0; i < kSlots; i++) key[i] = lane + 32 * i < experts ? ordered(value[i]) : 0;
  int mine = 0;
  float most = 0, logit = -INFINITY;
  for (int j = 0; j < wanted; j++) {
    uint32_t best = 0;
#pragma unroll
    for (int i = 0; i < kSlots; i++) best = max(best, key[i]);
    const uint32_t greatest = __reduce_max_sync(kAllLanes, best);
    unsigned at = 0xffffffffu;
#pragma unroll
    for (int i = kSlots - 1; i >= 0; i--) at = key[i] == greatest ? lane + 32 * i : at;
    const int expert = __reduce_min_sync(kAllLanes, at);
    if (j == 0) most = from_ordered(greatest);
    if (lane == j) mine = expert, logit = from_ordered(greatest);
#pragma unroll
    for (int i = 0; i < kSlots; i++) key[i] = lane + 32 * i == expert ? 0 : key[i];
  }
  const float raised = lane < wanted ? __expf(logit - most) : 0.0f;
  float total = raised;  // over the chosen or, where they are not to be normalised, over all
  if (!normalised) {
    total = 0;
#pragma unroll
    for (int i = 0; i < kSlots; i++) total += lane + 32 * i < experts ? __expf(value[i] - most) : 0.0f;
  }
  return {mine, raised / sum_of_warp(total)};
}

// Where an expert is among those held, -1 for others.
__device__ __forceinline__ int held_index(const tenon_moe& p, int expert) {
  const int local = expert - static_cast<int>(p.first_expert);
  return local >= 0 && local < p.held ? local : -1;
}

// How many of a row's experts come before lane's own in ascending order.
__device__ __forceinline__ int place_of(const Choice& mine, int wanted) {
  int place = 0;
  for (int j = 0; j < wanted; j++) place += __shfl_sync(kAllLanes, mine.expert, j) < mine.expert;
  return place;
}

// Writes a row's experts in ascending order and enters the row into the lists of those held.
__device__ __forceinline__ void enter(const Plan& plan, int row, Choice mine, int lane) {
  const int wanted = plan.p.experts_per_token;
  const int place = place_of(mine, wanted);
  if (lane >= wanted) return;
  const int64_t at = int64_t(row) * wanted + place;
  const int local = held_index(plan.p, mine.expert);
  int rank = -1;
  if (local >= 0) {
    rank = atomicAdd(plan.counts + local, 1);
    plan.lists[int64_t(local) * plan.p.max_rows + rank] = row << kListShift | place;
  }
  plan.experts[at] = mine.expert;
  plan.weights[at] = mine.weight;
  plan.ranks[at] = rank;
}

// Inclusive sum over the block's threads; `between` has a word for each warp.
__device__ __forceinline__ int running_sum(int value, int32_t* between) {
  const int lane = threadIdx.x % 32, warp = threadIdx.x / 32;
#pragma unroll
  for (int step = 1; step < 32; step *= 2) {
    const int below = __shfl_up_sync(kAllLanes, value, step);
    if (lane >= step) value += below;
  }
  if (lane == 31) between[warp] = value;
  __syncthreads();
  for (int w = 0; w < warp; w++) value += between[w];
  __syncthreads();
  return value;
}

// Positions of the experts' rows, and items of at most `tokens` rows of one expert.
__device__ __forceinline__ void lay_out(const Plan& plan, int tokens, int32_t* between) {
  constexpr int kEach = kMaxExperts / kThreads;
  const int held = plan.p.held;
  int count[kEach];
  int rows = 0, items = 0, distinct = 0;
#pragma unroll
  for (int i = 0; i < kEach; i++) {
    const int e = threadIdx.x * kEach + i;
    count[i] = e < held ? *reinterpret_cast<volatile int32_t*>(plan.counts + e) : 0;
    rows += count[i], items += (count[i] + tokens - 1) / tokens, distinct += count[i] > 0;
  }
  const int rows_to_here = running_sum(rows, between), items_to_here = running_sum(items, between);
  const int distinct_to_here = running_sum(distinct, between);
  int position = rows_to_here - rows, item = items_to_here - items;
#pragma unroll
  for (int i = 0; i < kEach; i++) {
    const int e = threadIdx.x * kEach + i;
    if (e >= held) break;
    plan.offsets[e] = position;
    for (int first = 0; first < count[i]; first += tokens) {
      plan.items[item++] = {e, first, min(tokens, count[i] - first), position + first};
    }
    position += count[i];
  }
  if (threadIdx.x == kThreads - 1) {
    *plan.items_count = items_to_here;
    if (plan.p.distinct) *reinterpret_cast<int32_t*>(plan.p.distinct) += distinct_to_here;
  }
}

// Leaves a row's terms in E4M3 for products of four warps.
template <int kTerms>
__device__ __forceinline__ void quantise(const Plan& plan, int row) {
  const int hidden = plan.p.hidden, stretches = (hidden + kStretch - 1) / kStretch;
  quantise_row<kTerms>(reinterpret_cast<const bf16*>(plan.p.x) + int64_t(row) * hidden, hidden,
                       reinterpret_cast<unsigned char*>(plan.x) + int64_t(row) * stretches * kTerms * kStretch,
                       plan.x_scales + int64_t(row) * stretches);
}

__device__ __forceinline__ void leave_terms(const Plan& plan, int row) {
  if constexpr (kHasWarpgroups) {
    if (plan.terms == 0 || row >= *reinterpret_cast<const volatile int32_t*>(plan.p.counts)) return;
    if (plan.terms == 1) quantise<1>(plan, row);
    if (plan.terms == 2) quantise<2>(plan, row);
  }
}

template <int kSlots>
__global__ void __launch_bounds__(kThreads) route(Plan plan) {
  __shared__ int32_t between[kWarps];
  __shared__ int last;
  const int lane = threadIdx.x % 32, row = blockIdx.x * kWarps + threadIdx.x / 32;
  // the router let this kernel start after its own wait, so what came before it is complete
  const bool early = plan.p.max_rows <= kRouterRows;
  if (early) leave_terms(plan, row);
  wait_for_predecessor();
  release_successor();
  if (!early) leave_terms(plan, row);
  const int rows = *reinterpret_cast<const int32_t*>(plan.p.counts);
  if (row < rows) {
    const float* logits = plan.logits + int64_t(row) * plan.logits_stride;
    enter(plan, row, choose<kSlots>(logits, plan.p.experts, plan.p.experts_per_token, plan.p.normalised, lane), lane);
    if (lane == 0 && plan.shared_items > 0) plan.shared_weights[row] = 1 / (1 + expf(-logits[plan.p.experts]));
  }
  __threadfence();
  __syncthreads();
  if (threadIdx.x == 0) last = atomicAdd(plan.counts + plan.p.held, 1) == static_cast<int>(gridDim.x) - 1;
  __syncthreads();
  if (!last) return;
  __threadfence();
  lay_out(plan, plan.item_tokens, between);
}

}  // namespace tenon::moe
#endif
