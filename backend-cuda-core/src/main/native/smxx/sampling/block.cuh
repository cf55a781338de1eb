// What the blocks of the second pass do together. Sums are taken in a fixed order.
#ifndef TENON_SAMPLING_BLOCK_CUH
#define TENON_SAMPLING_BLOCK_CUH

#include "row.cuh"

namespace tenon::sampling {

constexpr int kChooseThreads = 256;
constexpr int kChooseWarps = kChooseThreads / 32;
constexpr int kMostEntries = 4096;  // sorted at a time
constexpr int kBins = 2048;
constexpr int kStaged = 16;  // values of a thread

// Shared memory of a block.
struct Space {
  uint64_t entries[kMostEntries];
  uint32_t counts[kBins], rests[kBins];
  float staged[kStaged * kChooseThreads];
  Banned banned;
  Rules rules;
};

template <typename T>
__device__ __forceinline__ T block_greatest_of(T value) {
  __shared__ T found[kChooseWarps];
  for (int step = 16; step > 0; step /= 2) {
    const T other = __shfl_xor_sync(kAll, value, step);
    if (other > value) value = other;
  }
  __syncthreads();
  if (threadIdx.x % 32 == 0) found[threadIdx.x / 32] = value;
  __syncthreads();
  value = found[0];
  for (int warp = 1; warp < kChooseWarps; warp++) {
    if (found[warp] > value) value = found[warp];
  }
  return value;
}

// Sum of the values of the threads before this one; `total` is that of all.
template <typename T>
__device__ __forceinline__ T block_sum_before(T value, T& total) {
  __shared__ T sums[kChooseWarps];
  const int lane = threadIdx.x % 32, warp = threadIdx.x / 32;
  T inclusive = value;
  for (int step = 1; step < 32; step *= 2) {
    const T other = __shfl_up_sync(kAll, inclusive, step);
    if (lane >= step) inclusive += other;
  }
  T before = __shfl_up_sync(kAll, inclusive, 1);
  if (lane == 0) before = 0;
  __syncthreads();
  if (lane == 31) sums[warp] = inclusive;
  __syncthreads();
  T earlier = 0;
  total = 0;
  for (int i = 0; i < kChooseWarps; i++) {
    if (i == warp) earlier = total;
    total += sums[i];
  }
  return earlier + before;
}

template <typename T>
__device__ __forceinline__ T block_sum(T value) {
  T total;
  block_sum_before(value, total);
  return total;
}

// The best of the warps' draws.
__device__ __forceinline__ int block_drawn(const Draw& draw) {
  __shared__ double scores[kChooseWarps];
  __shared__ int ids[kChooseWarps];
  __syncthreads();
  if (threadIdx.x % 32 == 0) {
    scores[threadIdx.x / 32] = draw.score;
    ids[threadIdx.x / 32] = draw.id;
  }
  __syncthreads();
  double score = scores[0];
  int id = ids[0];
  for (int warp = 1; warp < kChooseWarps; warp++) {
    if (scores[warp] > score || (scores[warp] == score && ids[warp] < id)) {
      score = scores[warp];
      id = ids[warp];
    }
  }
  return id;
}

// Sorts entries, the greatest first; those from `count` to the next power of two are overwritten.
__device__ __forceinline__ void sort_entries(uint64_t* entries, int count) {
  int size = 2;
  while (size < count) size *= 2;
  for (int i = count + threadIdx.x; i < size; i += kChooseThreads) entries[i] = 0;
  __syncthreads();
  for (int stretch = 2; stretch <= size; stretch *= 2) {
    for (int step = stretch / 2; step > 0; step /= 2) {
      for (int i = threadIdx.x; i < size / 2; i += kChooseThreads) {
        const int low = 2 * i - (i & (step - 1)), high = low + step;
        const uint64_t a = entries[low], b = entries[high];
        if ((a < b) == ((low & stretch) == 0)) {
          entries[low] = b;
          entries[high] = a;
        }
      }
      __syncthreads();
    }
  }
}

// The lists of a row's splits: what is needed of them is asked for at once.
struct Lists {
  uint32_t bound;  // all entries with at least this key are listed
  bool complete;   // unless a split had more than it lists, or there are too many splits
  int entries;     // places in all lists
};

__device__ __forceinline__ Lists load_lists(const tenon_sample& params, int index, int list, int* listed,
                                            uint32_t* greatest) {
  const int parts = splits(params.step.slots.vocabulary);
  const bool there = threadIdx.x < parts;
  uint32_t bound = 0, most = 0;
  int own = 0;
  if (there) {
    const Split& found = row_splits(params, index)[threadIdx.x];
    bound = list == 0 ? found.bound : found.raw_bound;
    own = list == 0 ? found.listed : found.raw_listed;
    most = list == 0 ? key_of(found.greatest) : found.raw_greatest;
  }
  bound = block_greatest_of(bound);
  listed[threadIdx.x] = own;
  greatest[threadIdx.x] = most;
  const bool complete = __syncthreads_and(own >= 0) && parts <= kChooseThreads;
  return {bound, complete, parts * TENON_SPLIT_LIST};
}

// The entry at a place of the lists, or 0.
__device__ __forceinline__ uint64_t listed_entry(const tenon_sample& params, int index, int list, const int* listed,
                                                 int place) {
  const int split = place / TENON_SPLIT_LIST, at = place % TENON_SPLIT_LIST;
  return at < listed[split] ? split_list(params, index, split, list)[at] : 0;
}

// The greatest entries of a row in one piece, from the lists of its splits.
struct Gathered {
  int count;        // entries, sorted; −1: they are too many, or a split had more than it lists
  bool everything;  // they are all that is not −∞
};

// Sorts the listed entries that no unlisted one exceeds; where `most` > 0, perhaps only the first `most` and some more.
__device__ __forceinline__ Gathered gather(const tenon_sample& params, int index, int list, int most,
                                           uint64_t* entries) {
  __shared__ int listed[kChooseThreads];
  __shared__ uint32_t greatest[kChooseThreads];
  __shared__ uint32_t enough;
  __shared__ int count;
  const int parts = splits(params.step.slots.vocabulary);
  if (threadIdx.x == 0) {
    enough = 0;
    count = 0;
  }
  const Lists lists = load_lists(params, index, list, listed, greatest);
  if (!lists.complete) return {-1, false};
  if (most > 0 && most <= parts) {
    // The greatest of `most` splits are as many entries as are wanted.
    if (threadIdx.x < parts) {
      const uint32_t own = greatest[threadIdx.x];
      int before = 0;
      for (int i = 0; i < parts; i++) before += greatest[i] > own || (greatest[i] == own && i < threadIdx.x);
      if (before == most - 1) enough = own;
    }
    __syncthreads();
  }
  const uint32_t least = max(max(lists.bound, enough), 1u);
#pragma unroll 4
  for (int place = threadIdx.x; place < lists.entries; place += kChooseThreads) {
    const uint64_t candidate = listed_entry(params, index, list, listed, place);
    if (key_of(candidate) >= least) {
      const int to = atomicAdd(&count, 1);
      if (to < kMostEntries) entries[to] = candidate;
    }
  }
  __syncthreads();
  const int held = count;
  if (held > kMostEntries) return {-1, false};
  sort_entries(entries, held);
  return {held, least <= 1};
}

}  // namespace tenon::sampling
#endif
