// Readings of a whole row by one block, and the end of the kept ids found digit by digit: for rows with so many nearly
// equal logits that a stretch of them cannot be sorted. Masses are whole numbers here, so that their sums do not depend on
// the order of additions.
#ifndef TENON_SAMPLING_DIGITS_CUH
#define TENON_SAMPLING_DIGITS_CUH

#include "block.cuh"

namespace tenon::sampling {

constexpr int kDigits = 3;
constexpr float kMassUnit = 1099511627776.0f;  // 2^40

// A row's values, computed anew at every reading.
struct Reading {
  const Row& row;
  float greatest, inverse;

  // Logit below the greatest, divided by the temperature.
  __device__ __forceinline__ float distance(float value) const {
    return __fmul_rn(__fsub_rn(value, greatest), inverse);
  }
  __device__ __forceinline__ uint64_t mass(uint32_t key) const {
    return static_cast<uint64_t>(expf(distance(value_of(key))) * kMassUnit);
  }
};

// Calls visit(adjusted logit, id) for all ids, in all threads equally often: beyond the last id the logit is −∞. The next
// values are on their way while a thread's staged ones are visited.
template <typename Visit>
__device__ __forceinline__ void for_each_value(const Reading& reading, Space& space, Visit visit) {
  constexpr int kGroups = kStaged / 4;
  const float* logits = reading.row.logits;
  const int vocabulary = reading.row.vocabulary;
  const bool aligned = reinterpret_cast<uintptr_t>(logits) % 16 == 0;
  const auto load = [&](int id) -> float4 {
    if (aligned && id + 4 <= vocabulary) return *reinterpret_cast<const float4*>(logits + id);
    const auto one = [&](int at) { return at < vocabulary ? logits[at] : -INFINITY; };
    return {one(id), one(id + 1), one(id + 2), one(id + 3)};
  };
  float4 next[kGroups];
#pragma unroll
  for (int i = 0; i < kGroups; i++) next[i] = load((i * kChooseThreads + threadIdx.x) * 4);
#pragma unroll 1
  for (int base = 0; base < vocabulary; base += kStaged * kChooseThreads) {
    float4* staged = reinterpret_cast<float4*>(space.staged) + threadIdx.x;
#pragma unroll
    for (int i = 0; i < kGroups; i++) {
      staged[i * kChooseThreads] = next[i];
      next[i] = load(base + (kStaged * kChooseThreads) + (i * kChooseThreads + threadIdx.x) * 4);
    }
#pragma unroll 1
    for (int i = 0; i < kStaged; i++) {
      const int id = base + (i / 4 * kChooseThreads + threadIdx.x) * 4 + i % 4;
      const float logit = space.staged[(i / 4 * kChooseThreads + threadIdx.x) * 4 + i % 4];
      visit(id < vocabulary ? adjusted(space.rules, space.banned, logit, id) : -INFINITY, id);
    }
  }
}

// Where a selection ended.
struct Cut {
  uint32_t key;     // the least key kept
  uint64_t before;  // count or mass of greater keys
  uint64_t equal;   // of this key
};

// The least key such that keys ≥ it, and > `above`, have at least `target` members or mass.
template <bool kByMass>
__device__ __forceinline__ Cut select(const Reading& reading, Space& space, uint32_t above, uint64_t target) {
  __shared__ Cut found;
  uint64_t* bins = space.entries;
  Cut cut = {0, 0, 0};
#pragma unroll 1
  for (int digit = 0; digit < kDigits; digit++) {
    const int shift = digit == 0 ? 21 : digit == 1 ? 10 : 0, bits = digit == 2 ? 10 : 11;
    __syncthreads();
    for (int i = threadIdx.x; i < kBins; i += kChooseThreads) bins[i] = 0;
    __syncthreads();
    for_each_value(reading, space, [&](float value, int) {
      const uint32_t key = order_key(value);
      if (key > above && (digit == 0 || key >> (shift + bits) == cut.key >> (shift + bits))) {
        atomicAdd(reinterpret_cast<unsigned long long*>(&bins[key >> shift & ((1 << bits) - 1)]),
                  static_cast<unsigned long long>(kByMass ? reading.mass(key) : 1));
      }
    });
    __syncthreads();
    // Threads take neighbouring bins, the greatest digits first.
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

// The id with which `wanted` ids, the lowest first, have this key.
__device__ __forceinline__ int last_of_equal(const Reading& reading, const Space& space, uint32_t key, uint64_t wanted) {
  __shared__ uint32_t members[kChooseWarps];
  const Row& row = reading.row;
  uint64_t seen = 0;
#pragma unroll 1
  for (int base = 0; base < row.vocabulary; base += kChooseThreads) {
    const int id = base + threadIdx.x;
    const float value = id < row.vocabulary ? adjusted(space.rules, space.banned, row.logits[id], id) : -INFINITY;
    const uint32_t those = __ballot_sync(kAll, order_key(value) == key);
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
  return row.vocabulary;
}

// The least entry that top-k and top-p keep.
__device__ __forceinline__ uint64_t least_by_digits(const Reading& reading, Space& space) {
  const Row& row = reading.row;
  uint64_t finite = 0;
  for_each_value(reading, space, [&](float value, int) { finite += value > -INFINITY; });
  finite = block_sum(finite);
  const bool tied = row.top_k() > 0 && row.top_k() < finite;  // `least` ends the top-k, with some of its equals
  uint32_t least = 0;
  uint64_t ties = 0, equal = 0;
  if (tied) {
    const Cut cut = select<false>(reading, space, 0, row.top_k());
    least = cut.key;
    ties = row.top_k() - cut.before;
    equal = cut.equal;
  }
  if (row.slot->top_p < 1) {
    uint64_t mass = 0;
    for_each_value(reading, space, [&](float value, int) {
      const uint32_t key = order_key(value);
      if (key > least) mass += reading.mass(key);
    });
    mass = block_sum(mass);
    const uint64_t each = tied ? reading.mass(least) : 0;
    const double kept = double(row.slot->top_p) * double(mass + ties * each);
    const uint64_t target = max(uint64_t(1), static_cast<uint64_t>(kept));
    if (target <= mass) {
      const Cut cut = select<true>(reading, space, least, target);
      least = cut.key;
      const uint64_t one = reading.mass(least);
      ties = (target - cut.before + one - 1) / one;
      equal = cut.equal / one;
    } else if (each > 0) {
      ties = min(ties, (target - mass + each - 1) / each);
    }
  }
  if (least == 0) return 1;
  return ties < equal ? entry(least, last_of_equal(reading, space, least, ties)) : entry(least, -1);
}

}  // namespace tenon::sampling
#endif
