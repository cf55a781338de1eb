// Gates and ups of a task become inner values, left as terms in E4M3 for down (device/quantise.cuh).
//
// A task makes the 128 inner values of a stretch, so its sixteen warps find the greatest of each row together. Warp 2i of
// them has 16 gates of up to 64 rows, warp 2i + 1 their ups: they exchange, so that the first has both for the upper eight
// outputs of its tile, the second for the lower eight.
#ifndef TENON_MOE_INNER_TERMS_CUH
#define TENON_MOE_INNER_TERMS_CUH

#include "device/quantise.cuh"
#include "tasks.cuh"

namespace tenon::moe {

constexpr int kInnerGroups = 4;       // groups of warps that share a task
constexpr int kExchangeFloats = 256;  // that a warp has for its exchange, at most
constexpr int kAllGroupsBarrier = kInnerGroups + 1;

// The greatest magnitudes of a task's rows, as bits of floats, which keep their order. Of three in turn, one is in use, one
// may still be read by warps that are not done with the task before, and one is cleared for the task to come.
struct Greatest {
  uint32_t (*of)[kTaskRows];  // [3]
  int turn;

  __device__ uint32_t* now() const { return of[turn]; }
  __device__ uint32_t* next() const { return of[turn == 2 ? 0 : turn + 1]; }
  __device__ void advance() { turn = turn == 2 ? 0 : turn + 1; }
};

// What a warp of gates (even) or ups (odd) has, and gets of its neighbour: of output g where it is even, g + 8 where odd, both
// gates and ups of columns 8n + 2t + i, at 2n + i.
template <int kSums>
__device__ __forceinline__ void exchange(const float (&sums)[kSums], float (&gates)[kSums / 2], float (&ups)[kSums / 2], float* slab) {
  constexpr int kAtOnce = kSums / 2 < 8 ? kSums / 2 : 8;
  static_assert(kAtOnce * 32 <= kExchangeFloats);
  const int group = threadIdx.x / kGroupThreads - 1, lane = threadIdx.x % 32, warp = threadIdx.x / 32 % 4;
  const bool odd = warp % 2;
  float *to = slab + warp * kExchangeFloats + lane, *from = slab + (warp ^ 1) * kExchangeFloats + lane;
#pragma unroll
  for (int first = 0; first < kSums / 2; first += kAtOnce) {
    block_barrier_sync(group + 1, kGroupThreads);
#pragma unroll
    for (int i = 0; i < kAtOnce; i++) {
      const int at = (first + i) / 2 * 4 + i % 2;
      to[i * 32] = odd ? sums[at] : sums[at + 2];
    }
    block_barrier_sync(group + 1, kGroupThreads);
#pragma unroll
    for (int i = 0; i < kAtOnce; i++) {
      const int at = (first + i) / 2 * 4 + i % 2;
      const float other = from[i * 32];
      gates[first + i] = odd ? other : sums[at];
      ups[first + i] = odd ? sums[at + 2] : other;
    }
  }
}

// Four lanes g … g + 3 have four bytes each; the i-th of them gets everyone's i-th.
__device__ __forceinline__ uint32_t transposed(uint32_t word) {
  const uint32_t next = __shfl_xor_sync(kAllLanes, word, 4);
  word = __byte_perm(word, next, threadIdx.x & 4 ? 0x3715 : 0x6240);
  const uint32_t far = __shfl_xor_sync(kAllLanes, word, 8);
  return __byte_perm(word, far, threadIdx.x & 8 ? 0x3276 : 0x5410);
}

template <int kTerms, int kSums>
__device__ __forceinline__ void store_inner(const Plan& plan, const Task& task, const float (&sums)[kSums], float* slab, Greatest& greatest) {
  constexpr int kValues = kSums / 2;
  const int lane = threadIdx.x % 32, g = lane / 4, t = lane % 4, consumer = threadIdx.x - kGroupThreads, warp = consumer / 32;
  const int inner = inputs_of(plan, true, task.shared), stretches = stretches_of(plan, true, task.shared);
  const bool present = (task.span * (kTaskTiles / 2) + warp / 2) * 16 < inner;
  float values[kValues], ups[kValues];
  exchange(sums, values, ups, slab);
#pragma unroll
  for (int i = 0; i < kValues; i++) {
    values[i] = present ? silu(values[i]) * ups[i] : 0.0f;
    if (kTerms == 2) values[i] = __bfloat162float(__float2bfloat16_rn(values[i]));  // as it would be in bf16
    float most = fabsf(values[i]);
#pragma unroll
    for (int step = 4; step < 32; step *= 2) most = fmaxf(most, __shfl_xor_sync(kAllLanes, most, step));
    if (g == 0) atomicMax(greatest.now() + i / 2 * 8 + 2 * t + i % 2, __float_as_uint(most));
  }
  if (consumer < kTaskRows) greatest.next()[consumer] = 0;
  block_barrier_sync(kAllGroupsBarrier, kInnerGroups * kGroupThreads);
  if (consumer < task.count) {
    float* scales = task.shared ? plan.shared_inner_scales : plan.inner_scales;
    scales[int64_t(task.position + consumer) * stretches + task.span] = scale_of_terms<kTerms>(__uint_as_float(greatest.now()[consumer]));
  }
  // of two times eight rows, the i-th of four lanes gets those of row 2t + i % 2 (+ 8 for i ≥ 2), outputs g / 4 · 4 …
  const int row = 2 * t + g % 2 + g % 4 / 2 * 8, input = warp / 2 * 16 + warp % 2 * 8 + g / 4 * 4;
  const int64_t row_bytes = int64_t(stretches) * kTerms * kStretch;
  unsigned char* to = reinterpret_cast<unsigned char*>(task.shared ? plan.shared_inner : plan.inner) + (task.position + row) * row_bytes +
                      task.span * kTerms * kStretch + quantised_place(input);
#pragma unroll
  for (int n = 0; n < kValues; n += 4) {
    if (n * 4 >= task.count) break;
    float value[4];
#pragma unroll
    for (int i = 0; i < 4; i++) {
      if (n + i >= kValues) {
        value[i] = 0;
      } else {
        const uint32_t bits = greatest.now()[(n + i) / 2 * 8 + 2 * t + i % 2];
        value[i] = values[(n + i) % kValues] * inverse_of_terms<kTerms>(__uint_as_float(bits));
      }
    }
#pragma unroll
    for (int term = 0; term < kTerms; term++) {
      const uint32_t four = four_e4m3(value[0], value[1], value[2], value[3]);
      if (term + 1 < kTerms) take_away(value, four);
      const uint32_t word = transposed(four);
      if (n * 4 + row < task.count) *reinterpret_cast<uint32_t*>(to + n * 4 * row_bytes + term * kStretch) = word;
    }
  }
  greatest.advance();
}

}  // namespace tenon::moe
#endif
