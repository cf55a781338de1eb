// Attention of sequences with few rows: a stream of keys and values past the queries.
//
// A block stays on its multiprocessor and takes every gridDim-th item. Keys and values of 64 positions alternate in a ring
// of shared memory whose copies run ahead over the borders of items:
//
//   ring:    K0 V0 K1 V1 K2 V2 …                 scores: each warp has 64 / warps of the positions, all dims
//            │  │                                values: each warp has dim / warps of the dims, all positions
//   a step:  scores → maxima → [barrier] → probabilities → [barrier] → values
//
// The (row, head) pairs of a kv head, 16 to a tensor-core tile, are operand A. An item's queries are fetched while the item
// before it is computed.
#ifndef TENON_ATTENTION_DECODE_CUH
#define TENON_ATTENTION_DECODE_CUH

#include "finish.cuh"
#include "pages.cuh"

namespace tenon::attention {

template <int kDim>
constexpr int kDecodeThreads = kDim >= 128 ? 256 : 128;

// An item of the table.
struct DecodeItem {
  int sequence, kv_head, block, split, splits, from, to;
  int first_pair, pairs;  // counted from the sequence's first row
  Span span;
  __device__ DecodeItem(const Table& table, const Division& d, int item, int group, int kv_heads) {
    sequence = table.sequence_of(item);
    span = table.span[sequence];
    const int blocks = divide_up(span.active * group, kPairs);
    int rest = item - table.first_item[sequence];
    block = rest % blocks;
    rest /= blocks;
    kv_head = rest % kv_heads;
    split = rest / kv_heads;
    const int size = split_size(span.length, d.most_splits, table.coarser);
    splits = divide_up(span.length, size);
    from = split * size;
    to = min(span.length, from + size);
    first_pair = block * kPairs;
    pairs = min(kPairs, span.active * group - first_pair);
  }
};

// The copies of all items of a block, one half step (keys or values of 64 positions) at a time.
template <int kDim, int kType, int kRing>
class DecodeStream {
  static constexpr int kHalf = kKeys * Form<kDim, kType>::kRowBytes;
  const tenon_attention& p_;
  const Table& table_;
  const Division& d_;
  unsigned char* ring_;
  Copier<Form<kDim, kType>, kKeys, kDecodeThreads<kDim>> copier_;
  int item_, position_ = 0, to_ = 0, slot_ = 0;
  bool values_ = false;

  __device__ void begin() {
    if (item_ >= table_.items) return;
    const DecodeItem item(table_, d_, item_, static_cast<int>(p_.heads / p_.kv_heads), static_cast<int>(p_.kv_heads));
    position_ = item.from;
    to_ = item.to;
    copier_.begin(p_, item.span.slot, item.kv_head, item.span.length, position_);
  }

