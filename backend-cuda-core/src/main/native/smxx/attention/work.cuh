// How attention is divided among blocks: computed by every block from the lengths on the device, in shared memory.
//
// Sequences of 1 … 16 active rows (decodes, with drafts) are split over their context:
//
//   items of a sequence:  [split][kv head][16 or 48 of its (row, head) pairs]
//
// Where splits begin depends on the sequence's length and the card alone, so a sequence gets the same bits whatever it
// shares a step with; only when partial sums would outgrow the work space are all splits doubled. Longer sequences go by
// tiles of 128 (row, head) pairs of one kv head; their context is split only where tiles are fewer than multiprocessors.
#ifndef TENON_ATTENTION_WORK_CUH
#define TENON_ATTENTION_WORK_CUH

#include "../../abi/kernel_table.h"
#include "../../device/platform.cuh"

namespace tenon::attention {

constexpr int kFewRows = 16;      // sequences with more active rows go by tiles
constexpr int kPairs = 16;        // (row, head) pairs of an item of a decode, at least
constexpr int kTilePairs = 128;   // of a tile of a prefill
constexpr int kFan = 16;          // partial sums that are added up at once
constexpr int kKeys = 64;         // splits are multiples of so many positions
constexpr int kUsualSplit = 512;  // positions of a split of a decode, at most, unless there would be too many
constexpr int64_t kPartialRows = 8192;  // rows × splits that partial sums are kept of, at most

// Sizes that host and device agree on.
struct Division {
  int multiprocessors;
  int most_splits;
  int64_t partial_rows;      // of decodes, rows × splits
  int64_t decode_counters;
  int64_t tile_counters;     // 0 where no sequence has more than kFewRows rows
  int64_t counters() const { return 1 + decode_counters + tile_counters; }
};

inline Division division(const tenon_rows& rows, int64_t heads, int64_t kv_heads, int multiprocessors) {
  Division d;
  d.multiprocessors = multiprocessors;
  const int64_t share = multiprocessors / kv_heads;
  d.most_splits = static_cast<int>(share < kFan ? kFan : share > 128 ? 128 : share);
  const int64_t few = kFewRows * rows.max_sequences;
  const int64_t decoded = rows.max_rows < few ? rows.max_rows : few;
  const int64_t wanted = decoded * d.most_splits;
  d.partial_rows = wanted < kPartialRows ? wanted : kPartialRows;
  const int64_t group = heads / kv_heads;
  d.decode_counters = (d.partial_rows + decoded) * kv_heads * ((group + kPairs - 1) / kPairs);
  d.tile_counters = tenon_most_of_a_sequence(&rows) > kFewRows ? multiprocessors : 0;
  return d;
}

// The parts of the work space.
struct Space {
  int64_t decode_sums, decode_stats, tile_sums, tile_stats, bytes;  // offsets; stats of splits, then of sixteens of them
};

inline Space space(const Division& d, int64_t heads, int64_t dim) {
  Space s;
  const int64_t decode_pairs = d.partial_rows * heads, tile_pairs = d.tile_counters * kTilePairs;
  s.decode_sums = 0;
  s.decode_stats = s.decode_sums + decode_pairs * dim * 4;
  s.tile_sums = (s.decode_stats + decode_pairs * 16 + 255) / 256 * 256;
  s.tile_stats = s.tile_sums + tile_pairs * dim * 4;
  s.bytes = s.tile_stats + tile_pairs * 16;
  return s;
}

// A sequence's part of the step.
struct Span {
  int length;     // positions up to the one of its last active row
  int first_row;
  int active;
  int slot;
};

// The table of a block, in shared memory: room for max_sequences.
struct Table {
  Span* span;
  int* first_item;     // of a sequence; one more than sequences
  int* first_partial;  // row · split that its partial sums begin at
  int sequences;
  int items;
  int coarser;         // splits are 2^coarser times as long
  int pairs;           // (row, head) pairs of an item of a decode, at most
  static constexpr int kBytesEach = sizeof(Span) + 2 * sizeof(int);
  __device__ void place(unsigned char* at, int max_sequences) {
    span = reinterpret_cast<Span*>(at);
    first_item = reinterpret_cast<int*>(span + max_sequences);
    first_partial = first_item + max_sequences + 1;
  }
  // The sequence that an item belongs to.
  __device__ int sequence_of(int item) const {
    int low = 0, high = sequences - 1;
    while (low < high) {
      const int middle = (low + high + 1) / 2;
      if (first_item[middle] <= item) low = middle;
      else high = middle - 1;
    }
    return low;
  }
};

__host__ __device__ inline int64_t table_bytes(int64_t max_sequences) {
  return (max_sequences * Table::kBytesEach + 4 + 127) / 128 * 128;
}

__device__ __forceinline__ int divide_up(int a, int b) { return (a + b - 1) / b; }

// Positions of a split of a decode.
__device__ __forceinline__ int split_size(int length, int most_splits, int coarser) {
  const int splits = min(divide_up(length, kUsualSplit), most_splits);
  return divide_up(divide_up(length, splits), kKeys) * kKeys << coarser;
}

struct Two {
  int items, partials;
};

// Sums of the values of the threads before this one, and of all.
template <int kThreads>
__device__ __forceinline__ Two sum_before(Two own, Two* warp_sums, Two& all) {
  const int lane = threadIdx.x % 32, warp = threadIdx.x / 32;
  Two sum = own;
#pragma unroll
  for (int step = 1; step < 32; step *= 2) {
    const int items = __shfl_up_sync(0xffffffffu, sum.items, step);
    const int partials = __shfl_up_sync(0xffffffffu, sum.partials, step);
    if (lane >= step) {
      sum.items += items;
      sum.partials += partials;
    }
  }
  __syncthreads();
  if (lane == 31) warp_sums[warp] = sum;
  __syncthreads();
  all = {0, 0};
  Two before = {0, 0};
#pragma unroll
  for (int w = 0; w < kThreads / 32; w++) {
    if (w == warp) before = all;
    all.items += warp_sums[w].items;
    all.partials += warp_sums[w].partials;
  }
  return {before.items + sum.items - own.items, before.partials + sum.partials - own.partials};
}

// Reads ahead of knowing whether there is such a sequence: the arrays are long enough, and loads overlap.
__device__ __forceinline__ Span span_of(const tenon_rows& rows, int sequence, int sequences) {
  Span span;
  span.first_row = reinterpret_cast<const int*>(rows.sequence_offsets)[sequence];
  span.slot = reinterpret_cast<const int*>(rows.sequence_slots)[sequence];
  span.active = reinterpret_cast<const int*>(rows.sequence_active)[sequence];
  if (sequence >= sequences || span.slot < 0) span.active = 0;
  span.length = span.active > 0 ? reinterpret_cast<const int*>(rows.positions)[span.first_row + span.active - 1] + 1 : 0;
  return span;
}

// Fills the table with the decodes of the step. All threads of the block; ends with a barrier.
template <int kThreads>
__device__ void plan_decodes(const tenon_rows& rows, const Division& d, int group, int kv_heads, int pairs, Two* warp_sums,
                             Table& table) {
  table.pairs = pairs;
  table.sequences = min(reinterpret_cast<const int*>(rows.counts)[1], static_cast<int>(rows.max_sequences));
  for (int s = threadIdx.x; s < rows.max_sequences; s += kThreads) table.span[s] = span_of(rows, s, table.sequences);
  for (table.coarser = 0;; table.coarser++) {
    Two sum = {0, 0};
    for (int from = 0; from < table.sequences; from += kThreads) {
      const int s = from + threadIdx.x;
      Two own = {0, 0}, all;
      if (s < table.sequences) {
        const Span span = table.span[s];
        if (span.active > 0 && span.active <= kFewRows) {
          const int splits = divide_up(span.length, split_size(span.length, d.most_splits, table.coarser));
          own.items = splits * kv_heads * divide_up(span.active * group, pairs);
          own.partials = splits > 1 ? splits * span.active : 0;
        }
      }
      const Two before = sum_before<kThreads>(own, warp_sums, all);
      if (s < table.sequences) {
        table.first_item[s] = sum.items + before.items;
        table.first_partial[s] = sum.partials + before.partials;
      }
      sum.items += all.items;
      sum.partials += all.partials;
    }
    table.items = sum.items;
    if (sum.partials <= d.partial_rows) break;
  }
  __syncthreads();
}

// Fills the table with the sequences that go by tiles; items are (tile, kv head) pairs, first_partial is not used.
template <int kThreads>
__device__ void plan_tiles(const tenon_rows& rows, int rows_of_tile, int kv_heads, Two* warp_sums, Table& table) {
  table.sequences = min(reinterpret_cast<const int*>(rows.counts)[1], static_cast<int>(rows.max_sequences));
  table.coarser = 0;
  int items = 0;
  for (int from = 0; from < table.sequences; from += kThreads) {
    const int s = from + threadIdx.x;
    Two own = {0, 0}, all;
    if (s < rows.max_sequences) {
      const Span span = span_of(rows, s, table.sequences);
      table.span[s] = span;
      if (span.active > kFewRows) own.items = divide_up(span.active, rows_of_tile) * kv_heads;
    }
    const Two before = sum_before<kThreads>(own, warp_sums, all);
    if (s < table.sequences) table.first_item[s] = items + before.items;
    items += all.items;
  }
  table.items = items;
  __syncthreads();
}

}  // namespace tenon::attention
#endif
