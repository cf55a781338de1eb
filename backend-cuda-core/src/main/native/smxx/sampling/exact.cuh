// Draws from a row whose top-k, top-p or min-p keeps more ids than the first pass listed: the whole row is read several
// times, to find the least logit that is kept digit by digit. Masses are whole numbers, so that their sums do not depend
// on the order of additions.
#ifndef TENON_SAMPLING_EXACT_CUH
#define TENON_SAMPLING_EXACT_CUH

#include "block.cuh"

namespace tenon::sampling {

constexpr int kDigits = 3;
constexpr int kBins = 2048;
constexpr float kMassUnit = 1099511627776.0f;  // 2^40

// Where a selection ended.
struct Cut {
  uint32_t key;    // the least key kept
  uint64_t before;  // count or mass of greater keys
  uint64_t equal;   // of this key
};

// A row's values, computed anew at every reading.
struct Reading {
  const Row& row;
  const Rules& rules;
  const Banned& banned;
  float greatest, inverse;

  __device__ __forceinline__ float value(int id) const {
    return id < row.vocabulary ? adjusted(rules, banned, row.logits[id], id) : -INFINITY;
  }
  // Logit below the greatest, divided by the temperature.
  __device__ __forceinline__ float distance(float value) const {
    return __fmul_rn(__fsub_rn(value, greatest), inverse);
  }
  __device__ __forceinline__ uint64_t mass(uint32_t key) const {
    return static_cast<uint64_t>(expf(distance(value_of(key))) * kMassUnit);
  }
};

// The least key such that keys ≥ it, and > `above`, have at least `target` members or mass.
template <bool kByMass>
__device__ __forceinline__ Cut select(const Reading& reading, uint32_t above, uint64_t target, uint64_t* bins) {
  __shared__ Cut found;
  Cut cut = {0, 0, 0};
#pragma unroll 1
  for (int digit = 0; digit < kDigits; digit++) {
    const int shift = digit == 0 ? 21 : digit == 1 ? 10 : 0, bits = digit == 2 ? 10 : 11;
    __syncthreads();
    for (int i = threadIdx.x; i < kBins; i += kChooseThreads) bins[i] = 0;
    __syncthreads();
#pragma unroll 1
    for (int id = threadIdx.x; id < reading.row.vocabulary; id += kChooseThreads) {
      const uint32_t key = order_key(reading.value(id));
      if (key > above && (digit == 0 || key >> (shift + bits) == cut.key >> (shift + bits))) {
        atomicAdd(reinterpret_cast<unsigned long long*>(&bins[key >> shift & ((1 << bits) - 1)]),
                  static_cast<unsigned long long>(kByMass ? reading.mass(key) : 1));
      }
    }
    __syncthreads();
    // Threads take four bins each, the greatest digits first.
    constexpr int kOwn = kBins / kChooseThreads;
    const int first = kBins - 1 - threadIdx.x * kOwn;
    uint64_t own = 0;
    for (int i = 0; i < kOwn; i++) own += bins[first - i];
    uint64_t total, before = cut.before + block_sum_before(own, total);
    if (before < target && before + own >= target) {
      int bin = first;
      while (before + bins[bin] < target) before += bins[bin--];
      found = {cut.key | static_cast<uint32_t>(bin) << shift, before, bins[bin]};
    }
    __syncthreads();
    cut = found;
  }
  return cut;
}

// The id below which, and with which, `wanted` ids have this key.
__device__ __forceinline__ int last_of_equal(const Reading& reading, uint32_t key, uint64_t wanted) {
  __shared__ uint32_t members[kChooseWarps];
  uint64_t seen = 0;
#pragma unroll 1
  for (int base = 0; base < reading.row.vocabulary; base += kChooseThreads) {
    const uint32_t those = __ballot_sync(kAll, order_key(reading.value(base + threadIdx.x)) == key);
    __syncthreads();
    if (threadIdx.x % 32 == 0) members[threadIdx.x / 32] = those;
    __syncthreads();
    for (int warp = 0; warp < kChooseWarps; warp++) {
      const int count = __popc(members[warp]);
      if (seen + count >= wanted) {
        uint32_t left = members[warp];
        for (; seen + 1 < wanted; seen++) left &= left - 1;
        return base + warp * 32 + __ffs(left) - 1;
      }
      seen += count;
    }
  }
  return reading.row.vocabulary;
}

__device__ __forceinline__ int draw_exactly(const Reading& reading, uint64_t greatest, uint64_t* bins) {
  const Row& row = reading.row;
  uint32_t least = 1;  // keys above are kept, and the first `ties` of this one
  uint64_t ties = ~uint64_t(0), equal = 0;
  uint64_t finite = 0;
  for (int id = threadIdx.x; id < row.vocabulary; id += kChooseThreads) finite += order_key(reading.value(id)) != 0;
  finite = block_sum(finite);
  if (row.top_k() > 0 && row.top_k() < finite) {
    const Cut cut = select<false>(reading, 0, row.top_k(), bins);
    least = cut.key;
    ties = row.top_k() - cut.before;
    equal = cut.equal;
  }
  if (row.slot->top_p < 1) {
    uint64_t mass = 0;
    for (int id = threadIdx.x; id < row.vocabulary; id += kChooseThreads) {
      const uint32_t key = order_key(reading.value(id));
      if (key > (ties == ~uint64_t(0) ? 0 : least)) mass += reading.mass(key);
    }
    mass = block_sum(mass);
    const bool tied = ties != ~uint64_t(0);
    const uint64_t each = tied ? reading.mass(least) : 0;
    const uint64_t target = max(uint64_t(1), static_cast<uint64_t>(double(row.slot->top_p) * double(mass + (tied ? ties * each : 0))));
    if (target <= mass) {
      const Cut cut = select<true>(reading, tied ? least : 0, target, bins);
      least = cut.key;
      const uint64_t one = reading.mass(least);
      ties = (target - cut.before + one - 1) / one;
      equal = cut.equal / one;
    } else if (tied && each > 0) {
      ties = min(ties, (target - mass + each - 1) / each);
    }
  }
  const int last = ties < equal ? last_of_equal(reading, least, ties) : row.vocabulary;
  const double farthest = row.slot->min_p > 0 ? log(double(row.slot->min_p)) : -INFINITY;
  Draw draw;
  draw.begin(noise_key(row.slot->seed, row.outputs()), reading.inverse);
  draw.set(reading.greatest, id_of(greatest));
#pragma unroll 1
  for (int base = 0; base < row.vocabulary; base += kChooseThreads) {
    const int id = base + threadIdx.x;
    float value = reading.value(id);
    const uint32_t key = order_key(value);
    const bool kept = key > least || (key == least && id <= last);
    if (!kept || reading.distance(value) < farthest || !draw.promises(value, id)) value = -INFINITY;
    if (__any_sync(kAll, value > -INFINITY)) draw.look(value, id);
  }
  return block_drawn(draw);
}

}  // namespace tenon::sampling
#endif
