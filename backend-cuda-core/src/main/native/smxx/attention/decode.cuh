// Attention of sequences with few rows: a stream of keys and values past the queries.
//
// Two blocks of four warps stay on a multiprocessor and take every gridDim-th item. Within an item the warps go their own
// ways, without barriers: warp w takes units w, w + 4, … of 16 positions (32 of E4M3), through a ring of its own whose
// copies run ahead over the borders of items. At the end of the item the four warps' sums are added up.
//
//   ring of a warp:   K0 V0 K4 V4 …     one half (keys or values of a unit) is consumed, the others are on their way
//
// Products are transposed, with 8 (row, head) pairs as their columns: scores = keys · queries, sums = values · weights.
// So one row of 8 heads fills the tensor cores and its sums take 64 registers; two such tiles take 128.
#ifndef TENON_ATTENTION_DECODE_CUH
#define TENON_ATTENTION_DECODE_CUH

#include "decode_item.cuh"
#include "pages.cuh"
#include "transposed.cuh"

namespace tenon::attention {

constexpr int kDecodeWarps = 4;
constexpr int kDecodeThreads = kDecodeWarps * 32;
constexpr int kDecodeBlocks = 2;  // of a multiprocessor

// How many of an item's units are a warp's.
__device__ __forceinline__ int own_units(int units, int warp) { return (units + kDecodeWarps - 1 - warp) / kDecodeWarps; }

// A warp's copies for all its items, one half unit (keys or values) at a time. Pages are asked for an item ahead.
template <int kDim, int kType, int kRing>
class DecodeStream {
  using F = Form<kDim, kType>;
  using U = Unit<kDim, kType>;
  static constexpr int kParts = U::kPositions / kPageUnit;  // of a unit that may lie in different pages
  static constexpr int kBatch = 32 / kParts;                // units whose pages the lanes hold
  const tenon_attention& p_;
  const Table& table_;
  const Division& d_;
  unsigned char* ring_;
  int item_, unit_ = 0, units_ = 0;
  int row_ = 0, real_ = 0;  // a lane's part of a unit: its first position as a row of all pages, how many there are
  int next_item_, next_units_ = 0, next_page_ = -1, next_place_ = 0;  // place: 32 · row within the page + positions
  int slot_ = 0;
  bool values_ = false;

  // Asks for the pages of an item's units from `first` on.
  __device__ __forceinline__ void ask(const DecodeItem& item, int first) {
    const int lane = threadIdx.x % 32, warp = threadIdx.x / 32, page_size = static_cast<int>(p_.page_size);
    const int unit = (first + lane / kParts) * kDecodeWarps + warp;
    const int position = item.from + unit * U::kPositions + lane % kParts * kPageUnit;
    const int entry = position / page_size;
    const bool real = position < item.to && entry < p_.table_width;
    next_page_ = real ? reinterpret_cast<const int*>(p_.page_tables)[int64_t(item.span.slot) * p_.table_width + entry] : -1;
    next_place_ = (item.kv_head * page_size + position - entry * page_size) * 32 + max(0, min(kPageUnit, item.span.length - position));
  }
  __device__ __forceinline__ void answer() {
    const int rows = static_cast<int>(p_.kv_heads * p_.page_size);
    row_ = next_page_ >= 0 ? next_page_ * rows + next_place_ / 32 : 0;
    real_ = next_page_ >= 0 ? next_place_ % 32 : 0;
  }
  // Finds the next item that the warp has a part of.
  __device__ void look() {
    for (next_units_ = 0; next_units_ == 0 && next_item_ < table_.items; next_item_ += gridDim.x) {
      const DecodeItem item = this->item(next_item_);
      next_units_ = own_units(item.units(U::kPositions), threadIdx.x / 32);
      if (next_units_ == 0) continue;
      ask(item, 0);
    }
  }
  __device__ __forceinline__ DecodeItem item(int at) const {
    return DecodeItem(table_, d_, at, static_cast<int>(p_.heads / p_.kv_heads), static_cast<int>(p_.kv_heads));
  }
  __device__ void turn() {
    answer();
    item_ = next_item_ - static_cast<int>(gridDim.x);
    units_ = next_units_;
    unit_ = 0;
    look();
  }