 public:
  __device__ DecodeStream(const tenon_attention& p, const Table& table, const Division& d, unsigned char* ring)
      : p_(p), table_(table), d_(d), ring_(ring), item_(blockIdx.x) {
    begin();
  }
  __device__ void next() {
    if (item_ < table_.items) {
      copier_.copy(p_, values_ ? p_.value_pages : p_.key_pages, ring_ + slot_ * kHalf);
      if (values_) {
        position_ += kKeys;
        if (position_ < to_) {
          copier_.move(p_, position_);
        } else {
          item_ += gridDim.x;
          begin();
        }
      }
      values_ = !values_;
      slot_ = slot_ + 1 == kRing ? 0 : slot_ + 1;
    }
    copy_commit();
  }
};

// The queries of an item on their way from memory through registers into shared memory: pieces of 16 dims.
template <int kDim, int kType>
struct DecodeQueries {
  static constexpr int kParts = kDim / 16;
  static constexpr int kEach = kPairs * kParts / kDecodeThreads<kDim>;
  uint4 low[kEach], high[kEach];
  __device__ void fetch(const tenon_attention& p, const DecodeItem& item, int group) {
#pragma unroll
    for (int i = 0; i < kEach; i++) {
      const int piece = i * kDecodeThreads<kDim> + threadIdx.x, pair = piece / kParts, part = piece % kParts;
      low[i] = high[i] = {0, 0, 0, 0};
      if (pair < item.pairs) {
        const uint4* const from = queries_of(p, item.span.first_row, item.kv_head, group, item.first_pair + pair, kDim, part);
        low[i] = from[0];
        high[i] = from[1];
      }
    }
  }
  __device__ void store(unsigned char* to) const {
#pragma unroll
    for (int i = 0; i < kEach; i++) {
      const int piece = i * kDecodeThreads<kDim> + threadIdx.x;
      store_queries<kDim, kType>(to, piece / kParts, piece % kParts, low[i], high[i]);
    }
  }
};

// Shared memory of a block: ring, queries, probabilities, maxima and sums of the warps, the table.
template <int kDim, int kType>
struct DecodeShared {
  static constexpr int kWarps = kDecodeThreads<kDim> / 32;
  static constexpr int kHalf = kKeys * Form<kDim, kType>::kRowBytes;
  static constexpr int kQueries = kPairs * kDim * 2;
  static constexpr int kProbabilities = kPairs * kKeys * 2;
  static constexpr int kStats = kWarps * kPairs * 4;
  static int64_t bytes(int ring, int64_t max_sequences) {
    return ring * kHalf + kQueries + kProbabilities + 2 * kStats + 128 + table_bytes(max_sequences);
  }
};

template <int kDim, int kType, int kRing>
__global__ void __launch_bounds__(kDecodeThreads<kDim>, 1) decode(tenon_attention p, Division d, Space space) {
  using S = DecodeShared<kDim, kType>;
  constexpr int kThreads = kDecodeThreads<kDim>, kWarps = kThreads / 32;
  constexpr int kOwnKeys = kKeys / kWarps / 8;     // groups of 8 positions of a warp
  constexpr int kOwnDims = kDim / kWarps / 16;     // groups of 16 dims of a warp
  constexpr int kTiles = kPairs / 16;
  constexpr int kParts = kDim / 16;

  TENON_DYNAMIC_SHARED(unsigned char, ring);
  unsigned char* const queries = ring + kRing * S::kHalf;
  unsigned char* const probabilities = queries + S::kQueries;
  float* const maxima = reinterpret_cast<float*>(probabilities + S::kProbabilities);  // [warp][pair]
  float* const sums = maxima + kWarps * kPairs;
  int* const words = reinterpret_cast<int*>(sums + kWarps * kPairs);
  Table table;
  table.place(reinterpret_cast<unsigned char*>(words + 32), static_cast<int>(p.rows.max_sequences));

  const int lane = threadIdx.x % 32, warp = threadIdx.x / 32, g = lane / 4, t = lane % 4;
  const int group = static_cast<int>(p.heads / p.kv_heads);
  const float scale = static_cast<float>(p.scale) * kLog2E;

  wait_for_predecessor();
  release_successor();
  plan_decodes<kThreads>(p.rows, d, group, static_cast<int>(p.kv_heads), reinterpret_cast<Two*>(words), table);

  if (blockIdx.x < table.items) {
    DecodeStream<kDim, kType, kRing> stream(p, table, d, ring);
    for (int i = 0; i < kRing - 1; i++) stream.next();
    int slot = 0;
    DecodeQueries<kDim, kType> fetched;
    fetched.fetch(p, DecodeItem(table, d, blockIdx.x, group, static_cast<int>(p.kv_heads)), group);

    for (int at = blockIdx.x; at < table.items; at += gridDim.x) {
      const DecodeItem item(table, d, at, group, static_cast<int>(p.kv_heads));
      const Output output = {&p, item.span.first_row, item.kv_head, group, item.first_pair, item.pairs};
      const int tiles = divide_up(item.pairs, 16);

      // the last reader of the queries before was ahead of a barrier of its item's last step
      fetched.store(queries);
      if (at + gridDim.x < table.items) {
        fetched.fetch(p, DecodeItem(table, d, at + gridDim.x, group, static_cast<int>(p.kv_heads)), group);
      }
      int last[kTiles][2];  // position that the row of the pair stands at; lane (g, t) holds pairs g and g + 8 of each tile
#pragma unroll
      for (int tile = 0; tile < kTiles; tile++) {
#pragma unroll
        for (int half = 0; half < 2; half++) {
          const int pair = tile * 16 + half * 8 + g;
          last[tile][half] = pair < item.pairs ? item.span.length - item.span.active + (item.first_pair + pair) / group : -1;
        }
      }

      float sum[kTiles][2 * kOwnDims][4] = {};
      float greatest[kTiles][2], weight[kTiles][2];
#pragma unroll
      for (int tile = 0; tile < kTiles; tile++) {
        greatest[tile][0] = greatest[tile][1] = -INFINITY;
        weight[tile][0] = weight[tile][1] = 0;
      }

      for (int position = item.from; position < item.to; position += kKeys) {
        const unsigned char* const keys = ring + slot * S::kHalf;
        const unsigned char* const values = keys + S::kHalf;
        slot = slot + 2 == kRing ? 0 : slot + 2;
        copy_wait<kRing - 2>();
        __syncthreads();
        stream.next();

        float score[kTiles][kOwnKeys][4];
#pragma unroll
        for (int n = 0; n < kOwnKeys; n++) {
          const int own = (warp * kOwnKeys + n) * 8;
          float even[kTiles][4] = {}, odd[kTiles][4] = {};
          using Line = KeyLine<kDim, kType>;
#pragma unroll
          for (int part = 0; part < kParts; part += Line::kProducts) {
            Line line;
            line.load(keys, own, part / Line::kProducts, lane);
#pragma unroll
            for (int i = 0; i < Line::kProducts; i++) {
              const uint32_t first = line.first(i), second = line.second(i);
#pragma unroll
              for (int tile = 0; tile < kTiles; tile++) {
                if (tile < tiles) {
                  uint32_t query[4];
                  load_matrices(query, queries + Form<kDim, TENON_BF16>::offset(tile * 16 + lane % 16, (part + i) * 2 + lane / 16));
                  mma_bf16(i % 2 ? odd[tile] : even[tile], query, first, second);
                }
              }
            }
          }
#pragma unroll
          for (int tile = 0; tile < kTiles; tile++) {
#pragma unroll
            for (int c = 0; c < 4; c++) {
              const int key = position + own + 2 * t + c % 2;
              score[tile][n][c] = key <= last[tile][c / 2] ? (even[tile][c] + odd[tile][c]) * scale : -INFINITY;
            }
          }
        }
#pragma unroll
        for (int tile = 0; tile < kTiles; tile++) {
#pragma unroll
          for (int half = 0; half < 2; half++) {
            float most = -INFINITY;
#pragma unroll
            for (int n = 0; n < kOwnKeys; n++) most = fmaxf(most, fmaxf(score[tile][n][2 * half], score[tile][n][2 * half + 1]));
            most = fmaxf(most, __shfl_xor_sync(0xffffffffu, most, 1));
            most = fmaxf(most, __shfl_xor_sync(0xffffffffu, most, 2));
            if (t == 0) maxima[warp * kPairs + tile * 16 + half * 8 + g] = most;
          }
        }
        __syncthreads();
        stream.next();

#pragma unroll
        for (int tile = 0; tile < kTiles; tile++) {
          if (tile < tiles) {
#pragma unroll
            for (int half = 0; half < 2; half++) {
              const int pair = tile * 16 + half * 8 + g;
              float most = greatest[tile][half];
#pragma unroll
              for (int w = 0; w < kWarps; w++) most = fmaxf(most, maxima[w * kPairs + pair]);
              const float reference = most == -INFINITY ? 0.0f : most;
              const float factor = power_of_two(greatest[tile][half] - reference);
              greatest[tile][half] = most;
              weight[tile][half] *= factor;
#pragma unroll
              for (int n = 0; n < 2 * kOwnDims; n++) {
                sum[tile][n][2 * half] *= factor;
                sum[tile][n][2 * half + 1] *= factor;
              }
#pragma unroll
              for (int n = 0; n < kOwnKeys; n++) {
                const float low = power_of_two(score[tile][n][2 * half] - reference);
                const float high = power_of_two(score[tile][n][2 * half + 1] - reference);
                weight[tile][half] += low + high;
                const int chunk = warp * kOwnKeys + n;
                *reinterpret_cast<uint32_t*>(probabilities + pair * kKeys * 2 + (chunk ^ (pair & 7)) * 16 + t * 4) =
                    pack_bf16(low, high);
              }
            }
          }
        }
        copy_wait<kRing - 1>();
        __syncthreads();

        using Block = ValueBlock<kDim, kType>;
#pragma unroll
        for (int step = 0; step < kKeys / 16; step += Block::kSteps) {
          uint32_t chance[kTiles][Block::kSteps][4];
#pragma unroll
          for (int tile = 0; tile < kTiles; tile++) {
            if (tile < tiles) {
#pragma unroll
              for (int i = 0; i < Block::kSteps; i++) {
                const int pair = tile * 16 + lane % 16, chunk = (step + i) * 2 + lane / 16;
                load_matrices(chance[tile][i], probabilities + pair * kKeys * 2 + (chunk ^ (pair & 7)) * 16);
              }
            }
          }
#pragma unroll
          for (int n = 0; n < kOwnDims; n++) {
            Block block;
            block.load(values, step * 16, warp * kOwnDims + n, lane);
#pragma unroll
            for (int i = 0; i < Block::kSteps; i++) {
#pragma unroll
              for (int column = 0; column < 2; column++) {
                const uint32_t first = block.operand(i, column, 0), second = block.operand(i, column, 1);
                mma_bf16(sum[0][2 * n + column], chance[0][i], first, second);
                if (tiles > 1) mma_bf16(sum[1][2 * n + column], chance[1][i], first, second);
              }
            }
          }
        }
      }

      // the warps' sums of exponentials, added up in their order
#pragma unroll
      for (int tile = 0; tile < kTiles; tile++) {
#pragma unroll
        for (int half = 0; half < 2; half++) {
          float own = weight[tile][half];
          own += __shfl_xor_sync(0xffffffffu, own, 1);
          own += __shfl_xor_sync(0xffffffffu, own, 2);
          if (t == 0) sums[warp * kPairs + tile * 16 + half * 8 + g] = own;
        }
      }
      __syncthreads();

      Partials partials;
      partials.splits = item.splits;
      partials.sums = reinterpret_cast<float*>(p.workspace + space.decode_sums);
      partials.stats = reinterpret_cast<float2*>(p.workspace + space.decode_stats);
      partials.merged = partials.stats + d.partial_rows * p.heads;
      partials.step = int64_t(item.span.active) * p.heads;
      partials.first = int64_t(table.first_partial[item.sequence]) * p.heads +
                       int64_t(item.kv_head) * item.span.active * group + output.first_pair;
      const int blocks = divide_up(item.span.active * group, kPairs);
      partials.counters = reinterpret_cast<int*>(p.counters) + 1 + table.first_item[item.sequence] +
                          (item.kv_head * blocks + item.block) * item.splits;
      const int64_t place = partials.first + item.split * partials.step;
#pragma unroll
      for (int tile = 0; tile < kTiles; tile++) {
#pragma unroll
        for (int half = 0; half < 2; half++) {
          const int pair = tile * 16 + half * 8 + g;
          if (pair < output.pairs) {
            float all = 0;
#pragma unroll
            for (int w = 0; w < kWarps; w++) all += sums[w * kPairs + pair];
            if (item.splits > 1 && warp == 0 && t == 0) partials.stats[place + pair] = {greatest[tile][half], all};
            const float inverse = 1.0f / all;
#pragma unroll
            for (int n = 0; n < kOwnDims; n++) {
#pragma unroll
              for (int j = 0; j < 2; j++) {
                const int dim = (warp * kOwnDims + n) * 16 + pair_dim<kType>(j, t);
                float2 value = pair_of<kType>(sum[tile][2 * n], sum[tile][2 * n + 1], half, j);
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
      }
      if (item.splits > 1) arrive<kDim, kThreads>(partials, output, item.split, words);
    }
    copy_wait<0>();
  }

  // inactive rows give zeros
  const int rows = min(reinterpret_cast<const int*>(p.rows.counts)[0], static_cast<int>(p.rows.max_rows));
  const int width = static_cast<int>(p.heads) * kDim;
  for (int row = blockIdx.x * kWarps + warp; row < rows; row += gridDim.x * kWarps) {
    if (reinterpret_cast<const int*>(p.rows.slots)[row] >= 0) continue;
    uint4* const to = reinterpret_cast<uint4*>(reinterpret_cast<__nv_bfloat16*>(p.out) + int64_t(row) * width);
    for (int i = lane; i < width / 8; i += 32) to[i] = {0, 0, 0, 0};
  }
}

}  // namespace tenon::attention
#endif
