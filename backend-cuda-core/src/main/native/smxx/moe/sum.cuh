// The second product where a block owns 16 outputs, and the sum over a row's experts.
#ifndef TENON_MOE_SUM_CUH
#define TENON_MOE_SUM_CUH

#include "experts.cuh"
#include "route.cuh"

namespace tenon::moe {

constexpr int kOwnerWarps = 12;
constexpr int kOwnerLoads = 16;  // 16-byte words of weights that a lane asks for at once

// The first words of a lane's part of one tile of a factor, or those from `first` on.
__device__ __forceinline__ void ask(uint4 (&packed)[kOwnerLoads], const Factor& factor, int type, int tile, int first) {
  const int words = (factor.inputs + kStretch - 1) / kStretch * (type == TENON_E4M3 ? 4 : 8);
  const uint4* from = factor.data + (int64_t(tile) * words + first) * 32 + threadIdx.x % 32;
#pragma unroll
  for (int i = 0; i < kOwnerLoads; i++) packed[i] = first + i < words ? stream_load(from + i * 32) : uint4{0, 0, 0, 0};
}

// Sums for one tile of outputs and the eight or fewer rows at `from`. The first words have been asked for.
template <int kType>
__device__ __forceinline__ void own_rows(uint4 (&packed)[kOwnerLoads], const Factor& factor, int tile, const bf16* from, int count,
                                         float (&sum)[4]) {
  constexpr int kParts = kType == TENON_E4M3 ? 4 : 8;     // words of a stretch of 128 inputs
  constexpr int kStretches = kOwnerLoads / kParts;
  constexpr int kEach = kType == TENON_E4M3 ? 8 : 4;      // inputs of a lane in a word
  const int lane = threadIdx.x % 32, g = lane / 4, t = lane % 4;
  const int stretches = (factor.inputs + kStretch - 1) / kStretch;
  const bf16* token = from + int64_t(g) * factor.inputs + t * kEach;
  for (int first = 0; first < stretches; first += kStretches) {
    if (first > 0) ask(packed, factor, kType, tile, first * kParts);
#pragma unroll
    for (int s = 0; s < kStretches; s++) {
      uint4 b[kParts];
#pragma unroll
      for (int part = 0; part < kParts; part++) {
        const int input = (first + s) * kStretch + part * 4 * kEach;
        const bool real = g < count && input + t * kEach < factor.inputs;
        if (kType == TENON_E4M3) {
          b[part] = real ? *reinterpret_cast<const uint4*>(token + input) : uint4{0, 0, 0, 0};
        } else {
          const uint2 pair = real ? *reinterpret_cast<const uint2*>(token + input) : uint2{0, 0};
          b[part].x = pair.x, b[part].y = pair.y;
        }
      }
      float scale = 1;
      if (kType == TENON_E4M3) scale = first + s < stretches ? factor.scales[int64_t(tile) * stretches + first + s] : 0;
      add_products<kType>(sum, [&](int part) { return packed[s * kParts + part]; }, b, scale);
    }
  }
}

// Up to eight rows of one expert.
struct Eight {
  bool shared;
  int expert, position, count;
  const int32_t* list;  // entries of its rows; the shared expert's rows follow one another from `position`
};

// A warp's part of a block's work: every kOwnerWarps-th of `eights`, whose first one's weights have been asked for.
// Results go to [place(eight, row)][16].
template <typename Get, typename Place>
__device__ __forceinline__ void own(uint4 (&packed)[kOwnerLoads], const Plan& plan, int tile, int eights, Get get, Place place,
                                    float* results) {
  const int lane = threadIdx.x % 32, g = lane / 4, t = lane % 4;
  for (int i = threadIdx.x / 32; i < eights; i += kOwnerWarps) {
    const Eight eight = get(i);
    const Factor factor = down_of(plan, eight.expert, eight.shared);
    const bf16* inner = reinterpret_cast<const bf16*>(eight.shared ? plan.shared_inner : plan.inner);
    const bf16* from = inner + int64_t(eight.position) * factor.inputs;
    float sum[4] = {};
    if (type_of(plan, eight.shared) == TENON_E4M3) {
      own_rows<TENON_E4M3>(packed, factor, tile, from, eight.count, sum);
    } else {
      own_rows<TENON_BF16>(packed, factor, tile, from, eight.count, sum);
    }
    if (i + kOwnerWarps < eights) {
      const Eight next = get(i + kOwnerWarps);
      ask(packed, down_of(plan, next.expert, next.shared), type_of(plan, next.shared), tile, 0);
    }
#pragma unroll
    for (int j = 0; j < 2; j++) {
      const int token = 2 * t + j;
      if (token >= eight.count) continue;
      const int at = place(eight, token) * 16 + g;
      results[at] = sum[j];
      results[at + 8] = sum[2 + j];
    }
  }
}

// Results are [rows][experts_per_token + 1][16].
__device__ __forceinline__ void sum_owned(const Plan& plan, int tile, int rows, const float* results) {
  const tenon_moe& p = plan.p;
  const int wanted = p.experts_per_token, used = wanted + (plan.shared_items > 0);
  for (int e = threadIdx.x; e < rows * 16; e += kOwnerWarps * 32) {
    const int row = e / 16, output = e % 16;
    float total = 0;
    for (int k = 0; k < used; k++) {
      const int64_t at = int64_t(row) * wanted + k;
      if (k < wanted && plan.ranks[at] < 0) continue;  // not held
      const float weight = k < wanted ? plan.weights[at] : plan.shared_weights[row];
      total = fmaf(weight, results[(row * (wanted + 1) + k) * 16 + output], total);
    }
    reinterpret_cast<bf16*>(p.out)[int64_t(row) * p.hidden + tile * 16 + output] = __float2bfloat16_rn(total);
  }
}

// One block per tile of outputs: its warps share out the items, results of all rows meet in shared memory and are
// summed there. The routing ended before gate_up let this kernel start.
__global__ void __launch_bounds__(kOwnerWarps * 32, 1) down_owned(Plan plan) {
  TENON_DYNAMIC_SHARED(float, results);
  const int tile = blockIdx.x;
  const int rows = *reinterpret_cast<const volatile int32_t*>(plan.p.counts);
  const int shared_eights = plan.shared_items > 0 ? (rows + 7) / 8 : 0, each = plan.tuning.groups;
  const int eights = shared_eights + read_items_count(plan) * each;
  auto get = [&](int i) -> Eight {
    if (i < shared_eights) return {true, 0, i * 8, min(8, rows - i * 8), nullptr};
    const Item item = read_item(plan, (i - shared_eights) / each);
    const int first = (i - shared_eights) % each * 8;
    return {false, item.expert, item.position + first, max(0, min(8, item.count - first)),
            plan.lists + item.expert * plan.p.max_rows + item.first + first};
  };
  uint4 packed[kOwnerLoads];
  if (static_cast<int>(threadIdx.x / 32) < eights) {
    const Eight first = get(threadIdx.x / 32);
    ask(packed, down_of(plan, first.expert, first.shared), type_of(plan, first.shared), tile, 0);
  }
  wait_for_predecessor();
  release_successor();
  const int places = plan.p.experts_per_token + 1;
  own(packed, plan, tile, eights, get, [&](const Eight& eight, int token) {
    const int entry = eight.shared ? (eight.position + token) << kListShift | (places - 1) : eight.list[token];
    return (entry >> kListShift) * places + entry % (1 << kListShift);
  }, results);
  __syncthreads();
  sum_owned(plan, tile, rows, results);
}

template <bool kWide>
__device__ __forceinline__ void add_result(float (&total)[4], const Plan& plan, int64_t position, int piece, float weight) {
  const int64_t at = position * (plan.p.hidden / 4) + piece;
  float value[4];
  if (kWide) {
    const float4 four = reinterpret_cast<const float4*>(plan.partial)[at];
    value[0] = four.x, value[1] = four.y, value[2] = four.z, value[3] = four.w;
  } else {
    const uint2 four = reinterpret_cast<const uint2*>(plan.partial)[at];
    value[0] = __uint_as_float(four.x << 16), value[1] = __uint_as_float(four.x & 0xffff0000u);
    value[2] = __uint_as_float(four.y << 16), value[3] = __uint_as_float(four.y & 0xffff0000u);
  }
#pragma unroll
  for (int i = 0; i < 4; i++) total[i] = fmaf(weight, value[i], total[i]);
}

// Where the results of a row's experts that are held here lie, and their weights, in shared memory; in ascending order of
// experts. Without gaps, so that results can be asked for together.
struct Places {
  int64_t position[kMaxExpertsPerToken];
  float weight[kMaxExpertsPerToken];
  int count;