 public:
  __device__ DecodeStream(const tenon_attention& p, const Table& table, const Division& d, unsigned char* ring)
      : p_(p), table_(table), d_(d), ring_(ring), item_(0), next_item_(blockIdx.x) {
    look();
    turn();
  }
  // Starts copies of the next half into the slot that was consumed last.
  __device__ __forceinline__ void next() {
    if (unit_ < units_) {
      const int lane = threadIdx.x % 32;
      unsigned char* const to = ring_ + slot_ * U::kHalf;
      const unsigned char* const pages = reinterpret_cast<const unsigned char*>(values_ ? p_.value_pages : p_.key_pages);
#pragma unroll
      for (int part = 0; part < kParts; part++) {
        const int holder = unit_ % kBatch * kParts + part;
        const int row = __shfl_sync(0xffffffffu, row_, holder), real = __shfl_sync(0xffffffffu, real_, holder);
        const unsigned char* const from = pages + int64_t(row) * F::kRowBytes + lane * 16;
#pragma unroll
        for (int i = 0; i < kPageUnit * F::kChunks / 32; i++) {
          const int at = i * 32 + lane, position = at / F::kChunks;
          copy_async16(to + F::offset(part * kPageUnit + position, at % F::kChunks), from + i * 512, position < real);
        }
      }
      if (values_) {
        unit_++;
        if (unit_ == units_) {
          turn();
        } else if (unit_ % kBatch == 0) {
          const int page = next_page_, place = next_place_;  // of the item after
          ask(item(item_), unit_);
          answer();
          next_page_ = page;
          next_place_ = place;
        }
      }
      values_ = !values_;
      slot_ = slot_ + 1 == kRing ? 0 : slot_ + 1;
    }
    copy_commit();
  }
};

// Shared memory of a block: rings, queries of two tiles, stats of the warps, the table.
template <int kDim, int kType, int kRing>
struct DecodeShared {
  static constexpr int kOwnRing = kRing * Unit<kDim, kType>::kHalf;
  static constexpr int kRings = kDecodeWarps * kOwnRing;
  static constexpr int kQueries = kPairs * kDim * 2;
  static constexpr int kStats = kDecodeWarps * kPairs * sizeof(float2);
  static int64_t bytes(int64_t max_sequences) { return kRings + kQueries + kStats + 128 + table_bytes(max_sequences); }
};

// What a block knows beside the item.
template <int kDim, int kType, int kRing>
struct DecodeBlock {
  const tenon_attention& p;
  const Division& d;
  const Space& space;
  const Table& table;
  unsigned char* rings;
  uint4* queries;  // [tile][two parts][lane]
  float2* stats;  // [warp][pair]: greatest score, times log2 e, and the sum of the exponentials
  int* words;     // 0 a flag, 4 … 7 where the warps' sums lie

  // Operand B of two parts of 16 dims of a query.
  __device__ __forceinline__ uint4 fetch_query(const DecodeItem& item, int group, int tile, int two) const {
    const int g = threadIdx.x % 32 / 4, t = threadIdx.x % 4, pair = tile * kColumns + g;
    if (pair >= item.pairs) return {0, 0, 0, 0};
    const unsigned char* const from =
        reinterpret_cast<const unsigned char*>(queries_of(p, item.span.first_row, item.kv_head, group, item.first_pair + pair, kDim, 2 * two));
    uint4 words;
    if (kType == TENON_E4M3) {
      const uint2 low = *reinterpret_cast<const uint2*>(from + t * 8), high = *reinterpret_cast<const uint2*>(from + 32 + t * 8);
      arrange(low.x, low.y, words.x, words.y);
      arrange(high.x, high.y, words.z, words.w);
    } else {
      words.x = *reinterpret_cast<const uint32_t*>(from + t * 4);
      words.y = *reinterpret_cast<const uint32_t*>(from + 16 + t * 4);
      words.z = *reinterpret_cast<const uint32_t*>(from + 32 + t * 4);
      words.w = *reinterpret_cast<const uint32_t*>(from + 48 + t * 4);
    }
    return words;
  }

