// Attention of sequences with few rows by the products of warpgroups (sm_90a), heads of 256, bf16.
//
// One block stays on a multiprocessor and takes every gridDim-th item. Four warps copy, for all items one after another; two
// warpgroups compute, each every second item, so that one is at work while the other begins or ends an item.
//
//   ring   K0 V0 K1 V1 … of an item, then of the next: halves of 64 positions, 32 KB each. A half is `full` once all copies
//          into it are done and `empty` once the four warps that computed with it are done.
//
// Products have 64 rows, of which an item has up to 48 (row, head) pairs: tensor cores have time to spare, and one read of
// keys and values serves six rows of 8 heads. Rows beyond the item's pairs see whatever lies there, and nothing is made of
// them. A pair's bits depend neither on its row nor on what the other rows hold.
#ifndef TENON_ATTENTION_DECODE_WARPGROUPS_CUH
#define TENON_ATTENTION_DECODE_WARPGROUPS_CUH

#include "../../device/block_barrier.cuh"
#include "../../device/shared_barrier.cuh"
#include "decode_item.cuh"
#include "prefill.cuh"
#include "warpgroup_steps.cuh"

namespace tenon::attention {

constexpr int kWarpgroupPairs = 48;  // (row, head) pairs of an item
constexpr int kCopyWarps = 4;
constexpr int kComputeThreads = 256;
constexpr int kWarpgroupDecodeThreads = kComputeThreads + kCopyWarps * 32;
constexpr int kComputeRegisters = 224, kCopyRegisters = 56;  // of a thread; 168 of each when the kernel begins
constexpr int kLongestRing = 3, kShortestRing = 2;  // halves; what waits in a longer one makes everything else wait

// Shared memory of a block, from a multiple of 1024 bytes on: queries of both warpgroups, what follows, the ring, the
// sequences of the table. Products read 64 rows of queries, from the end of the 48 into what lies behind.
struct WarpgroupDecodeShared {
  static constexpr int kQueries = Panels<kWarpgroupPairs>::kBytes;
  static constexpr int kHalf = Panels<kWarpgroupStep>::kBytes;
  uint64_t full[kLongestRing], empty[kLongestRing];
  uint64_t turn;  // a phase for each item of the block: ends when the warpgroup has taken all of it from the ring
  float2 stats[2][kWarpgroupPairs];
  int words[32];  // sums of warps while the table is made, then two flags
  Table table;    // here, since registers are short
  static constexpr int kOwn = 2048;
  static constexpr int kRing = 2 * kQueries + kOwn;
  static int64_t bytes(int ring, int64_t max_sequences) {
    return 1024 + kRing + int64_t(ring) * kHalf + table_bytes(max_sequences);
  }
  // The longest ring that there is room for; less than kShortestRing where none is long enough.
  static int longest_ring(int64_t room, int64_t max_sequences) {
    int ring = kLongestRing;
    while (ring >= kShortestRing && bytes(ring, max_sequences) > room) ring--;
    return ring;
  }
};
static_assert(sizeof(WarpgroupDecodeShared) <= WarpgroupDecodeShared::kOwn);

#if defined(TENON_EMULATED) || defined(__CUDA_ARCH_FEAT_SM90_ALL)

// A place in the ring, and the parity of the turn in which it is used.
struct RingPlace {
  int slot = 0;
  uint32_t parity = 0;
  __device__ __forceinline__ void advance(int halves, int ring) {
    for (slot += halves; slot >= ring; slot -= ring) parity ^= 1;
  }
};

// What all warps of a block know.
struct WarpgroupDecode {
  using S = WarpgroupDecodeShared;
  const tenon_attention& p;
  const Division& d;
  const Space& space;
  int ring_length;
  unsigned char* base;  // of the shared memory

  __device__ __forceinline__ S& shared() const { return *reinterpret_cast<S*>(base + 2 * S::kQueries); }
  __device__ __forceinline__ unsigned char* queries(int number) const { return base + number * S::kQueries; }
  __device__ __forceinline__ unsigned char* half(int slot) const { return base + S::kRing + slot * S::kHalf; }
  __device__ __forceinline__ int group() const { return static_cast<int>(p.heads / p.kv_heads); }
  __device__ __forceinline__ int items() const { return shared().table.items; }
  __device__ __forceinline__ DecodeItem item(int at) const {
    return DecodeItem(shared().table, d, at, group(), static_cast<int>(p.kv_heads));
  }
};

// The copies of all items of a block. A batch is 32 pieces of 16 positions, eight units of an item; a lane holds where its
// piece lies. Pages of a batch are asked for while the one before is copied.
class WarpgroupCopies {
  static constexpr int kPieces = kWarpgroupStep / kPageUnit;  // of a unit
  static constexpr int kBatch = 32 / kPieces;
  const WarpgroupDecode& b_;
  int at_, first_ = 0, units_ = 0;        // of the batch that is asked for: its item, its first unit, units to the item's end
  int page_ = -1, row_ = 0, count_ = 0;  // of the lane's piece: page, row within the page, positions

