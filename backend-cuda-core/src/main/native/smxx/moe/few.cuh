// Up to eight rows: three kernels, and as many bytes on their way at once as multiprocessors can hold.
//
//   few_router    a block per 16 logits; weights are in registers before the rows are there
//   few_gate_up   every block routes all rows for itself, then takes units: an expert's 16 gates and 16 ups, all inputs,
//                 64 KB (E4M3, 2048 inputs) in shared memory at once
//   few_down      a block per 16 outputs, as in sum.cuh; routes for itself and asks for weights before gate_up has ended
//
// All blocks come to the same routing, positions included, since nothing in it depends on chance.
#ifndef TENON_MOE_FEW_CUH
#define TENON_MOE_FEW_CUH

#include "route.cuh"
#include "sum.cuh"

namespace tenon::moe {

constexpr int kRouterLoads = 16;

__global__ void __launch_bounds__(kThreads) few_router(Plan plan) {
  __shared__ float between[kWarps][kFewRows][17];
  const int warp = threadIdx.x / 32, lane = threadIdx.x % 32, g = lane / 4, t = lane % 4, tile = blockIdx.x;
  const int hidden = plan.p.hidden, words = (hidden + kStretch - 1) / kStretch * 8;
  const uint4* weights = reinterpret_cast<const uint4*>(plan.p.router) + int64_t(tile) * words * 32 + lane;
  uint4 packed[kRouterLoads];
#pragma unroll
  for (int i = 0; i < kRouterLoads; i++) {
    const int word = warp * kRouterLoads + i;
    packed[i] = word < words ? stream_load(weights + word * 32) : uint4{0, 0, 0, 0};
  }
  release_successor();
  wait_for_predecessor();
  const int rows = rows_of(plan);
  const bf16* token = reinterpret_cast<const bf16*>(plan.p.x) + int64_t(g) * hidden + 4 * t;
  float sum[4] = {};
  for (int first = warp * kRouterLoads; first < words; first += kWarps * kRouterLoads) {
    if (first >= kWarps * kRouterLoads) {
#pragma unroll
      for (int i = 0; i < kRouterLoads; i++) {
        packed[i] = first + i < words ? stream_load(weights + (first + i) * 32) : uint4{0, 0, 0, 0};
      }
    }
    uint2 b[kRouterLoads];
#pragma unroll
    for (int i = 0; i < kRouterLoads; i++) {
      const int input = (first + i) * 16;
      b[i] = g < rows && input + 4 * t < hidden ? *reinterpret_cast<const uint2*>(token + input) : uint2{0, 0};
    }
#pragma unroll
    for (int i = 0; i < kRouterLoads; i++) {
      const uint32_t a[4] = {packed[i].x, packed[i].y, packed[i].z, packed[i].w};
      mma_bf16(sum, a, b[i].x, b[i].y);
    }
  }
#pragma unroll
  for (int c = 0; c < 4; c++) between[warp][2 * t + c % 2][g + c / 2 * 8] = sum[c];
  __syncthreads();
  const int row = threadIdx.x / 16, output = tile * 16 + threadIdx.x % 16;
  if (row >= rows || output >= plan.outputs) return;
  float total = 0;
#pragma unroll
  for (int w = 0; w < kWarps; w++) total += between[w][row][threadIdx.x % 16];
  plan.logits[int64_t(row) * plan.logits_stride + output] = total;
}

// A block's own routing, in shared memory: `pairs` are rows × experts_per_token.
struct Routing {
  int32_t* chosen;   // [pairs] by row, ascending
  int32_t* experts;  // [pairs] the same as indices among those held, -1 for others
  float* weights;    // [pairs]
  int32_t* bases;    // [pairs] position of the first row of an expert, where a pair is the first of its expert
  int32_t* entries;  // [pairs] by position: row << kListShift | place
  Item* items;       // [pairs]
  float* shared;     // [rows] weights of the shared expert
  int32_t* between;  // one per warp, then the number of items
};

constexpr int kRoutingWarps = 16;

__host__ __device__ constexpr int routing_bytes(int64_t rows, int64_t experts_per_token) {
  const int pairs = (rows * experts_per_token + 3) / 4 * 4;
  return pairs * (5 * 4 + sizeof(Item)) + 4 * kFewRows + 4 * (kRoutingWarps + 4);
}

__device__ __forceinline__ Routing routing_at(unsigned char* shared, const tenon_moe& p) {
  const int pairs = (p.max_rows * p.experts_per_token + 3) / 4 * 4;
  Routing r;
  r.items = reinterpret_cast<Item*>(shared);
  r.experts = reinterpret_cast<int32_t*>(r.items + pairs);
  r.weights = reinterpret_cast<float*>(r.experts + pairs);
  r.bases = reinterpret_cast<int32_t*>(r.weights + pairs);
  r.entries = r.bases + pairs;
  r.chosen = r.entries + pairs;
  r.shared = reinterpret_cast<float*>(r.chosen + pairs);
  r.between = reinterpret_cast<int32_t*>(r.shared + kFewRows);
  return r;
}

__device__ __forceinline__ void choose_row(const Plan& plan, const Routing& r, int row, int lane) {
  const tenon_moe& p = plan.p;
  const float* logits = plan.logits + int64_t(row) * plan.logits_stride;
  const Choice mine = choose<kFewExperts / 32>(logits, p.experts, p.experts_per_token, p.normalised, lane);
  const int at = row * static_cast<int>(p.experts_per_token) + place_of(mine, p.experts_per_token);
  const int local = mine.expert - static_cast<int>(p.first_expert);
  if (lane < p.experts_per_token) {
    r.chosen[at] = mine.expert;
    r.experts[at] = local >= 0 && local < p.held ? local : -1;
    r.weights[at] = mine.weight;
  }
  if (lane == 0 && plan.shared_items > 0) r.shared[row] = 1 / (1 + expf(-logits[p.experts]));
}

// Routes all rows and lays their experts out; returns the number of items. All threads of at least 8 warps call it.
__device__ __forceinline__ int route_few(const Plan& plan, const Routing& r, int rows) {
  const int row = threadIdx.x / 32, lane = threadIdx.x % 32, wanted = plan.p.experts_per_token;
  if (row < rows) {
    choose_row(plan, r, row, lane);
  }
  __syncthreads();
  const int pair = threadIdx.x, pairs = rows * wanted;
  const int expert = pair < pairs ? r.experts[pair] : -1;
  int before = 0, all = 0, leader = pair;
  if (expert >= 0) {
    for (int i = 0; i < pairs; i++) {
      const bool same = r.experts[i] == expert;
      if (same && all == 0) leader = i;
      before += same && i < pair, all += same;
    }
  }
  const bool leads = expert >= 0 && leader == pair;
  const int positions = running_sum(leads ? all : 0, r.between), items = running_sum(leads, r.between);
  if (leads) {
    r.bases[pair] = positions - all;
    r.items[items - 1] = {expert, 0, all, positions - all};
  }
  if (threadIdx.x == blockDim.x - 1) r.between[kRoutingWarps] = items;
  __syncthreads();
  if (expert >= 0) r.entries[r.bases[leader] + before] = pair / wanted << kListShift | pair % wanted;
  __syncthreads();
  return r.between[kRoutingWarps];
}

// An expert's 16 gates and 16 ups.
struct Unit {
  bool shared;
  int expert, pair, position, count;
};

struct FewLayout {
  int between, routing, bytes;
};

inline FewLayout few_layout(const tenon_moe& p) {
  FewLayout at = {};
  const int64_t routed = few_weights(p.type, p.hidden);
  const int64_t shared = p.shared_inner > 0 ? few_weights(p.shared_type, p.hidden) : 0;
  at.between = routed > shared ? routed : shared;
  at.routing = at.between + 2 * kWarps * 2 * p.max_rows * 16 * 4;  // two in turn
  at.bytes = at.routing + routing_bytes(p.max_rows, p.experts_per_token);
  return at;
}

__device__ __forceinline__ int stages_per_warp(int type, int hidden) { return stages_of(type, hidden, 1); }

// Asks for a warp's inputs of a unit's two tiles; lanes copy what they will multiply.
__device__ __forceinline__ void ask_unit(unsigned char* shared, const Plan& plan, const Unit& unit) {
  const int type = type_of(plan, unit.shared), warp = threadIdx.x / 32, lane = threadIdx.x % 32;
  const Factor factor = gate_up_of(plan, unit.expert, unit.shared);
  const int stages = stages_per_warp(type, factor.inputs);
  const int all = (factor.inputs + kStretch - 1) / kStretch * (type == TENON_E4M3 ? 1 : 2);
  uint4* to = reinterpret_cast<uint4*>(shared + warp * stages * kWarpStage) + lane;
  const uint4* from = factor.data + (int64_t(2 * unit.pair) * all + warp * stages) * 128 + lane;
  for (int s = 0; s < stages && warp * stages + s < all; s++) {
#pragma unroll
    for (int i = 0; i < 2; i++) {
#pragma unroll
      for (int part = 0; part < 4; part++) {
        copy_async16(to + (s * 8 + i * 4 + part) * 32, from + (int64_t(i) * all + s) * 128 + part * 32);
      }
    }
  }
  copy_commit();
}

// This lane's operand B of one stage.
template <int kType>
__device__ __forceinline__ void token_words(uint4 (&b)[4], const bf16* token, int stage, int inputs) {
  const int t = threadIdx.x % 4;
#pragma unroll
  for (int part = 0; part < 4; part++) {
    const int input = kType == TENON_E4M3 ? stage * 128 + part * 32 + 8 * t : stage * 64 + part * 16 + 4 * t;
    const bool real = token != nullptr && input < inputs;
    if (kType == TENON_E4M3) {
      b[part] = real ? *reinterpret_cast<const uint4*>(token + input) : uint4{0, 0, 0, 0};
    } else {
      const uint2 half = real ? *reinterpret_cast<const uint2*>(token + input) : uint2{0, 0};
      b[part].x = half.x, b[part].y = half.y;
    }
  }
}

// A warp's sums over its inputs, gates in sum[0], ups in sum[1]. The weights have been asked for.
template <int kType>
__device__ __forceinline__ void multiply_unit(const unsigned char* shared, const Factor& factor, int pair, const bf16* token,
                                              float (&sum)[2][4]) {
  constexpr int kInputs = kType == TENON_E4M3 ? 128 : 64;
  const int warp = threadIdx.x / 32, lane = threadIdx.x % 32;
  const int stages = stages_per_warp(kType, factor.inputs);
  const int stretches = (factor.inputs + kStretch - 1) / kStretch, all = stretches * (kStretch / kInputs);
  const uint4* weights = reinterpret_cast<const uint4*>(shared + warp * stages * kWarpStage) + lane;
  const int first = warp * stages, count = min(stages, all - first);
  const float* scales = factor.scales + int64_t(2 * pair) * stretches + first;
  uint4 b[4], next[4];
  float scale[2] = {}, next_scale[2] = {};
  auto ask_rest = [&](uint4 (&words)[4], float (&factors)[2], int s) {
    token_words<kType>(words, token, first + s, factor.inputs);
    if (kType == TENON_E4M3) factors[0] = scales[s], factors[1] = scales[stretches + s];
  };
  if (count > 0) ask_rest(b, scale, 0);
  if (count > 1) ask_rest(next, next_scale, 1);
  copy_wait<0>();
  for (int s = 0; s < count; s++) {
    if (kType == TENON_E4M3) {
#pragma unroll
      for (int i = 0; i < 2; i++) {
        float partial[4] = {};
#pragma unroll
        for (int part = 0; part < 4; part++) {
          FragmentA low, high;
          unpack(weights[(s * 8 + i * 4 + part) * 32], low, high);
          mma_bf16(partial, low.word, b[part].x, b[part].y);
          mma_bf16(partial, high.word, b[part].z, b[part].w);
        }
#pragma unroll
        for (int c = 0; c < 4; c++) sum[i][c] += scale[i] * partial[c];
      }
    } else {
#pragma unroll
      for (int i = 0; i < 2; i++) {
#pragma unroll
        for (int part = 0; part < 4; part++) {
          const uint4 word = weights[(s * 8 + i * 4 + part) * 32];
          const uint32_t a[4] = {word.x, word.y, word.z, word.w};
          mma_bf16(sum[i], a, b[part].x, b[part].y);
        }
      }
    }
#pragma unroll
    for (int part = 0; part < 4; part++) b[part] = next[part];
    scale[0] = next_scale[0], scale[1] = next_scale[1];
    if (s + 2 < count) ask_rest(next, next_scale, s + 2);
  }
}

__device__ __forceinline__ void multiply_unit(const unsigned char* shared, const Plan& plan, const Unit& unit, const Routing& routing,
                                              float (&sum)[2][4]) {
  const Factor factor = gate_up_of(plan, unit.expert, unit.shared);
  const int g = threadIdx.x % 32 / 4;
  const int row = unit.shared ? g : routing.entries[unit.position + min(g, unit.count - 1)] >> kListShift;
  const bf16* token = g < unit.count ? reinterpret_cast<const bf16*>(plan.p.x) + int64_t(row) * plan.p.hidden : nullptr;
  if (type_of(plan, unit.shared) == TENON_E4M3) {
    multiply_unit<TENON_E4M3>(shared, factor, unit.pair, token, sum);
  } else {
    multiply_unit<TENON_BF16>(shared, factor, unit.pair, token, sum);
  }
}

// between: [warps][2][rows][16]
__device__ __forceinline__ void finish_unit(const Plan& plan, const Unit& unit, const float* between, int most) {
  const int column = threadIdx.x / 16, m = threadIdx.x % 16;
  if (column >= unit.count) return;
  float gate = 0, up = 0;
#pragma unroll
  for (int w = 0; w < kWarps; w++) {
    gate += between[((w * 2) * most + column) * 16 + m];
    up += between[((w * 2 + 1) * most + column) * 16 + m];
  }
  const int inner = unit.shared ? plan.p.shared_inner : plan.p.inner;
  bf16* out = reinterpret_cast<bf16*>(unit.shared ? plan.shared_inner : plan.inner);
  out[int64_t(unit.position + column) * inner + unit.pair * 16 + m] = __float2bfloat16_rn(silu(gate) * up);
}

// While this kernel waits for its weights, those of the next one come into the second-level cache, if they fit beside
// what is read here: blocks of the next kernel find no room before the first ones here have ended.
constexpr int64_t kPrefetchedMost = 24 << 20;
constexpr uint32_t kPrefetchedPiece = 8192;

__device__ __forceinline__ void prefetch_down(const Plan& plan, const Routing& routing, int items) {
  const int shared = plan.shared_items > 0, factors = items + shared;
  auto bytes_of = [&](const Factor& factor, int type) {
    return int64_t(factor.tiles) * ((factor.inputs + kStretch - 1) / kStretch) * kStretch * 16 * (type == TENON_E4M3 ? 1 : 2);
  };
  const int64_t most = bytes_of(down_of(plan, 0, false), plan.p.type);
  if (factors * most > kPrefetchedMost) return;
  const int each = static_cast<int>((most + kPrefetchedPiece - 1) / kPrefetchedPiece);
  for (int piece = blockIdx.x + threadIdx.x * gridDim.x; piece < factors * each; piece += kThreads * gridDim.x) {
    const int index = piece / each;
    const bool is_shared = index < shared;
    const Factor factor = down_of(plan, is_shared ? 0 : routing.items[index - shared].expert, is_shared);
    const int64_t at = int64_t(piece % each) * kPrefetchedPiece, left = bytes_of(factor, type_of(plan, is_shared)) - at;
    if (left <= 0) continue;
    prefetch_second_level(reinterpret_cast<const unsigned char*>(factor.data) + at,
                          left < kPrefetchedPiece ? static_cast<uint32_t>(left) : kPrefetchedPiece);
  }
}

// Blocks that a multiprocessor holds; on Blackwell the compiler has no registers for three.
#if defined(__CUDA_ARCH__) && __CUDA_ARCH__ >= 1000
constexpr int kFewTogether = 2;
#else
constexpr int kFewTogether = 3;
#endif

__global__ void __launch_bounds__(kThreads, kFewTogether) few_gate_up(Plan plan, FewLayout at) {
  TENON_DYNAMIC_SHARED(unsigned char, shared);
  const tenon_moe& p = plan.p;
  const Routing routing = routing_at(shared + at.routing, p);
  const int shared_units = p.shared_inner / 16, each = p.inner / 16;
  const int warp = threadIdx.x / 32, lane = threadIdx.x % 32, g = lane / 4, t = lane % 4;
  const bool asked = static_cast<int>(blockIdx.x) < shared_units;
  if (asked) ask_unit(shared, plan, {true, 0, static_cast<int>(blockIdx.x), 0, 0});
  wait_for_predecessor();
  release_successor();
  const int rows = rows_of(plan);
  const int items = route_few(plan, routing, rows);
  if (blockIdx.x == 0) {
    if (threadIdx.x == 0 && p.distinct) *reinterpret_cast<int32_t*>(p.distinct) += items;
    for (int i = threadIdx.x; i < rows * p.experts_per_token; i += kThreads) plan.experts[i] = routing.chosen[i];
  }
  const int units = rows > 0 ? shared_units + items * each : 0;
  auto get = [&](int index) -> Unit {
    if (index < shared_units) return {true, 0, index, 0, rows};
    const Item& item = routing.items[(index - shared_units) / each];
    return {false, item.expert, (index - shared_units) % each, item.position, item.count};
  };
  if (!asked && static_cast<int>(blockIdx.x) < units) ask_unit(shared, plan, get(blockIdx.x));
  if (rows > 0) prefetch_down(plan, routing, items);
  const int most = p.max_rows;
  int turn = 0;
  for (int index = blockIdx.x; index < units; index += gridDim.x) {
    float sum[2][4] = {};
    multiply_unit(shared, plan, get(index), routing, sum);
    if (index + static_cast<int>(gridDim.x) < units) ask_unit(shared, plan, get(index + gridDim.x));
    const Unit unit = get(index);
    float* between = reinterpret_cast<float*>(shared + at.between) + turn;
    // [warps][2][rows][16]; the other half is free, since all have passed the barrier after the sums before
#pragma unroll
    for (int i = 0; i < 2; i++) {
#pragma unroll
      for (int c = 0; c < 4; c++) {
        const int column = 2 * t + c % 2;
        if (column < unit.count) between[((warp * 2 + i) * most + column) * 16 + g + c / 2 * 8] = sum[i][c];
      }
    }
    __syncthreads();
    finish_unit(plan, unit, between, most);
    turn ^= kWarps * 2 * most * 16;
  }
}

// The logits were complete before gate_up let this kernel start.
__global__ void __launch_bounds__(kOwnerWarps * 32, 1) few_down(Plan plan) {
  TENON_DYNAMIC_SHARED(unsigned char, shared);
  const tenon_moe& p = plan.p;
  const int tile = blockIdx.x, warp = threadIdx.x / 32, places = p.experts_per_token + 1;
  const Routing routing = routing_at(shared, p);
  float* results = reinterpret_cast<float*>(shared + (routing_bytes(p.max_rows, p.experts_per_token) + 127) / 128 * 128);
  const int rows = *reinterpret_cast<const volatile int32_t*>(p.counts);
  const int items = route_few(plan, routing, rows);
  const int shared_eights = plan.shared_items > 0 && rows > 0;
  const int eights = shared_eights + items;
  auto get = [&](int i) -> Eight {
    if (i < shared_eights) return {true, 0, 0, rows, nullptr};
    const Item item = routing.items[i - shared_eights];
    return {false, item.expert, item.position, item.count, routing.entries + item.position};
  };
  uint4 packed[kOwnerLoads];
  if (warp < eights) {
    const Eight first = get(warp);
    ask(packed, down_of(plan, first.expert, first.shared), type_of(plan, first.shared), tile, 0);
  }
  wait_for_predecessor();
  release_successor();
  own(packed, plan, tile, eights, get, results);
  __syncthreads();
  sum_owned(plan, tile, rows, results, [&](int row, int k) {
    if (k == places - 1) return routing.shared[row];
    const int at = row * (places - 1) + k;
    return routing.experts[at] < 0 ? -1.0f : routing.weights[at];
  });
}

}  // namespace tenon::moe
#endif
