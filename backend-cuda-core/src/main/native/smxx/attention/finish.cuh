// From sums over a stretch of context to the output: gate and store, or keep as partial sums that the block which
// arrives last adds up, eight at a time, in the order of their positions.
//
//   splits   0 … 7    8 … 15    …      the last of eight to arrive adds them up, into the place of the first
//              └─────────┴──── the last of these sums to arrive adds them up and stores the output
#ifndef TENON_ATTENTION_FINISH_CUH
#define TENON_ATTENTION_FINISH_CUH

#include "work.cuh"

namespace tenon::attention {

constexpr float kLog2E = 1.4426950408889634f;

// 2^x, within two units of the last place; 0 where that is below the normal numbers.
__device__ __forceinline__ float power_of_two(float x) {
#if defined(TENON_EMULATED)
  return exp2f(x);
#else
  float y;
  asm("ex2.approx.ftz.f32 %0, %1;" : "=f"(y) : "f"(x));
  return y;
#endif
}

// What a pair of values of the output is stored with.
struct Output {
  const tenon_attention* p;
  int first_row;  // of the sequence
  int kv_head;
  int group;
  int first_pair;  // of the item, (row, head) pairs counted from the sequence's first row
  int pairs;       // of the item
  __device__ __forceinline__ void store(int pair, int dim, float2 value) const {
    const int at = first_pair + pair, row = at / group, head = kv_head * group + at % group;
    const int64_t width = p->heads * p->dim;
    if (p->gated) {
      const __nv_bfloat16* gate = reinterpret_cast<const __nv_bfloat16*>(p->projected) + (first_row + row) * p->stride +
                                  (2 * head + 1) * p->dim + dim;
      const float2 x = __bfloat1622float2(*reinterpret_cast<const __nv_bfloat162*>(gate));
      value.x /= 1.0f + power_of_two(-kLog2E * x.x);
      value.y /= 1.0f + power_of_two(-kLog2E * x.y);
    }
    *reinterpret_cast<__nv_bfloat162*>(reinterpret_cast<__nv_bfloat16*>(p->out) + (first_row + row) * width +
                                       int64_t(head) * p->dim + dim) = __floats2bfloat162_rn(value.x, value.y);
  }
};

// Partial sums of an item's splits. Stats are the greatest score, times log2 e, and the sum of the exponentials.
struct Partials {
  float* sums;      // [pairs of all][dim]
  float2* stats;    // [pairs of all]
  float2* merged;   // the same of eights, at the place of the first
  int64_t first;    // of split 0, in pairs
  int64_t step;     // pairs from a split to the next
  int* counters;    // one for the sums of eights, then one for each eight; 0 before and after
  int splits;
};

// Adds up `count` partial sums, from split `from` on, `stride` apart: to the output, or into the place of the first.
template <int kDim, int kThreads, bool kLast>
__device__ void add_up(const Partials& partials, const float2* stats_of, const Output& output, int from, int stride,
                       int count) {
  const int64_t base = partials.first + int64_t(from) * partials.step, step = partials.step * stride;
  for (int at = threadIdx.x; at < output.pairs * (kDim / 4); at += kThreads) {
    const int pair = at / (kDim / 4), dim = at % (kDim / 4) * 4;
    float greatest = -INFINITY;
    for (int i = 0; i < count; i++) greatest = fmaxf(greatest, __ldcg(&stats_of[base + i * step + pair]).x);
    const float reference = greatest == -INFINITY ? 0.0f : greatest;
    float4 sum = {0, 0, 0, 0};
    float weights = 0;
#pragma unroll 4
    for (int i = 0; i < count; i++) {
      const int64_t place = base + i * step + pair;
      const float2 stats = __ldcg(&stats_of[place]);
      const float4 part = __ldcg(reinterpret_cast<const float4*>(partials.sums + place * kDim + dim));
      const float factor = power_of_two(stats.x - reference);
      weights += factor * stats.y;
      sum.x += factor * part.x;
      sum.y += factor * part.y;
      sum.z += factor * part.z;
      sum.w += factor * part.w;
    }
    if (kLast) {
      const float inverse = 1.0f / weights;
      output.store(pair, dim, {sum.x * inverse, sum.y * inverse});
      output.store(pair, dim + 2, {sum.z * inverse, sum.w * inverse});
    } else {
      *reinterpret_cast<float4*>(partials.sums + (base + pair) * kDim + dim) = sum;
      if (dim == 0) partials.merged[base + pair] = {greatest, weights};
    }
  }
}

// True in the block that arrives as the last of `count`. What the block wrote before is then visible to that one.
__device__ inline bool arrives_last(int* counter, int count, int* shared_flag) {
  __threadfence();
  __syncthreads();
  if (threadIdx.x == 0) {
    const int before = atomicAdd(counter, 1);
    if (before == count - 1) *counter = 0;
    *shared_flag = before == count - 1;
  }
  __syncthreads();
  const bool last = *shared_flag;
  if (last) __threadfence();
  return last;
}

// After a block has written the partial sums of `split`: adds up what is complete.
template <int kDim, int kThreads>
__device__ void arrive(const Partials& partials, const Output& output, int split, int* shared_flag) {
  const int eights = divide_up(partials.splits, kFan), eight = split / kFan;
  const int members = min(kFan, partials.splits - eight * kFan);
  if (!arrives_last(partials.counters + 1 + eight, members, shared_flag)) return;
  if (eights == 1) {
    add_up<kDim, kThreads, true>(partials, partials.stats, output, 0, 1, members);
    return;
  }
  add_up<kDim, kThreads, false>(partials, partials.stats, output, eight * kFan, 1, members);
  if (!arrives_last(partials.counters, eights, shared_flag)) return;
  add_up<kDim, kThreads, true>(partials, partials.merged, output, 0, kFan, eights);
}

}  // namespace tenon::attention
#endif
