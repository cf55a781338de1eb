// From sums over a stretch of context to the output: gate and store, or keep as partial sums that the block (or warpgroup)
// which arrives last adds up, sixteen at a time, in the order of their positions.
//
//   splits   0 … 15   16 … 31   …      the last of sixteen to arrive adds them up, into the place of the first
//              └─────────┴──── the last of these sums to arrive adds them up and stores the output
#ifndef TENON_ATTENTION_FINISH_CUH
#define TENON_ATTENTION_FINISH_CUH

#include "../../device/exponential.cuh"
#include "work.cuh"

namespace tenon::attention {

// The threads that finish an item: a whole block.
template <int kCount>
struct BlockTeam {
  static constexpr int kThreads = kCount;
  __device__ __forceinline__ int thread() const { return threadIdx.x; }
  __device__ __forceinline__ void sync() const { __syncthreads(); }
};

// What a pair of values of the output is stored with.
struct Output {
  const tenon_attention* p;
  int first_row;  // of the sequence
  int kv_head;
  int group;
  int first_pair;  // of the item, (row, head) pairs counted from the sequence's first row
  int pairs;       // of the item
  // What the gate is made of; apart from put(), so that it may be on its way early.
  __device__ __forceinline__ float2 gate(int pair, int dim) const {
    if (!p->gated) return {0, 0};
    const int at = first_pair + pair, head = kv_head * group + at % group;
    return __bfloat1622float2(*reinterpret_cast<const __nv_bfloat162*>(reinterpret_cast<const __nv_bfloat16*>(p->projected) +
                                                                       (first_row + at / group) * p->stride +
                                                                       (2 * head + 1) * p->dim + dim));
  }
  __device__ __forceinline__ void put(int pair, int dim, float2 value, float2 gate) const {
    const int at = first_pair + pair, head = kv_head * group + at % group;
    if (p->gated) {
      value.x /= 1.0f + power_of_two(-kLog2E * gate.x);
      value.y /= 1.0f + power_of_two(-kLog2E * gate.y);
    }
    *reinterpret_cast<__nv_bfloat162*>(reinterpret_cast<__nv_bfloat16*>(p->out) + (first_row + at / group) * p->heads * p->dim +
                                       int64_t(head) * p->dim + dim) = __floats2bfloat162_rn(value.x, value.y);
  }
  __device__ __forceinline__ void store(int pair, int dim, float2 value) const { put(pair, dim, value, gate(pair, dim)); }
};

// Partial sums of an item's splits. Stats are the greatest score, times log2 e, and the sum of the exponentials.
struct Partials {
  float* sums;      // [pairs of all][dim]
  float2* stats;    // [pairs of all]
  float2* merged;   // the same of sixteens, at the place of the first
  int64_t first;    // of split 0, in pairs
  int64_t step;     // pairs from a split to the next
  int* counters;    // one for the sums of sixteens, then one for each sixteen; 0 before and after
  int splits;
};

// Adds up `count` partial sums, from split `from` on, `stride` apart: to the output, or into the place of the first.
template <int kDim, bool kLast, typename Team>
__device__ void add_up(const Team& team, const Partials& partials, const float2* stats_of, const Output& output, int from, int stride,
                       int count) {
  const int64_t base = partials.first + int64_t(from) * partials.step, step = partials.step * stride;
  for (int at = team.thread(); at < output.pairs * (kDim / 4); at += Team::kThreads) {
    const int pair = at / (kDim / 4), dim = at % (kDim / 4) * 4;
    // all that is read at once: a wait for memory that others keep busy is long
    float2 low = {0, 0}, high = {0, 0};
    if (kLast) {
      low = output.gate(pair, dim);
      high = output.gate(pair, dim + 2);
    }
    float2 stats[kFan];
    float4 part[kFan];
    float greatest = -INFINITY;
#pragma unroll
    for (int i = 0; i < kFan; i++) {
      stats[i] = {-INFINITY, 0.0f};
      part[i] = {0, 0, 0, 0};
      if (i < count) {
        stats[i] = __ldcg(&stats_of[base + i * step + pair]);
        part[i] = __ldcg(reinterpret_cast<const float4*>(partials.sums + (base + i * step + pair) * kDim + dim));
      }
    }
#pragma unroll
    for (int i = 0; i < kFan; i++) greatest = fmaxf(greatest, stats[i].x);
    const float reference = greatest == -INFINITY ? 0.0f : greatest;
    float4 sum = {0, 0, 0, 0};
    float weight = 0;
#pragma unroll
    for (int i = 0; i < kFan; i++) {
      const float factor = power_of_two(stats[i].x - reference);
      weight += factor * stats[i].y;
      sum.x += factor * part[i].x;
      sum.y += factor * part[i].y;
      sum.z += factor * part[i].z;
      sum.w += factor * part[i].w;
    }
    if (kLast) {
      const float inverse = 1.0f / weight;
      output.put(pair, dim, {sum.x * inverse, sum.y * inverse}, low);
      output.put(pair, dim + 2, {sum.z * inverse, sum.w * inverse}, high);
    } else {
      *reinterpret_cast<float4*>(partials.sums + (base + pair) * kDim + dim) = sum;
      if (dim == 0) partials.merged[base + pair] = {greatest, weight};
    }
  }
}

// True in the team that arrives as the last of `count`. What the team wrote before is then visible to that one: the
// barrier orders the writes before the fence of the one thread that counts.
template <typename Team>
__device__ bool arrives_last(const Team& team, int* counter, int count, int* shared_flag) {
  team.sync();
  if (team.thread() == 0) {
    __threadfence();
    const int before = atomicAdd(counter, 1);
    if (before == count - 1) *counter = 0;
    *shared_flag = before == count - 1;
    __threadfence();
  }
  team.sync();
  return *shared_flag;
}

// After a team has written the partial sums of `split`: adds up what is complete.
template <int kDim, typename Team>
__device__ void arrive(const Team& team, const Partials& partials, const Output& output, int split, int* shared_flag) {
  const int sixteens = divide_up(partials.splits, kFan), sixteen = split / kFan;
  const int members = min(kFan, partials.splits - sixteen * kFan);
  if (!arrives_last(team, partials.counters + 1 + sixteen, members, shared_flag)) return;
  if (sixteens == 1) {
    add_up<kDim, true>(team, partials, partials.stats, output, 0, 1, members);
    return;
  }
  add_up<kDim, false>(team, partials, partials.stats, output, sixteen * kFan, 1, members);
  if (!arrives_last(team, partials.counters, sixteens, shared_flag)) return;
  add_up<kDim, true>(team, partials, partials.merged, output, 0, kFan, sixteens);
}

}  // namespace tenon::attention
#endif
