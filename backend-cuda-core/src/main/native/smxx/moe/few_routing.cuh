// The routing of up to eight rows, which every block does for itself.
//
// All blocks come to the same, positions included: rows of an expert in their order, experts in theirs (of a single row by
// its logits), since nothing in it depends on chance.
#ifndef TENON_MOE_FEW_ROUTING_CUH
#define TENON_MOE_FEW_ROUTING_CUH

#include "route.cuh"

namespace tenon::moe {

// An expert that has rows.
struct FewItem {
  int32_t expert;    // index among those held
  uint32_t rows;     // a bit each
  int32_t count;
  int32_t position;  // of its first row among all results
};

constexpr int kKept = 32;  // a lane each
constexpr int kKeyBytes = kFewExperts * 4;
constexpr int kRoutingWarps = 16;  // at most

// In shared memory; `pairs` are rows × experts_per_token.
struct Routing {
  FewItem* items;     // [pairs]
  uint2* kept;        // [rows][kKept] logits that may be chosen, and their experts
  int32_t* chosen;    // [pairs] by row, the greatest logit first
  float* weights;     // [pairs]
  int32_t* where;     // [pairs] position of a row's results, -1 where its expert is not held
  float* shared;      // [rows] weights of the shared expert
  uint32_t* keys;     // [rows][kFewExperts] integers in the order of logits, 0 beyond the last
  uint32_t* enough;   // [rows]
  int32_t* count;     // [rows] of `kept`
  uint32_t* rows_of;  // [kFewExperts / 4] a byte for each expert held: its rows
  int32_t* between;   // [kRoutingWarps] of sums, then [0]: the number of items
  uint16_t* bases;    // [kFewExperts] position of an expert's first row, where it has one
};

__host__ __device__ constexpr int routing_bytes(int64_t rows, int64_t experts_per_token) {
  const int pairs = (rows * experts_per_token + 3) / 4 * 4;
  return pairs * (sizeof(FewItem) + 3 * 4) + rows * kKept * 8 + 3 * 4 * kFewRows + kFewExperts + 4 * kRoutingWarps + 2 * kFewExperts;
}

// keys: kKeyBytes for each row, of which nothing is needed once the rows have been routed.
__device__ __forceinline__ Routing routing_at(unsigned char* shared, void* keys, const tenon_moe& p) {
  const int rows = p.max_rows, pairs = (rows * static_cast<int>(p.experts_per_token) + 3) / 4 * 4;
  Routing r;
  r.items = reinterpret_cast<FewItem*>(shared);
  r.kept = reinterpret_cast<uint2*>(r.items + pairs);
  r.chosen = reinterpret_cast<int32_t*>(r.kept + rows * kKept);
  r.weights = reinterpret_cast<float*>(r.chosen + pairs);
  r.where = reinterpret_cast<int32_t*>(r.weights + pairs);
  r.shared = reinterpret_cast<float*>(r.where + pairs);
  r.keys = static_cast<uint32_t*>(keys);
  r.enough = reinterpret_cast<uint32_t*>(r.shared + kFewRows);
  r.count = reinterpret_cast<int32_t*>(r.enough + kFewRows);
  r.rows_of = reinterpret_cast<uint32_t*>(r.count + kFewRows);
  r.between = reinterpret_cast<int32_t*>(r.rows_of + kFewExperts / 4);
  r.bases = reinterpret_cast<uint16_t*>(r.between + kRoutingWarps);
  return r;
}

// The row that has an expert's results `index`.
__device__ __forceinline__ int row_of(const FewItem& item, int index) {
  uint32_t rows = item.rows;
  for (int i = 0; i < index; i++) rows &= rows - 1;
  return __ffs(rows) - 1;
}

// A warp's row: the choice among its `count` kept logits, or among all where they are too many.
__device__ __forceinline__ Choice choose_kept(const Plan& plan, uint2* kept, int count, int row, int lane) {
  const tenon_moe& p = plan.p;
  const float* logits = plan.logits + int64_t(row) * plan.logits_stride;
  const int wanted = p.experts_per_token;
  if (count > kKept) return choose<kFewExperts / 32>(logits, p.experts, wanted, p.normalised, lane);
  const uint2 own = lane < count ? kept[lane] : uint2{0, 0};
  int place = 0;
#pragma unroll 4
  for (int j = 0; j < count; j++) {
    const uint32_t key = __shfl_sync(kAllLanes, own.x, j), expert = __shfl_sync(kAllLanes, own.y, j);
    place += key > own.x || (key == own.x && expert < own.y);
  }
  __syncwarp();
  if (lane < count) kept[place] = own;
  __syncwarp();
  const uint2 mine = lane < wanted ? kept[lane] : uint2{0, 0};
  const float most = from_ordered(kept[0].x), raised = lane < wanted ? __expf(from_ordered(mine.x) - most) : 0.0f;
  float total = raised;
  if (!p.normalised) {
    total = 0;
    for (int e = lane; e < p.experts; e += 32) total += __expf(logits[e] - most);
  }
  return {static_cast<int>(mine.y), raised / sum_of_warp(total)};
}

// Routes all rows and lays their experts out; returns the number of items. All threads of kWarps to
// kRoutingWarps warps call it. `where` is complete after another barrier.
//
// A thread has two of a row's experts. Of 32 groups of experts as many as are wanted have one that is at least `enough`, so
// no smaller one is chosen; of 512 about twelve are left for 10 (to meet another group with each of the greatest takes
// 32/32 + 32/31 + … draws), which are counted against each other. One warp for a row would take longer: it is not the work but
// the way of each instruction through an empty multiprocessor that takes time, and so do loads that wait for each other.
__device__ __forceinline__ int route_few(const Plan& plan, const Routing& r, int rows) {
  static_assert(kThreads * 2 == kFewExperts && kFewRows <= kWarps);
  const tenon_moe& p = plan.p;
  const int warp = threadIdx.x / 32, lane = threadIdx.x % 32, wanted = p.experts_per_token, experts = p.experts;
  const bool takes_part = warp < kWarps;
  if (takes_part) {
    const int first = threadIdx.x, second = threadIdx.x + kThreads;
    if (first < kFewExperts / 4) r.rows_of[first] = 0;
    if (first < kFewRows) r.count[first] = 0;
    if (first < p.max_rows && plan.shared_items > 0) {
      r.shared[first] = 1 / (1 + expf(-plan.logits[int64_t(first) * plan.logits_stride + experts]));
    }
#pragma unroll 4
    for (int row = 0; row < p.max_rows; row++) {  // the router leaves all; so they are asked for before `rows` is there
      const float* logits = plan.logits + int64_t(row) * plan.logits_stride;
      const float one = logits[min(first, experts - 1)], other = logits[min(second, experts - 1)];
      r.keys[row * kFewExperts + first] = first < experts ? ordered(one) : 0;
      r.keys[row * kFewExperts + second] = second < experts ? ordered(other) : 0;
    }
  }
  __syncthreads();
  if (warp < rows) {
    uint32_t best = 0;
#pragma unroll
    for (int i = 0; i < kFewExperts / 32; i++) best = max(best, r.keys[warp * kFewExperts + i * 32 + lane]);
    int greater = 0;
#pragma unroll 8
    for (int j = 0; j < 32; j++) {
      const uint32_t other = __shfl_sync(kAllLanes, best, j);
      greater += other > best || (other == best && j < lane);
    }
    if (greater == wanted - 1) r.enough[warp] = best;
  }
  __syncthreads();
  if (takes_part) {
#pragma unroll 1
    for (int row = 0; row < rows; row++) {
      const uint32_t enough = r.enough[row];
#pragma unroll
      for (int i = 0; i < 2; i++) {
        const int expert = threadIdx.x + i * kThreads;
        const uint32_t key = r.keys[row * kFewExperts + expert];
        if (key < enough) continue;
        const int at = atomicAdd(r.count + row, 1);
        if (at < kKept) r.kept[row * kKept + at] = {key, static_cast<uint32_t>(expert)};
      }
    }
  }
  __syncthreads();
  if (warp < rows) {
    const Choice mine = choose_kept(plan, r.kept + warp * kKept, r.count[warp], warp, lane);
    const int at = warp * wanted + lane, local = held_index(p, mine.expert);
    const bool held = lane < wanted && local >= 0;
    if (lane < wanted) {
      r.chosen[at] = mine.expert;
      r.weights[at] = mine.weight;
    }
    if (rows == 1) {  // every expert has one row
      const unsigned all = __ballot_sync(kAllLanes, held);
      const int position = __popc(all & ((1u << lane) - 1));
      if (held) r.items[position] = {local, 1, 1, position};
      if (lane < wanted) r.where[lane] = held ? position : -1;
      if (lane == 0) r.between[0] = __popc(all);
    } else if (held) {
      atomicOr(r.rows_of + local / 4, 1u << (local % 4 * 8 + warp));
    }
  }
  __syncthreads();
  if (rows == 1) return r.between[0];
  // two experts a thread; sums of positions in the upper half of a word, of items in the lower
  const uint32_t both = takes_part ? r.rows_of[threadIdx.x / 2] >> threadIdx.x % 2 * 16 : 0;
  const int first = __popc(both & 0xff), second = __popc(both & 0xff00);
  const int here = (first + second) << 16 | ((first > 0) + (second > 0)), to_here = running_sum(here, r.between);
  int item = (to_here - here) & 0xffff, position = (to_here - here) >> 16;
  if (threadIdx.x == blockDim.x - 1) r.between[0] = to_here & 0xffff;
#pragma unroll
  for (int i = 0; i < 2; i++) {
    const uint32_t of = both >> 8 * i & 0xff;
    if (of == 0) continue;
    const int expert = 2 * threadIdx.x + i, count = __popc(of);
    r.items[item++] = {expert, of, count, position};
    r.bases[expert] = position;
    position += count;
  }
  __syncthreads();
  if (static_cast<int>(threadIdx.x) < rows * wanted) {
    const int local = held_index(p, r.chosen[threadIdx.x]), row = static_cast<int>(threadIdx.x) / wanted;
    r.where[threadIdx.x] = local >= 0 ? r.bases[local] + __popc(r.rows_of[local / 4] >> local % 4 * 8 & ((1u << row) - 1)) : -1;
  }
  return r.between[0];
}

}  // namespace tenon::moe
#endif
