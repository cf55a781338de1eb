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
constexpr int kExchangeFloats = 256;  // that a warp has for its exchange
constexpr int kAllGroupsBarrier = 1 + kTaskTiles / 2;  // those before it are of pairs of warps

// The words of a task's rows (word_of), the greatest that a warp has told. Of three in turn, one is in use, one may still be
// read by warps that are not done with the task before, and one is cleared for the task to come.
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
__device__ __forceinline__ void exchange(const float (&sums)[kSums], float (&gates)[kSums / 2], float (&ups)[kSums / 2], float* room) {
  constexpr int kAtOnce = kSums / 2 < 8 ? kSums / 2 : 8;
  static_assert(kAtOnce * 32 <= kExchangeFloats);
  const int lane = threadIdx.x % 32, warp = threadIdx.x / 32 - kGroupThreads / 32;
  const bool odd = warp % 2;
  float *to = room + warp * kExchangeFloats + lane, *from = room + (warp ^ 1) * kExchangeFloats + lane;
#pragma unroll
  for (int first = 0; first < kSums / 2; first += kAtOnce) {
    if (first > 0) block_barrier_sync(1 + warp / 2, 64);
#pragma unroll
    for (int i = 0; i < kAtOnce; i++) {
      if (first + i >= kSums / 2) break;
      const int at = (first + i) / 2 * 4 + i % 2;
      to[i * 32] = odd ? sums[at] : sums[at + 2];
    }
    block_barrier_sync(1 + warp / 2, 64);
#pragma unroll
    for (int i = 0; i < kAtOnce; i++) {
      if (first + i >= kSums / 2) break;
      const int at = (first + i) / 2 * 4 + i % 2;
      const float other = from[i * 32];
      gates[first + i] = odd ? other : sums[at];
      ups[first + i] = odd ? sums[at + 2] : other;
    }
  }
}

// Each lane begins with a value of each of kCount columns of its t; afterwards the first kLeft of them are the greatest of
// eight lanes, for the columns from what is returned on. Lanes share the columns out as far as these can be halved.
template <int kBit, int kLeft, int kCount>
__device__ __forceinline__ int greatest_of_lanes(float (&value)[kCount], int& left) {
  constexpr bool kHalves = kLeft % 2 == 0;
  constexpr int kHalf = kHalves ? kLeft / 2 : kLeft;
  const bool upper = threadIdx.x & kBit;
#pragma unroll
  for (int i = 0; i < kHalf; i++) {
    if constexpr (kHalves) {
      const float other = __shfl_xor_sync(kAllLanes, upper ? value[i] : value[i + kHalf], kBit);
      value[i] = fmaxf(upper ? value[i + kHalf] : value[i], other);
    } else {
      value[i] = fmaxf(value[i], __shfl_xor_sync(kAllLanes, value[i], kBit));
    }
  }
  const int first = kHalves && upper ? kHalf : 0;
  if constexpr (kBit == 4) {
    left = kHalf;
    return first;
  } else {
    return first + greatest_of_lanes<kBit / 2, kHalf>(value, left);
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
__device__ __forceinline__ void store_inner(const Plan& plan, const Head& task, const float (&sums)[kSums], float* room, Greatest& greatest) {
  constexpr int kValues = kSums / 2;
  const int lane = threadIdx.x % 32, g = lane / 4, t = lane % 4, consumer = threadIdx.x - kGroupThreads, warp = consumer / 32;
  const int inner = inputs_of(plan, true, task.shared()), stretches = stretches_of(plan, true, task.shared());
  const bool present = (task.span * (kTaskTiles / 2) + warp / 2) * 16 < inner;
  float values[kValues], most[kValues];
  exchange(sums, values, most, room);
#pragma unroll
  for (int i = 0; i < kValues; i++) {
    values[i] = present ? silu(values[i]) * most[i] : 0.0f;
    if (kTerms == 2) values[i] = __bfloat162float(__float2bfloat16_rn(values[i]));  // as it would be in bf16
    most[i] = fabsf(values[i]);
  }
  int left;
  const int first = greatest_of_lanes<16, kValues>(most, left);
#pragma unroll
  for (int i = 0; i < kValues; i++) {
    if (i >= left) break;
    atomicMax(greatest.now() + (first + i) / 2 * 8 + 2 * t + (first + i) % 2, word_of<kTerms>(most[i]));
  }
  if (consumer < kTaskRows) greatest.next()[consumer] = 0;
  block_barrier_sync(kAllGroupsBarrier, kInnerGroups * kGroupThreads);
  if (consumer < task.count) {
    float* scales = task.shared() ? plan.shared_inner_scales : plan.inner_scales;
    scales[int64_t(task.position + consumer) * stretches + task.span] = scale_of<kTerms>(greatest.now()[consumer]);
  }
  // of two times eight rows, the i-th of four lanes gets those of row 2t + i % 2 (+ 8 for i ≥ 2), outputs g / 4 · 4 …
  const int row = 2 * t + g % 2 + g % 4 / 2 * 8, input = warp / 2 * 16 + warp % 2 * 8 + g / 4 * 4;
  const int row_bytes = stretches * kTerms * kStretch;
  unsigned char* to = reinterpret_cast<unsigned char*>(task.shared() ? plan.shared_inner : plan.inner) + int64_t(task.position + row) * row_bytes +
                      task.span * kTerms * kStretch + quantised_place(input);
#pragma unroll
  for (int n = 0; n < kValues; n += 4) {
    if (n * 4 >= task.count) break;
    float value[4] = {};
#pragma unroll
    for (int i = 0; i < 4 && n + i < kValues; i++) {
      value[i] = values[n + i] * inverse_of<kTerms>(greatest.now()[(n + i) / 2 * 8 + 2 * t + i % 2]);
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
