// Attention of sequences with many rows: tiles of 128 (row, head) pairs of one kv head past their keys and values.
//
//   tile:   pairs 0 … 127 = rows r, r + 1, … × the heads that share the kv head; each warp has 16 of them
//   ring:   K0 V0 K1 V1 …   while scores of step i are made, V(i) is on its way; while values are weighted, K(i + 1) is
//
// Blocks draw (tile, kv head) items from a counter, a sequence's last tiles first, since they see the longest context.
// Where there are fewer items than multiprocessors, every item's context is split and the partial sums are added up as
// those of decodes are.
#ifndef TENON_ATTENTION_PREFILL_CUH
#define TENON_ATTENTION_PREFILL_CUH

#include "finish.cuh"
#include "pages.cuh"

namespace tenon::attention {

constexpr int kPrefillWarps = kTilePairs / 16;
constexpr int kPrefillThreads = kPrefillWarps * 32;
constexpr int kLeastSplit = 256;

// Shared memory of a block: queries, ring, counters, the table.
template <int kDim, int kType, int kStep>
struct PrefillShared {
  static constexpr int kQueries = kTilePairs * kDim * 2;
  static constexpr int kHalf = kStep * Form<kDim, kType>::kRowBytes;
  static int64_t bytes(int ring, int64_t max_sequences) {
    return kQueries + ring * kHalf + 128 + table_bytes(max_sequences);
  }
};

// An item: rows of a sequence, a kv head, and a part of the context.
struct PrefillItem {
  int kv_head, unit, split, splits, from, to;
  int first_pair, pairs;
  Span span;
  __device__ PrefillItem(const tenon_attention& p, const Table& table, int item, int splits_wanted, int group, int rows_of_tile) {
    unit = item / splits_wanted;
    split = item % splits_wanted;
    const int sequence = table.sequence_of(unit), kv_heads = static_cast<int>(p.kv_heads);
    span = table.span[sequence];
    const int rest = unit - table.first_item[sequence];
    kv_head = rest % kv_heads;
    const int tile = divide_up(span.active, rows_of_tile) - 1 - rest / kv_heads;
    const int rows = min(rows_of_tile, span.active - tile * rows_of_tile);
    first_pair = tile * rows_of_tile * group;
    pairs = rows * group;
    // positions of a sequence's rows follow one another
    const int length = span.length - span.active + tile * rows_of_tile + rows;
    const int size = max(kLeastSplit, divide_up(divide_up(span.length, splits_wanted), kKeys) * kKeys);
    splits = splits_wanted > 1 ? divide_up(length, size) : 1;
    from = splits_wanted > 1 ? split * size : 0;
    to = splits_wanted > 1 ? min(length, from + size) : length;
  }
};

// How far the rows of a lane have come; lane (g, t) has pairs g and g + 8 of its warp's 16.
struct Standing {
  int last[2];               // position that the pair's row stands at, -1 where there is none
  int nearest;               // of the warp: steps up to there need no mask
  float greatest[2], weight[2];  // greatest score, times log2 e; this lane's part of the sum of the exponentials

  template <typename Item>
  __device__ __forceinline__ Standing(const Item& item, int warp, int group, int lane) {
    nearest = 0x7fffffff;
#pragma unroll
    for (int half = 0; half < 2; half++) {
      const int pair = warp * 16 + half * 8 + lane / 4;
      last[half] = pair < item.pairs ? item.span.length - item.span.active + (item.first_pair + pair) / group : -1;
      nearest = min(nearest, last[half]);
      greatest[half] = -INFINITY;
      weight[half] = 0;
    }
    nearest = __shfl_sync(0xffffffffu, nearest, 0);
    if (warp * 16 + 15 >= item.pairs) nearest = -1;
  }

  // Takes scores of positions out that lie behind the rows.
  template <int kColumns>
  __device__ __forceinline__ void mask(float (&score)[kColumns][4], int position, int t) const {
    if (position + kColumns * 8 - 1 <= nearest) return;
#pragma unroll
    for (int n = 0; n < kColumns; n++) {
#pragma unroll
      for (int c = 0; c < 4; c++) {
        if (position + n * 8 + 2 * t + c % 2 > last[c / 2]) score[n][c] = -INFINITY;
      }
    }
  }

