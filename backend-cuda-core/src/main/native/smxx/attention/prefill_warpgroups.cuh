// Attention of sequences with many rows by the products of warpgroups (sm_90a), heads of 256, bf16. Items, masks and sums are
// those of prefill.cuh; two warpgroups have 64 of a tile's 128 pairs each.
//
//   step i:   [barrier: K(i+1) and V(i) are there, K(i) and V(i−1) are done with]
//             products of scores i+1, then of values i, under way at once; copies of K(i+2) and V(i+1) begin
//             weights of scores i+1 are made while values i are being summed
#ifndef TENON_ATTENTION_PREFILL_WARPGROUPS_CUH
#define TENON_ATTENTION_PREFILL_WARPGROUPS_CUH

#include "prefill.cuh"
#include "warpgroup_steps.cuh"

namespace tenon::attention {

// Shared memory of a block: queries and the ring, aligned to 1024 bytes, counters, the table.
struct WarpgroupShared {
  static constexpr int kQueries = Panels<kTilePairs>::kBytes;
  static constexpr int kHalf = Panels<kWarpgroupStep>::kBytes;
  static int64_t bytes(int64_t max_sequences) { return 1024 + kQueries + 4 * kHalf + 128 + table_bytes(max_sequences); }
};

__global__ void __launch_bounds__(kPrefillThreads, 1) prefill_warpgroups(tenon_attention p, Division d, Space space) {
#if defined(TENON_EMULATED) || defined(__CUDA_ARCH_FEAT_SM90_ALL)
  constexpr int kDim = 256, kStep = kWarpgroupStep, kHalf = WarpgroupShared::kHalf;
  using Queries = Panels<kTilePairs>;
  using Keys = Panels<kStep>;

  TENON_DYNAMIC_SHARED(unsigned char, shared);
  unsigned char* const queries = shared + (-reinterpret_cast<uintptr_t>(shared) & 1023);
  unsigned char* const all_keys = queries + WarpgroupShared::kQueries;
  unsigned char* const all_values = all_keys + 2 * kHalf;
  int* const words = reinterpret_cast<int*>(all_values + 2 * kHalf);  // 0 … 15 sums of warps, 16 next item, 17 a flag, 18 nothing
  Table table;
  table.place(reinterpret_cast<unsigned char*>(words + 32), static_cast<int>(p.rows.max_sequences));

  const int lane = threadIdx.x % 32, warp = threadIdx.x / 32, t = lane % 4;
  const int group = static_cast<int>(p.heads / p.kv_heads);
  const int rows_of_tile = kTilePairs / group;
  const float scale = static_cast<float>(p.scale) * kLog2E;
  const unsigned char* const own_queries = queries + warp / 4 * 64 * 128;

  wait_for_predecessor();
  release_successor();
  plan_tiles<kPrefillThreads>(p.rows, rows_of_tile, static_cast<int>(p.kv_heads), reinterpret_cast<Two*>(words), table);
  if (table.items == 0) return;
  const int splits_wanted = table.items < d.multiprocessors ? d.multiprocessors / table.items : 1;
  const int items = table.items * splits_wanted;

  for (int at = blockIdx.x; at < items; at = words[16] + gridDim.x) {
    __syncthreads();
    if (threadIdx.x == 0) words[16] = atomicAdd(reinterpret_cast<int*>(p.counters), 1);
    const PrefillItem item(p, table, at, splits_wanted, group, rows_of_tile);
    if (item.from >= item.to) {
      __syncthreads();
      continue;
    }
    const Output output = {&p, item.span.first_row, item.kv_head, group, item.first_pair, item.pairs};

    // values follow the keys of the same positions one step later
    Copier<Keys, kStep, kPrefillThreads> keys, values;
    keys.begin(p, item.span.slot, item.kv_head, item.to, item.from);
    values = keys;
    keys.copy(p, p.key_pages, all_keys);
    copy_commit();
    keys.move(p, item.from + kStep);
    keys.copy(p, p.key_pages, all_keys + kHalf);
    values.copy(p, p.value_pages, all_values);
    copy_commit();
    values = keys;
    keys.move(p, item.from + 2 * kStep);

    for (int piece = threadIdx.x; piece < kTilePairs * (kDim / 16); piece += kPrefillThreads) {
      const int pair = piece / (kDim / 16), part = piece % (kDim / 16);
      uint4 low = {0, 0, 0, 0}, high = {0, 0, 0, 0};
      if (pair < item.pairs) {
        const uint4* const from = queries_of(p, item.span.first_row, item.kv_head, group, item.first_pair + pair, kDim, part);
        low = from[0];
        high = from[1];
      }
      *reinterpret_cast<uint4*>(queries + Queries::offset(pair, part * 2)) = low;
      *reinterpret_cast<uint4*>(queries + Queries::offset(pair, part * 2 + 1)) = high;
    }

    Standing stand(item, warp, group, lane);
    float sum[kDim / 8][4] = {};
    float score[kStep / 8][4], factor[2];
    uint32_t chance[kStep / 16][4];
    copy_wait<1>();
    publish_to_products();
    __syncthreads();
    warpgroup_begin();
    begin_scores<kTilePairs>(score, own_queries, all_keys);
    warpgroup_wait<0>();
    warpgroup_keep(score);
    stand.mask(score, item.from, t);
    stand.weigh(score, scale, factor);
    pack_weights(score, chance);

    int turn = 0;  // which half of each ring the values of this step are in
    for (int position = item.from + kStep; position < item.to; position += kStep) {
      copy_wait<0>();
      publish_to_products();
      __syncthreads();
      warpgroup_keep(score);
      warpgroup_keep(sum);
      warpgroup_begin();
      begin_scores<kTilePairs>(score, own_queries, all_keys + (turn ^ 1) * kHalf);
      begin_values(sum, chance, all_values + turn * kHalf);
      keys.copy(p, p.key_pages, all_keys + turn * kHalf);
      values.copy(p, p.value_pages, all_values + (turn ^ 1) * kHalf);
      copy_commit();
      values = keys;
      keys.move(p, position + 2 * kStep);
      warpgroup_wait<1>();
      warpgroup_keep(score);
      stand.mask(score, position, t);
      stand.weigh(score, scale, factor);
      warpgroup_after(stand.weight[0] + stand.weight[1], words + 18);
      warpgroup_wait<0>();
      warpgroup_keep(sum);
      rescale(sum, factor);
      pack_weights(score, chance);
      turn ^= 1;
    }
    copy_wait<0>();
    publish_to_products();
    __syncthreads();
    warpgroup_keep(sum);
    warpgroup_begin();
    begin_values(sum, chance, all_values + turn * kHalf);
    warpgroup_wait<0>();
    warpgroup_keep(sum);

    finish_tile<kDim, TENON_BF16>(p, d, space, item, output, stand, sum, splits_wanted, words + 17);
    __syncthreads();
  }
#else
  __trap();  // launched where the library was built for this card's products only
#endif
}

}  // namespace tenon::attention
#endif
