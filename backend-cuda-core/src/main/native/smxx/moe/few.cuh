// Up to eight rows: three kernels, and as many bytes on their way at once as multiprocessors can hold.
//
//   few_router    a block per 16 logits; weights are in registers before the rows are there
//   few_gate_up   every block routes all rows for itself (few_routing.cuh), then takes units (few_units.cuh)
//   few_down      a block per 16 outputs, as in sum.cuh; routes for itself and asks for weights before gate_up has ended
#ifndef TENON_MOE_FEW_CUH
#define TENON_MOE_FEW_CUH

#include "few_units.cuh"
#include "sum.cuh"

namespace tenon::moe {

static_assert(kOwnerWarps >= kWarps && kOwnerWarps <= kRoutingWarps);

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
  if (row >= plan.p.max_rows || output >= plan.outputs) return;  // rows that are not there too: routing does not ask first
  float total = 0;
#pragma unroll
  for (int w = 0; w < kWarps; w++) total += between[w][row][threadIdx.x % 16];
  plan.logits[int64_t(row) * plan.logits_stride + output] = total;
}

struct FewLayout {
  int between, routing, bytes;
};

inline FewLayout few_layout(const tenon_moe& p) {
  FewLayout at = {};
  const int64_t routed = few_weights(p.type, p.hidden);
  const int64_t shared = p.shared_inner > 0 ? few_weights(p.shared_type, p.hidden) : 0;
  at.between = routed > shared ? routed : shared;
  at.routing = at.between + 2 * kWarps * 2 * p.max_rows * 16 * 4;  // two in turn; before them the keys of routing
  static_assert(2 * kWarps * 2 * 16 * 4 >= kKeyBytes);
  static_assert(2 * kWarps * 2 * kFewRows * 16 * 4 + routing_bytes(kFewRows, kMaxExpertsPerToken) <= kFewBeside);
  at.bytes = at.routing + routing_bytes(p.max_rows, p.experts_per_token);
  return at;
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
  const Routing routing = routing_at(shared + at.routing, shared + at.between, p);
  const int shared_units = p.shared_inner / 16, each = p.inner / 16;
  const int warp = threadIdx.x / 32, lane = threadIdx.x % 32, g = lane / 4, t = lane % 4;
  const bool asked = static_cast<int>(blockIdx.x) < shared_units;
  if (asked) ask_unit(shared, plan, {true, static_cast<int>(blockIdx.x), {}});
  wait_for_predecessor();
  release_successor();
  const int rows = rows_of(plan);
  const int items = route_few(plan, routing, rows);
  const int units = rows > 0 ? shared_units + items * each : 0;
  auto get = [&](int index) -> Unit {
    if (index < shared_units) return {true, index, shared_item(rows)};
    return {false, (index - shared_units) % each, routing.items[(index - shared_units) / each]};
  };
  if (!asked && static_cast<int>(blockIdx.x) < units) ask_unit(shared, plan, get(blockIdx.x));
  if (blockIdx.x == 0) {
    if (threadIdx.x == 0 && p.distinct) *reinterpret_cast<int32_t*>(p.distinct) += items;
    for (int i = threadIdx.x; i < rows * p.experts_per_token; i += kThreads) {
      const int first = i - i % static_cast<int>(p.experts_per_token), expert = routing.chosen[i];
      int before = 0;
      for (int k = 0; k < p.experts_per_token; k++) before += routing.chosen[first + k] < expert;
      plan.experts[first + before] = expert;
    }
  }
  const int most = p.max_rows;
  int turn = 0;
  for (int index = blockIdx.x; index < units; index += gridDim.x) {
    float sum[2][4] = {};
    multiply_unit(shared, plan, get(index), sum);
    if (index + static_cast<int>(gridDim.x) < units) ask_unit(shared, plan, get(index + gridDim.x));
    const Unit unit = get(index);
    float* between = reinterpret_cast<float*>(shared + at.between) + turn;
    // [warps][2][rows][16]; the other half is free, since all have passed the barrier after the sums before
#pragma unroll
    for (int i = 0; i < 2; i++) {
#pragma unroll
      for (int c = 0; c < 4; c++) {
        const int column = 2 * t + c % 2;
        if (column < unit.item.count) between[((warp * 2 + i) * most + column) * 16 + g + c / 2 * 8] = sum[i][c];
      }
    }
    __syncthreads();
    finish_unit(plan, unit, between, most);
    turn ^= kWarps * 2 * most * 16;
  }
}

// Results of all rows' experts, then of the shared expert: [rows × (experts_per_token + 1)][16] in f32.
__host__ __device__ constexpr int few_results_bytes(const tenon_moe& p) {
  const int64_t results = p.max_rows * (p.experts_per_token + 1) * 64, keys = p.max_rows * kKeyBytes;
  return ((results > keys ? results : keys) + 15) / 16 * 16;
}

// A row's results, times their weights: of its experts every 16th by a thread, the shared one last, then by halves.
__device__ __forceinline__ void sum_few(const Plan& plan, const Routing& routing, int tile, int rows, const float* results) {
  const tenon_moe& p = plan.p;
  const int wanted = p.experts_per_token, lane = threadIdx.x % 16;
#pragma unroll 1
  for (int e = threadIdx.x / 16; e < rows * 16; e += kOwnerWarps * 2) {
    const int row = e / 16, output = e % 16;
    float total = 0;
#pragma unroll 1
    for (int k = lane; k <= wanted; k += 16) {
      const int position = k < wanted ? routing.where[row * wanted + k] : plan.shared_items > 0 ? plan.pairs_most + row : -1;
      const float weight = k < wanted ? routing.weights[row * wanted + k] : routing.shared[row];
      if (position >= 0) total = fmaf(weight, results[position * 16 + output], total);
    }
#pragma unroll
    for (int step = 8; step > 0; step /= 2) total += __shfl_xor_sync(kAllLanes, total, step);
    if (lane == 0) reinterpret_cast<bf16*>(p.out)[int64_t(row) * p.hidden + tile * 16 + output] = __float2bfloat16_rn(total);
  }
}

// The logits were complete before gate_up let this kernel start.
__global__ void __launch_bounds__(kOwnerWarps * 32, 1) few_down(Plan plan) {
  TENON_DYNAMIC_SHARED(unsigned char, shared);
  const tenon_moe& p = plan.p;
  const int tile = blockIdx.x, warp = threadIdx.x / 32;
  float* results = reinterpret_cast<float*>(shared);
  const Routing routing = routing_at(shared + few_results_bytes(p), results, p);
  const int rows = *reinterpret_cast<const volatile int32_t*>(p.counts);
  const int items = route_few(plan, routing, rows);
  const int shared_eights = plan.shared_items > 0 && rows > 0;
  const int eights = shared_eights + items;
  auto get = [&](int i) -> Eight {
    if (i < shared_eights) return {true, 0, 0, rows, nullptr};
    const FewItem& item = routing.items[i - shared_eights];
    return {false, item.expert, item.position, item.count, nullptr};
  };
  uint4 packed[kOwnerLoads];
  if (warp < eights) {
    const Eight first = get(warp);
    ask(packed, down_of(plan, first.expert, first.shared), type_of(plan, first.shared), tile, 0);
  }
  wait_for_predecessor();
  release_successor();
  own(packed, plan, tile, eights, get, [&](const Eight& eight, int token) {
    return eight.position + token + (eight.shared ? plan.pairs_most : 0);
  }, results);
  __syncthreads();
  sum_few(plan, routing, tile, rows, results);
}

}  // namespace tenon::moe
#endif