  // Makes weights of scores; sums of weighted values so far have to be multiplied by `factor`.
  template <int kColumns>
  __device__ __forceinline__ void weigh(float (&score)[kColumns][4], float scale, float (&factor)[2]) {
#pragma unroll
    for (int half = 0; half < 2; half++) {
      float most = -INFINITY;
#pragma unroll
      for (int n = 0; n < kColumns; n++) most = fmaxf(most, fmaxf(score[n][2 * half], score[n][2 * half + 1]));
      most = fmaxf(most, __shfl_xor_sync(0xffffffffu, most, 1));
      most = fmaxf(most, __shfl_xor_sync(0xffffffffu, most, 2));
      most = fmaxf(most * scale, greatest[half]);
      const float reference = most == -INFINITY ? 0.0f : most;
      factor[half] = most == -INFINITY ? 1.0f : power_of_two(greatest[half] - reference);  // sums are 0 yet
      greatest[half] = most;
      weight[half] *= factor[half];
#pragma unroll
      for (int n = 0; n < kColumns; n++) {
        score[n][2 * half] = power_of_two(fmaf(score[n][2 * half], scale, -reference));
        score[n][2 * half + 1] = power_of_two(fmaf(score[n][2 * half + 1], scale, -reference));
        weight[half] += score[n][2 * half] + score[n][2 * half + 1];
      }
    }
  }
};

// Multiplies sums by their rows' factors, which mostly are 1.
template <int kCount>
__device__ __forceinline__ void rescale(float (&sum)[kCount][4], const float (&factor)[2]) {
  if (!__any_sync(0xffffffffu, factor[0] != 1.0f || factor[1] != 1.0f)) return;
#pragma unroll
  for (int n = 0; n < kCount; n++) {
#pragma unroll
    for (int c = 0; c < 4; c++) sum[n][c] *= factor[c / 2];
  }
}

// Stores what a tile's sums amount to, or keeps them as partial sums.
template <int kDim, int kType>
__device__ __forceinline__ void finish_tile(const tenon_attention& p, const Division& d, const Space& space, const PrefillItem& item,
                                            const Output& output, const Standing& stand, const float (&sum)[kDim / 8][4],
                                            int splits_wanted, int* shared_flag) {
  const int lane = threadIdx.x % 32, warp = threadIdx.x / 32, g = lane / 4, t = lane % 4;
  Partials partials;
  partials.splits = item.splits;
  partials.sums = reinterpret_cast<float*>(p.workspace + space.tile_sums);
  partials.stats = reinterpret_cast<float2*>(p.workspace + space.tile_stats);
  partials.merged = partials.stats + d.tile_counters * kTilePairs;
  partials.step = kTilePairs;
  partials.first = int64_t(item.unit) * splits_wanted * kTilePairs;
  partials.counters = reinterpret_cast<int*>(p.counters) + 1 + d.decode_counters + item.unit * splits_wanted;
  const int64_t place = partials.first + int64_t(item.split) * kTilePairs;
#pragma unroll
  for (int half = 0; half < 2; half++) {
    float all = stand.weight[half];
    all += __shfl_xor_sync(0xffffffffu, all, 1);
    all += __shfl_xor_sync(0xffffffffu, all, 2);
    const int pair = warp * 16 + half * 8 + g;
    if (pair < item.pairs) {
      if (item.splits > 1 && t == 0) partials.stats[place + pair] = {stand.greatest[half], all};
      const float inverse = 1.0f / all;
#pragma unroll
      for (int n = 0; n < kDim / 16; n++) {
#pragma unroll
        for (int j = 0; j < 2; j++) {
          const int dim = n * 16 + pair_dim<kType>(j, t);
          float2 value = pair_of<kType>(sum[2 * n], sum[2 * n + 1], half, j);
          if (item.splits > 1) {
            *reinterpret_cast<float2*>(partials.sums + (place + pair) * kDim + dim) = value;
          } else {
            value.x *= inverse;
            value.y *= inverse;
            output.store(pair, dim, value);
          }
        }
      }
    }
  }
  if (item.splits > 1) arrive<kDim>(BlockTeam<kPrefillThreads>(), partials, output, item.split, shared_flag);
}

template <int kDim, int kType, int kStep, int kRing>
__global__ void __launch_bounds__(kPrefillThreads, 1) prefill(tenon_attention p, Division d, Space space) {
  using S = PrefillShared<kDim, kType, kStep>;
  constexpr int kParts = kDim / 16;
  constexpr int kColumns = kStep / 8;
  [[maybe_unused]] constexpr int kUnrolled = kDim == 256 && kType == TENON_E4M3 ? 4 : kParts;  // registers are short

  TENON_DYNAMIC_SHARED(unsigned char, queries);
  unsigned char* const ring = queries + S::kQueries;
  int* const words = reinterpret_cast<int*>(ring + kRing * S::kHalf);  // 0 … 15 sums of warps, 16 next item, 17 a flag
  Table table;
  table.place(reinterpret_cast<unsigned char*>(words + 32), static_cast<int>(p.rows.max_sequences));

  const int lane = threadIdx.x % 32, warp = threadIdx.x / 32, t = lane % 4;
  const int group = static_cast<int>(p.heads / p.kv_heads);
  const int rows_of_tile = kTilePairs / group;
  const float scale = static_cast<float>(p.scale) * kLog2E;
  int* const counters = reinterpret_cast<int*>(p.counters);

  wait_for_predecessor();
  release_successor();
  plan_tiles<kPrefillThreads>(p.rows, rows_of_tile, static_cast<int>(p.kv_heads), reinterpret_cast<Two*>(words), table);
  if (table.items == 0) return;
  const int splits_wanted = table.items < d.multiprocessors ? d.multiprocessors / table.items : 1;
  const int items = table.items * splits_wanted;

  for (int at = blockIdx.x; at < items; at = words[16] + gridDim.x) {
    __syncthreads();
    if (threadIdx.x == 0) words[16] = atomicAdd(counters, 1);
    const PrefillItem item(p, table, at, splits_wanted, group, rows_of_tile);
    if (item.from >= item.to) {
      __syncthreads();
      continue;
    }
    const Output output = {&p, item.span.first_row, item.kv_head, group, item.first_pair, item.pairs};

    Copier<Form<kDim, kType>, kStep, kPrefillThreads> copier;
    copier.begin(p, item.span.slot, item.kv_head, item.to, item.from);
    int copied = item.from, copy_slot = 0;
    bool copy_values = false;
    const auto copy_next = [&] {
      if (copied < item.to) {
        copier.copy(p, copy_values ? p.value_pages : p.key_pages, ring + copy_slot * S::kHalf);
        if (copy_values) copier.move(p, copied += kStep);
        copy_values = !copy_values;
        copy_slot = copy_slot + 1 == kRing ? 0 : copy_slot + 1;
      }
      copy_commit();
    };
    for (int i = 0; i < kRing - 1; i++) copy_next();

    for (int piece = threadIdx.x; piece < kTilePairs * kParts; piece += kPrefillThreads) {
      const int pair = piece / kParts, part = piece % kParts;
      uint4 low = {0, 0, 0, 0}, high = {0, 0, 0, 0};
      if (pair < item.pairs) {
        const uint4* const from = queries_of(p, item.span.first_row, item.kv_head, group, item.first_pair + pair, kDim, part);
        low = from[0];
        high = from[1];
      }
      store_queries<kDim, kType>(queries, pair, part, low, high);
    }

    Standing stand(item, warp, group, lane);
    float sum[2 * kParts][4] = {};
    int slot = 0;
    for (int position = item.from; position < item.to; position += kStep) {
      const unsigned char* const keys = ring + slot * S::kHalf;
      const unsigned char* const values = keys + S::kHalf;
      slot = slot + 2 == kRing ? 0 : slot + 2;
      copy_wait<kRing - 2>();
      __syncthreads();
      copy_next();

      float score[kColumns][4] = {};
#pragma unroll kUnrolled
      for (int part = 0; part < kParts; part++) {
        uint32_t query[4];
        load_matrices(query, queries + Form<kDim, TENON_BF16>::offset(warp * 16 + lane % 16, part * 2 + lane / 16));
        using Column = KeyColumn<kDim, kType>;
#pragma unroll
        for (int n = 0; n < kColumns; n += Column::kProducts) {
          Column column;
          column.load(keys, n * 8, part, lane);
#pragma unroll
          for (int i = 0; i < Column::kProducts; i++) mma_bf16(score[n + i], query, column.first(i), column.second(i));
        }
      }
      stand.mask(score, position, t);
      float factor[2];
      stand.weigh(score, scale, factor);
      rescale(sum, factor);
      uint32_t chance[kColumns][2];  // rows g and g + 8, columns 2t and 2t + 1
#pragma unroll
      for (int half = 0; half < 2; half++) {
#pragma unroll
        for (int n = 0; n < kColumns; n++) chance[n][half] = pack_bf16(score[n][2 * half], score[n][2 * half + 1]);
      }
      copy_wait<kRing - 2>();
      __syncthreads();
      copy_next();

      using Block = ValueBlock<kDim, kType>;
#pragma unroll
      for (int step = 0; step < kStep / 16; step += Block::kSteps) {
#pragma unroll
        for (int n = 0; n < kParts; n++) {
          Block block;
          block.load(values, step * 16, n, lane);
#pragma unroll
          for (int i = 0; i < Block::kSteps; i++) {
            const int c = (step + i) * 2;
            const uint32_t a[4] = {chance[c][0], chance[c][1], chance[c + 1][0], chance[c + 1][1]};
            mma_bf16(sum[2 * n], a, block.operand(i, 0, 0), block.operand(i, 0, 1));
            mma_bf16(sum[2 * n + 1], a, block.operand(i, 1, 0), block.operand(i, 1, 1));
          }
        }
      }
    }
    copy_wait<0>();

    finish_tile<kDim, kType>(p, d, space, item, output, stand, sum, splits_wanted, words + 17);
    __syncthreads();
  }
}

}  // namespace tenon::attention
#endif