  // A barrier must follow before other warps read them.
  __device__ void read(const Plan& plan, int row) {
    const int places = plan.p.experts_per_token, lane = threadIdx.x;
    if (lane >= 32) return;
    const int64_t at = int64_t(row) * places + lane;
    const int rank = lane < places ? plan.ranks[at] : -1;
    const unsigned held = __ballot_sync(kAllLanes, rank >= 0);
    if (lane == 0) count = __popc(held);
    if (rank < 0) return;
    const int place = __popc(held & ((1u << lane) - 1));
    position[place] = int64_t(plan.offsets[plan.experts[at] - plan.p.first_expert]) + rank;
    weight[place] = plan.weights[at];
  }
};

// One block per row: the experts' results, times their weights, in ascending order of experts, the shared one last.
template <bool kWide>
__global__ void __launch_bounds__(kThreads) sum_results(Plan plan) {
  __shared__ Places places;
  wait_for_predecessor();
  release_successor();
  const tenon_moe& p = plan.p;
  const int row = blockIdx.x;
  if (row >= rows_of(plan)) return;
  places.read(plan, row);
  __syncthreads();
  for (int piece = threadIdx.x; piece < p.hidden / 4; piece += kThreads) {
    float total[4] = {};
#pragma unroll 5
    for (int k = 0; k < places.count; k++) add_result<kWide>(total, plan, places.position[k], piece, places.weight[k]);
    if (plan.shared_items > 0) add_result<kWide>(total, plan, int64_t(plan.pairs_most) + row, piece, plan.shared_weights[row]);
    reinterpret_cast<uint2*>(p.out)[int64_t(row) * (p.hidden / 4) + piece] =
        make_uint2(two_bf16(total[0], total[1]), two_bf16(total[2], total[3]));
  }
}

}  // namespace tenon::moe
#endif