  // Adds up the warps' sums of a tile and stores what they amount to. Between two barriers of the block.
  __device__ __forceinline__ void merge(const DecodeItem& item, const Output& output, const Partials& partials, int tile) const {
    const int lane = threadIdx.x % 32, warp = threadIdx.x / 32, g = lane / 4, t = lane % 4;
    const int joined = min(kDecodeWarps, item.units(Unit<kDim, kType>::kPositions));
    const int first = tile * kColumns + 2 * t;
    const int64_t place = partials.first + item.split * partials.step;
    float factor[kDecodeWarps][2], inverse[2];
#pragma unroll
    for (int j = 0; j < 2; j++) {
      float greatest = -INFINITY, all = 0;
#pragma unroll
      for (int w = 0; w < kDecodeWarps; w++) greatest = fmaxf(greatest, stats[w * kPairs + first + j].x);
      const float reference = greatest == -INFINITY ? 0.0f : greatest;
#pragma unroll
      for (int w = 0; w < kDecodeWarps; w++) {
        factor[w][j] = power_of_two(stats[w * kPairs + first + j].x - reference);
        all += factor[w][j] * stats[w * kPairs + first + j].y;
      }
      inverse[j] = item.splits > 1 ? 1.0f : 1.0f / all;
      if (item.splits > 1 && warp == 0 && g == 0 && first + j < item.pairs) partials.stats[place + first + j] = {greatest, all};
    }
    constexpr int kEach = kDim / 16 / kDecodeWarps;
    const int within = ValueColumns<kDim, kType>::dim_of(lane);
    float2 gate[kEach][2];
#pragma unroll
    for (int i = 0; i < kEach; i++) {
#pragma unroll
      for (int j = 0; j < 2; j++) {
        gate[i][j] = {0, 0};
        if (item.splits == 1 && first + j < item.pairs) gate[i][j] = output.gate(first + j, (i * kDecodeWarps + warp) * 16 + within);
      }
    }
#pragma unroll
    for (int i = 0; i < kEach; i++) {
      const int n = i * kDecodeWarps + warp;
      float4 sum = {0, 0, 0, 0};
#pragma unroll
      for (int w = 0; w < kDecodeWarps; w++) {
        if (w < joined) {
          const float4 part = *reinterpret_cast<const float4*>(rings + words[4 + w] + (n * 32 + lane) * 16);
          sum.x += factor[w][0] * part.x;
          sum.y += factor[w][1] * part.y;
          sum.z += factor[w][0] * part.z;
          sum.w += factor[w][1] * part.w;
        }
      }
      float2 value[2];
      ValueColumns<kDim, kType>::pairs_of(sum, lane, value);
      const int dim = n * 16 + within;
#pragma unroll
      for (int j = 0; j < 2; j++) {
        if (first + j < item.pairs) {
          if (item.splits > 1) {
            *reinterpret_cast<float2*>(partials.sums + (place + first + j) * kDim + dim) = value[j];
          } else {
            output.put(first + j, dim, {value[j].x * inverse[j], value[j].y * inverse[j]}, gate[i][j]);
          }
        }
      }
    }
  }

