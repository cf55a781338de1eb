// Draws from a row whose top-k, top-p or min-p keeps more ids than the first pass listed. The row is read three times:
//
//   count ids and mass by distance from the greatest ──► sort the stretch where the kept ids end ──► draw
//
// Where that stretch has too many ids to sort, the end is found digit by digit instead (digits.cuh).
#ifndef TENON_SAMPLING_EXACT_CUH
#define TENON_SAMPLING_EXACT_CUH

#include "digits.cuh"

namespace tenon::sampling {

constexpr float kBinsPerUnit = 64;     // of distance: a factor e of mass
constexpr float kRestUnit = 1 << 20;

__device__ __forceinline__ int bin_of(float distance) {
  return static_cast<int>(fminf(-distance * kBinsPerUnit, kBins - 1));
}

// Counts ids per bin, and how much less than `count` times the weight of the bin's beginning they weigh. That is a sum of
// whole numbers, which does not depend on the order of additions.
__device__ __forceinline__ void count_bins(const Reading& reading, Space& space) {
  for (int i = threadIdx.x; i < kBins; i += kChooseThreads) space.counts[i] = space.rests[i] = 0;
  __syncthreads();
  for_each_value(reading, space, [&](float value, int) {
    if (!(value > -INFINITY)) return;
    const float distance = reading.distance(value);
    const int bin = bin_of(distance);
    const float x = fminf(-distance - bin / kBinsPerUnit, 1 / kBinsPerUnit);
    atomicAdd(&space.counts[bin], 1u);
    atomicAdd(&space.rests[bin], static_cast<uint32_t>(x * (1 - x * (0.5f - x / 6)) * kRestUnit + 0.5f));  // 1 − e^−x
  });
  __syncthreads();
}

__device__ __forceinline__ double bin_mass(const Space& space, int bin) {
  return exp(-bin / double(kBinsPerUnit)) * (space.counts[bin] - space.rests[bin] / double(kRestUnit));
}

// The bin where the running sum of `of(bin)` reaches `target`, and the sum before it. The last bin if it never does.
template <typename T, typename Of>
__device__ __forceinline__ int bin_reaching(T target, T& before, Of of) {
  __shared__ T sums[kChooseThreads + 1];  // before each thread's bins
  __shared__ int found;
  constexpr int kOwn = kBins / kChooseThreads;
  const int first = threadIdx.x * kOwn;
  T own = 0, total;
  for (int i = 0; i < kOwn; i++) own += of(first + i);
  T running = block_sum_before(own, total);
  sums[threadIdx.x] = running;
  if (threadIdx.x == 0) {
    sums[kChooseThreads] = total;
    found = kChooseThreads - 1;
  }
  __syncthreads();
  if (running < target && sums[threadIdx.x + 1] >= target) atomicMin(&found, static_cast<int>(threadIdx.x));
  __syncthreads();
  before = sums[found];
  int bin = found * kOwn;
  for (const int last = bin + kOwn - 1; bin < last && before + of(bin) < target; bin++) before += of(bin);
  __syncthreads();
  return bin;
}

// Sorts the entries of a bin; returns how many there are, or −1: too many.
__device__ __forceinline__ int sort_bin(const Reading& reading, Space& space, int bin) {
  __shared__ int count;
  const int members = space.counts[bin];
  if (members > kMostEntries) return -1;
  if (threadIdx.x == 0) count = 0;
  __syncthreads();
  for_each_value(reading, space, [&](float value, int id) {
    if (value > -INFINITY && bin_of(reading.distance(value)) == bin) {
      space.entries[atomicAdd(&count, 1)] = entry(order_key(value), id);
    }
  });
  __syncthreads();
  sort_entries(space.entries, members);
  return members;
}

// Mass of the first `count` entries; `reaching` is the index of the one with which it reaches `target`, or count − 1.
__device__ __forceinline__ double entries_mass(const Reading& reading, const Space& space, int count, double target,
                                               int& reaching) {
  const int own = (count + kChooseThreads - 1) / kChooseThreads, first = threadIdx.x * own;
  const auto weight = [&](int i) { return exp(double(reading.distance(value_of(key_of(space.entries[i]))))); };
  double mass = 0, total;
  for (int i = first; i < min(first + own, count); i++) mass += weight(i);
  double before = block_sum_before(mass, total);
  int short_of = 0;
  for (int i = first; i < min(first + own, count); i++) {
    short_of += before < target;
    before += weight(i);
  }
  reaching = max(0, block_sum(short_of) - 1);
  return total;
}

// The least entry that top-k and top-p keep; 0 if they cannot be told from counts by bins.
__device__ __forceinline__ uint64_t least_kept(const Reading& reading, Space& space) {
  const Row& row = reading.row;
  const float top_p = row.slot->top_p;
  count_bins(reading, space);
  const auto count_of = [&](int bin) { return static_cast<int>(space.counts[bin]); };
  const auto mass_of = [&](int bin) { return bin_mass(space, bin); };
  int finite = 0;
  for (int i = threadIdx.x; i < kBins; i += kChooseThreads) finite += count_of(i);
  finite = block_sum(finite);
  uint64_t least = 1;
  int last_bin = kBins, taken = 0, reaching;
  double total = 0, before_last = 0;
  if (row.top_k() > 0 && row.top_k() < finite) {
    int before;
    last_bin = bin_reaching(row.top_k(), before, count_of);
    if (sort_bin(reading, space, last_bin) < 0) return 0;
    taken = row.top_k() - before;
    least = space.entries[taken - 1];
    if (top_p >= 1) return least;
    total = entries_mass(reading, space, taken, INFINITY, reaching);
  }
  if (top_p >= 1) return least;
  double mass = 0;
  for (int i = threadIdx.x; i < kBins; i += kChooseThreads) mass += i < last_bin ? mass_of(i) : 0;
  before_last = block_sum(mass);
  const double target = double(top_p) * (total + before_last);
  double before;
  const int bin = bin_reaching(target, before, [&](int i) { return i < last_bin ? mass_of(i) : i == last_bin ? total : 0; });
  int count = taken;
  if (bin < last_bin) {
    count = sort_bin(reading, space, bin);
    if (count < 0) return 0;
  } else {
    before = before_last;
  }
  if (count == 0) return least;
  entries_mass(reading, space, count, target - before, reaching);
  return space.entries[reaching];
}

__device__ __forceinline__ int draw_exactly(const Reading& reading, uint64_t greatest, Space& space) {
  const Row& row = reading.row;
  uint64_t least = least_kept(reading, space);
  __syncthreads();
  if (least == 0) least = least_by_digits(reading, space);
  const double farthest = row.slot->min_p > 0 ? log(double(row.slot->min_p)) : -INFINITY;
  Draw draw;
  draw.begin(noise_key(row.slot->seed, row.outputs()), reading.inverse);
  draw.set(reading.greatest, id_of(greatest));
  for_each_value(reading, space, [&](float value, int id) {
    const bool kept = entry(order_key(value), id) >= least && !(reading.distance(value) < farthest);
    if (!kept || !draw.promises(value, id)) value = -INFINITY;
    if (__any_sync(kAll, value > -INFINITY)) draw.look(value, id);
  });
  return block_drawn(draw);
}

}  // namespace tenon::sampling
#endif