  __device__ __forceinline__ void ask() {
    units_ = 0;
    if (at_ >= b_.items()) return;
    const DecodeItem item = b_.item(at_);
    units_ = item.units(kWarpgroupStep) - first_;
    const int page_size = static_cast<int>(b_.p.page_size);
    const int position = item.from + first_ * kWarpgroupStep + threadIdx.x % 32 * kPageUnit;
    const int entry = position / page_size;
    const bool real = position < item.to && entry < b_.p.table_width;
    page_ = real ? reinterpret_cast<const int*>(b_.p.page_tables)[int64_t(item.span.slot) * b_.p.table_width + entry] : -1;
    row_ = item.kv_head * page_size + position - entry * page_size;
    count_ = max(0, min(kPageUnit, item.span.length - position));
  }

 public:
  __device__ explicit WarpgroupCopies(const WarpgroupDecode& block) : b_(block), at_(blockIdx.x) { ask(); }

  __device__ void run() {
    const int lane = threadIdx.x % 32, warp = threadIdx.x / 32 % kCopyWarps;
    const int rows_of_page = static_cast<int>(b_.p.kv_heads * b_.p.page_size);
    const int column = lane / 8 * Panels<kWarpgroupStep>::kPanelBytes + lane % 8 * 16;  // of row 0; a lane copies a chunk of each row
    RingPlace place;
    while (units_ > 0) {
      const bool there = page_ >= 0;
      const int row = there ? page_ * rows_of_page + row_ : 0, real = there ? count_ : 0;
      const int units = min(units_, kBatch);
      first_ += kBatch;
      if (units_ <= kBatch) {
        at_ += gridDim.x;
        first_ = 0;
      }
      ask();
      for (int unit = 0; unit < units; unit++) {
#pragma unroll
        for (int values = 0; values < 2; values++) {
          const unsigned char* const pages = reinterpret_cast<const unsigned char*>(values ? b_.p.value_pages : b_.p.key_pages);
          barrier_wait(&b_.shared().empty[place.slot], place.parity ^ 1);
#pragma unroll
          for (int own = 0; own < kPieces / kCopyWarps; own++) {
            const int piece = own * kCopyWarps + warp, holder = unit * kPieces + piece;
            const int first_row = __shfl_sync(0xffffffffu, row, holder), count = __shfl_sync(0xffffffffu, real, holder);
            const unsigned char* const from = pages + int64_t(first_row) * Panels<kWarpgroupStep>::kRowBytes + lane * 16;
            unsigned char* const to = b_.half(place.slot) + piece * kPageUnit * 128;
#pragma unroll
            for (int i = 0; i < kPageUnit; i++) {
              copy_async16(to + i * 128 + (column ^ i % 8 * 16), from + i * Panels<kWarpgroupStep>::kRowBytes, i < count);
            }
          }
          barrier_arrive_after_copies(&b_.shared().full[place.slot]);
          place.advance(1, b_.ring_length);
        }
      }
    }
    copy_commit();
    copy_wait<0>();  // shared memory is not left to another block before
  }
};

// A warpgroup that computes.
struct WarpgroupTeam {
  static constexpr int kThreads = 128;
  int number;
  __device__ __forceinline__ int thread() const { return threadIdx.x % kThreads; }
  __device__ __forceinline__ void sync() const { block_barrier_sync(1 + number, kThreads); }
};

// Asks for the queries of an item. Whoever reads them waits for its own copies, publishes them and meets the others.
__device__ __forceinline__ void ask_queries(const WarpgroupDecode& b, const WarpgroupTeam& team, const DecodeItem& item) {
  const int lane = threadIdx.x % 32, warp = team.thread() / 32;
  unsigned char* const queries = b.queries(team.number);
  for (int pair = warp; pair < item.pairs; pair += 4) {
    const uint4* const from = queries_of(b.p, item.span.first_row, item.kv_head, b.group(), item.first_pair + pair, 256, 0);
    copy_async16(queries + Panels<kWarpgroupPairs>::offset(pair, lane), from + lane, true);
  }
  copy_commit();
}

// Stores what an item's sums amount to, or keeps them as partial sums. They go through the place of the queries, half of the
// pairs at a time, so that all threads have a share.
__device__ __forceinline__ void store_sums(const WarpgroupDecode& b, const WarpgroupTeam& team, const DecodeItem& item,
                                           const Partials& partials, const Output& output, const Standing& stand,
                                           const float (&sum)[32][4]) {
  constexpr int kDim = 256, kStaged = kWarpgroupPairs / 2;
  static_assert(kStaged * kDim * 4 == WarpgroupDecodeShared::kQueries, "sums of half the pairs fit where the queries were");
  const int lane = threadIdx.x % 32, warp = team.thread() / 32, g = lane / 4, t = lane % 4;
  float* const staged = reinterpret_cast<float*>(b.queries(team.number));
  float2* const stats = b.shared().stats[team.number];
  const int64_t place = partials.first + item.split * partials.step;
#pragma unroll
  for (int half = 0; half < 2; half++) {
    float all = stand.weight[half];
    all += __shfl_xor_sync(0xffffffffu, all, 1);
    all += __shfl_xor_sync(0xffffffffu, all, 2);
    const int pair = warp * 16 + half * 8 + g;
    if (t == 0 && pair < item.pairs) stats[pair] = {stand.greatest[half], all};
  }
  for (int first = 0; first < item.pairs; first += kStaged) {
    team.sync();  // the queries, or the sums before, have been read
#pragma unroll
    for (int half = 0; half < 2; half++) {
      const int row = warp * 16 + half * 8 + g - first;
      if (row >= 0 && row < kStaged && first + row < item.pairs) {
#pragma unroll
        for (int n = 0; n < kDim / 8; n++) {
          // permuted, or rows would share banks
          *reinterpret_cast<float2*>(staged + row * kDim + ((n * 8 + 2 * t) ^ row % 4 * 8)) = {sum[n][2 * half], sum[n][2 * half + 1]};
        }
      }
    }
    team.sync();
    const int rows = min(kStaged, item.pairs - first);
#pragma unroll 4
    for (int i = team.thread(); i < rows * (kDim / 4); i += WarpgroupTeam::kThreads) {
      const int row = i / (kDim / 4), dim = i % (kDim / 4) * 4, pair = first + row;
      const float4 value = *reinterpret_cast<const float4*>(staged + row * kDim + (dim ^ row % 4 * 8));
      const float2 stat = stats[pair];
      if (item.splits > 1) {
        *reinterpret_cast<float4*>(partials.sums + (place + pair) * kDim + dim) = value;
        if (dim == 0) partials.stats[place + pair] = stat;
      } else {
        const float inverse = 1.0f / stat.y;
        const float2 low = output.gate(pair, dim), high = output.gate(pair, dim + 2);
        output.put(pair, dim, {value.x * inverse, value.y * inverse}, low);
        output.put(pair, dim + 2, {value.z * inverse, value.w * inverse}, high);
      }
    }
  }
}

// The items of a warpgroup. While copies keep memory busy, whatever else is read or written takes microseconds: so the next
// item's queries are on their way before sums are handed over, and splits are long enough to hide that.
__device__ __forceinline__ void attend_items(const WarpgroupDecode& b) {
  const int lane = threadIdx.x % 32, warp = threadIdx.x / 32 % 4, t = lane % 4;
  const WarpgroupTeam team = {static_cast<int>(threadIdx.x) / 128};
  unsigned char* const queries = b.queries(team.number);
  const float scale = static_cast<float>(b.p.scale) * kLog2E;
  const int group = b.group(), ahead = static_cast<int>(gridDim.x);
  RingPlace place;
  uint32_t index = team.number;  // of the block's items
  int at = blockIdx.x + team.number * ahead;
  if (at < b.items()) ask_queries(b, team, b.item(at));
  for (; at < b.items(); at += 2 * ahead, index += 2) {
    // the other warpgroup's item
    if (index > 0) place.advance(2 * b.item(at - ahead).units(kWarpgroupStep), b.ring_length);
    const DecodeItem item = b.item(at);
    const int units = item.units(kWarpgroupStep);
    copy_wait<0>();
    publish_to_products();
    team.sync();

    // parities tell neighbouring turns of the ring apart, not more: what lies before must have been taken
    if (index > 0) barrier_wait(&b.shared().turn, (index - 1) % 2);

    const bool has_pairs = warp * 16 < item.pairs;
    Standing stand(item, warp, group, lane);
    float sum[32][4] = {};
    float score[8][4], factor[2];
    uint32_t chance[4][4] = {};
    for (int unit = 0; unit < units; unit++) {
      barrier_wait(&b.shared().full[place.slot], place.parity);
      publish_to_products();
      warpgroup_begin();
      begin_scores<kWarpgroupPairs>(score, queries, b.half(place.slot));
      warpgroup_wait<0>();
      warpgroup_keep(score);
      if (lane == 0) barrier_arrive(&b.shared().empty[place.slot]);
      place.advance(1, b.ring_length);
      if (has_pairs) {
        stand.mask(score, item.from + unit * kWarpgroupStep, t);
        stand.weigh(score, scale, factor);
        rescale(sum, factor);
        pack_weights(score, chance);
      }
      barrier_wait(&b.shared().full[place.slot], place.parity);
      publish_to_products();
      warpgroup_keep(sum);
      warpgroup_begin();
      begin_values(sum, chance, b.half(place.slot));
      warpgroup_wait<0>();
      warpgroup_keep(sum);
      if (lane == 0) barrier_arrive(&b.shared().empty[place.slot]);
      place.advance(1, b.ring_length);
    }
    if (lane == 0) barrier_arrive(&b.shared().turn);
    const Output output = {&b.p, item.span.first_row, item.kv_head, group, item.first_pair, item.pairs};
    const Partials partials = item.partials(b.p, b.d, b.space, b.shared().table, group);
    store_sums(b, team, item, partials, output, stand, sum);
    team.sync();  // the sums that went through the place of the queries have been read
    if (at + 2 * ahead < b.items()) ask_queries(b, team, b.item(at + 2 * ahead));
    if (item.splits > 1) arrive<256>(team, partials, output, item.split, &b.shared().words[team.number]);
  }
}

// Inactive rows give zeros. By the warps that copy.
__device__ __forceinline__ void clear_inactive(const tenon_attention& p) {
  const int lane = threadIdx.x % 32, warp = threadIdx.x / 32 % kCopyWarps;
  const int rows = min(reinterpret_cast<const int*>(p.rows.counts)[0], static_cast<int>(p.rows.max_rows));
  const int width = static_cast<int>(p.heads) * 256;
  for (int row = blockIdx.x * kCopyWarps + warp; row < rows; row += gridDim.x * kCopyWarps) {
    if (reinterpret_cast<const int*>(p.rows.slots)[row] >= 0) continue;
    uint4* const to = reinterpret_cast<uint4*>(reinterpret_cast<__nv_bfloat16*>(p.out) + int64_t(row) * width);
    for (int i = lane; i < width / 8; i += 32) to[i] = {0, 0, 0, 0};
  }
}

#endif

__global__ void __launch_bounds__(kWarpgroupDecodeThreads, 1) decode_warpgroups(tenon_attention p, Division d, Space space, int ring_length) {
#if defined(TENON_EMULATED) || defined(__CUDA_ARCH_FEAT_SM90_ALL)
  TENON_DYNAMIC_SHARED(unsigned char, shared);
  const WarpgroupDecode block = {p, d, space, ring_length, shared + (-reinterpret_cast<uintptr_t>(shared) & 1023)};
  WarpgroupDecodeShared& own = block.shared();
  if (threadIdx.x < ring_length) {
    barrier_init(&own.full[threadIdx.x], kCopyWarps * 32);
    barrier_init(&own.empty[threadIdx.x], 4);
  }
  if (threadIdx.x == 0) barrier_init(&own.turn, 4);
  wait_for_predecessor();
  release_successor();
  Table table;
  table.place(block.half(ring_length), static_cast<int>(p.rows.max_sequences));
  plan_decodes<kWarpgroupDecodeThreads>(p.rows, d, block.group(), static_cast<int>(p.kv_heads), kWarpgroupPairs,
                                        reinterpret_cast<Two*>(own.words), table);
  if (threadIdx.x == 0) own.table = table;
  __syncthreads();

  if (threadIdx.x < kComputeThreads) {
    warpgroup_takes_registers<kComputeRegisters>();
    attend_items(block);
  } else {
    warpgroup_gives_registers<kCopyRegisters>();
    WarpgroupCopies(block).run();
    clear_inactive(p);
  }
#else
  __trap();  // launched where the library was built for this card's products only
#endif
}

}  // namespace tenon::attention
#endif