  // An item of up to kTiles · 8 pairs; `slot` is the warp's place in its ring.
  template <int kTiles>
  __device__ __forceinline__ void attend(const DecodeItem& item, DecodeStream<kDim, kType, kRing>& stream, int& slot) const {
    using U = Unit<kDim, kType>;
    constexpr int kParts = kDim / 16;
    constexpr int kSubs = U::kPositions / 16;
    [[maybe_unused]] constexpr int kUnrolled = kTiles == 2 && kSubs == 2 ? 1 : kParts / 2;  // registers are short
    constexpr int kChains = kSubs * kTiles >= 4 ? 1 : 4 / (kSubs * kTiles);  // sums of products that don't wait for each other
    const int lane = threadIdx.x % 32, warp = threadIdx.x / 32, g = lane / 4, t = lane % 4;
    const int group = static_cast<int>(p.heads / p.kv_heads);
    const float scale = static_cast<float>(p.scale) * kLog2E;
    unsigned char* const ring = rings + warp * DecodeShared<kDim, kType, kRing>::kOwnRing;

    // one tile's queries stay in registers; two tiles' stay in shared memory, which no warp reads since the item before
    [[maybe_unused]] uint4 query[kTiles == 1 ? kParts / 2 : 1];
    if constexpr (kTiles == 1) {
#pragma unroll
      for (int two = 0; two < kParts / 2; two++) query[two] = fetch_query(item, group, 0, two);
    } else {
#pragma unroll
      for (int i = warp; i < kTiles * kParts / 2; i += kDecodeWarps) {
        queries[i * 32 + lane] = fetch_query(item, group, i / (kParts / 2), i % (kParts / 2));
      }
      __syncthreads();
    }
    // lane (g, t) holds pairs 2t and 2t + 1 of each tile; which rows of the sequence they are of, a byte each
    uint32_t rows = 0;
    const int first_position = item.span.length - item.span.active;
    float sum[kTiles][kParts][4] = {};
    float greatest[kTiles][2], weight[kTiles][2];
#pragma unroll
    for (int tile = 0; tile < kTiles; tile++) {
#pragma unroll
      for (int j = 0; j < 2; j++) {
        const int pair = tile * kColumns + 2 * t + j;
        if (pair < item.pairs) rows |= static_cast<uint32_t>((item.first_pair + pair) / group) << (tile * 2 + j) * 8;
        greatest[tile][j] = -INFINITY;
        weight[tile][j] = 0;
      }
    }

    const int units = item.units(U::kPositions), own = own_units(units, warp);
    int values_at = 0;
    for (int unit = 0; unit < own; unit++) {
      if (unit > 0) {
        __syncwarp();  // all lanes have read the values before
        stream.next();
      }
      copy_wait<kRing - 1>();
      __syncwarp();
      const unsigned char* const keys = ring + slot * U::kHalf;
      slot = slot + 1 == kRing ? 0 : slot + 1;
      values_at = slot * U::kHalf;
      const unsigned char* const values = ring + values_at;
      slot = slot + 1 == kRing ? 0 : slot + 1;

      float chain[kChains][kSubs][kTiles][4] = {};
      const KeyRows<kDim, kType> line(lane);
      constexpr int kKeyProducts = KeyRows<kDim, kType>::kProducts;
#pragma unroll kUnrolled
      for (int two = 0; two < kParts / 2; two++) {
        uint4 words[kTiles];
#pragma unroll
        for (int tile = 0; tile < kTiles; tile++) {
          if constexpr (kTiles == 1) words[tile] = query[two];
          else words[tile] = queries[(tile * (kParts / 2) + two) * 32 + lane];
        }
#pragma unroll
        for (int sub = 0; sub < kSubs; sub++) {
#pragma unroll
          for (int load = 0; load < 2 / kKeyProducts; load++) {
            uint32_t word[4];
            line.load(word, keys, sub, two * (2 / kKeyProducts) + load);
#pragma unroll
            for (int i = 0; i < kKeyProducts; i++) {
              const int odd = load + i;  // one of both is always 0
              uint32_t a[4];
              line.operand(word, i, a);
#pragma unroll
              for (int tile = 0; tile < kTiles; tile++) {
                mma_bf16(chain[(2 * two + odd) % kChains][sub][tile], a, odd ? words[tile].z : words[tile].x,
                         odd ? words[tile].w : words[tile].y);
              }
            }
          }
        }
      }
      __syncwarp();
      stream.next();

      const int position = item.from + (unit * kDecodeWarps + warp) * U::kPositions + g;
      uint32_t chance[kSubs][kTiles][2];
      bool changed = false;
      float factor[kTiles][2];
#pragma unroll
      for (int tile = 0; tile < kTiles; tile++) {
        int last[2];
        last[0] = first_position + static_cast<int>(rows >> tile * 16 & 255);
        last[1] = first_position + static_cast<int>(rows >> (tile * 16 + 8) & 255);
        float score[kSubs][4];
#pragma unroll
        for (int sub = 0; sub < kSubs; sub++) {
#pragma unroll
          for (int c = 0; c < 4; c++) {
            float all = chain[0][sub][tile][c];
#pragma unroll
            for (int i = 1; i < kChains; i++) all += chain[i][sub][tile][c];
            score[sub][c] = position + sub * 16 + c / 2 * 8 <= last[c % 2] ? all * scale : -INFINITY;
          }
        }
#pragma unroll
        for (int j = 0; j < 2; j++) {
          float most = -INFINITY;
#pragma unroll
          for (int sub = 0; sub < kSubs; sub++) most = fmaxf(most, fmaxf(score[sub][j], score[sub][j + 2]));
#pragma unroll
          for (int step = 4; step < 32; step *= 2) most = fmaxf(most, __shfl_xor_sync(0xffffffffu, most, step));
          most = fmaxf(most, greatest[tile][j]);
          const float reference = most == -INFINITY ? 0.0f : most;
          factor[tile][j] = power_of_two(greatest[tile][j] - reference);
          changed = changed || factor[tile][j] != 1.0f;
          greatest[tile][j] = most;
          weight[tile][j] *= factor[tile][j];
#pragma unroll
          for (int sub = 0; sub < kSubs; sub++) {
            score[sub][j] = power_of_two(score[sub][j] - reference);
            score[sub][j + 2] = power_of_two(score[sub][j + 2] - reference);
            weight[tile][j] += score[sub][j] + score[sub][j + 2];
          }
        }
#pragma unroll
        for (int sub = 0; sub < kSubs; sub++) {
          chance[sub][tile][0] = turned(pack_bf16(score[sub][0], score[sub][1]));
          chance[sub][tile][1] = turned(pack_bf16(score[sub][2], score[sub][3]));
        }
      }
      if (__any_sync(0xffffffffu, changed)) {
#pragma unroll
        for (int tile = 0; tile < kTiles; tile++) {
#pragma unroll
          for (int n = 0; n < kParts; n++) {
#pragma unroll
            for (int c = 0; c < 4; c++) sum[tile][n][c] *= factor[tile][c % 2];
          }
        }
      }
      copy_wait<kRing - 1>();
      __syncwarp();

      const ValueColumns<kDim, kType> column(lane);
      constexpr int kValueProducts = ValueColumns<kDim, kType>::kProducts;
#pragma unroll
      for (int sub = 0; sub < kSubs; sub++) {
#pragma unroll
        for (int n = 0; n < kParts; n += kValueProducts) {
          uint32_t word[4];
          column.load(word, values, sub, n / kValueProducts);
#pragma unroll
          for (int i = 0; i < kValueProducts; i++) {
            uint32_t a[4];
            column.operand(word, i, a);
#pragma unroll
            for (int tile = 0; tile < kTiles; tile++) mma_bf16(sum[tile][n + i], a, chance[sub][tile][0], chance[sub][tile][1]);
          }
        }
      }
    }

#pragma unroll
    for (int tile = 0; tile < kTiles; tile++) {
#pragma unroll
      for (int j = 0; j < 2; j++) {
        float all = weight[tile][j];
#pragma unroll
        for (int step = 4; step < 32; step *= 2) all += __shfl_xor_sync(0xffffffffu, all, step);
        if (g == 0) stats[warp * kPairs + tile * kColumns + 2 * t + j] = {greatest[tile][j], all};
      }
    }
    const Output output = {&p, item.span.first_row, item.kv_head, group, item.first_pair, item.pairs};
    const Partials partials = item.partials(p, d, space, table, group);
    if (lane == 0) words[4 + warp] = warp * DecodeShared<kDim, kType, kRing>::kOwnRing + values_at;
#pragma unroll
    for (int tile = 0; tile < kTiles; tile++) {
      if (own > 0) {
        // the values that were read last make room
        __syncwarp();
        float4* const to = reinterpret_cast<float4*>(ring + values_at) + lane;
#pragma unroll
        for (int n = 0; n < kParts; n++) to[n * 32] = {sum[tile][n][0], sum[tile][n][1], sum[tile][n][2], sum[tile][n][3]};
      }
      __syncthreads();
      merge(item, output, partials, tile);
      __syncthreads();
    }
    if (own > 0) stream.next();
    if (item.splits > 1) arrive<kDim>(BlockTeam<kDecodeThreads>(), partials, output, item.split, words);
  }
};

template <int kDim, int kType, int kRing>
__global__ void __launch_bounds__(kDecodeThreads, kDecodeBlocks) decode(tenon_attention p, Division d, Space space) {
  using S = DecodeShared<kDim, kType, kRing>;
  TENON_DYNAMIC_SHARED(unsigned char, rings);
  uint4* const queries = reinterpret_cast<uint4*>(rings + S::kRings);
  float2* const stats = reinterpret_cast<float2*>(rings + S::kRings + S::kQueries);
  int* const words = reinterpret_cast<int*>(rings + S::kRings + S::kQueries + S::kStats);
  Table table;
  table.place(reinterpret_cast<unsigned char*>(words + 32), static_cast<int>(p.rows.max_sequences));

  const int lane = threadIdx.x % 32, warp = threadIdx.x / 32;
  const int group = static_cast<int>(p.heads / p.kv_heads);

  wait_for_predecessor();
  release_successor();
  plan_decodes<kDecodeThreads>(p.rows, d, group, static_cast<int>(p.kv_heads), kPairs, reinterpret_cast<Two*>(words), table);

  if (blockIdx.x < table.items) {
    DecodeStream<kDim, kType, kRing> stream(p, table, d, rings + warp * S::kOwnRing);
    for (int i = 0; i < kRing; i++) stream.next();
    const DecodeBlock<kDim, kType, kRing> block = {p, d, space, table, rings, queries, stats, words};
    int slot = 0;
    for (int at = blockIdx.x; at < table.items; at += gridDim.x) {
      const DecodeItem item(table, d, at, group, static_cast<int>(p.kv_heads));
      if (item.pairs <= kColumns) block.template attend<1>(item, stream, slot);
      else block.template attend<2>(item, stream, slot);
    }
    copy_wait<0>();
  }

  // inactive rows give zeros
  const int rows = min(reinterpret_cast<const int*>(p.rows.counts)[0], static_cast<int>(p.rows.max_rows));
  const int width = static_cast<int>(p.heads) * kDim;
  for (int row = blockIdx.x * kDecodeWarps + warp; row < rows; row += gridDim.x * kDecodeWarps) {
    if (reinterpret_cast<const int*>(p.rows.slots)[row] >= 0) continue;
    uint4* const to = reinterpret_cast<uint4*>(reinterpret_cast<__nv_bfloat16*>(p.out) + int64_t(row) * width);
    for (int i = lane; i < width / 8; i += 32) to[i] = {0, 0, 0, 0};
  }
}

}  // namespace tenon::attention
#endif
