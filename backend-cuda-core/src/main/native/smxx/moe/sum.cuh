// The second product where a block owns 16 outputs, and the sum over a row's experts.
#ifndef TENON_MOE_SUM_CUH
#define TENON_MOE_SUM_CUH

#include "experts.cuh"

namespace tenon::moe {

constexpr int kOwnerWarps = 12;
constexpr int kOwnerLoads = 16;  // 16-byte words of weights that a lane asks for at once

// y[row's place][16] of the first eight or fewer of `count` rows at `from`, for one tile of outputs.
template <int kType>
__device__ __forceinline__ void own_rows(const Factor& factor, int tile, const bf16* from, int count, float (&sum)[4]) {
  constexpr int kParts = kType == TENON_E4M3 ? 4 : 8;     // words of a stretch of 128 inputs
  constexpr int kStretches = kOwnerLoads / kParts;
  constexpr int kEach = kType == TENON_E4M3 ? 8 : 4;      // inputs of a lane in a word
  const int lane = threadIdx.x % 32, g = lane / 4, t = lane % 4;
  const int stretches = (factor.inputs + kStretch - 1) / kStretch;
  const uint4* weights = factor.data + int64_t(tile) * stretches * kParts * 32 + lane;
  const bf16* token = from + int64_t(g) * factor.inputs + t * kEach;
  for (int first = 0; first < stretches; first += kStretches) {
    uint4 packed[kOwnerLoads];
#pragma unroll
    for (int i = 0; i < kOwnerLoads; i++) {
      packed[i] = first + i / kParts < stretches ? stream_load(weights + (first * kParts + i) * 32) : uint4{0, 0, 0, 0};
    }
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
      if (kType == TENON_E4M3) {
        float partial[4] = {};
#pragma unroll
        for (int part = 0; part < kParts; part++) {
          FragmentA low, high;
          unpack(packed[s * kParts + part], low, high);
          mma_bf16(partial, low.word, b[part].x, b[part].y);
          mma_bf16(partial, high.word, b[part].z, b[part].w);
        }
        const float scale = first + s < stretches ? factor.scales[int64_t(tile) * stretches + first + s] : 0.0f;
#pragma unroll
        for (int c = 0; c < 4; c++) sum[c] += scale * partial[c];
      } else {
#pragma unroll
        for (int part = 0; part < kParts; part++) {
          const uint4 word = packed[s * kParts + part];
          const uint32_t a[4] = {word.x, word.y, word.z, word.w};
          mma_bf16(sum, a, b[part].x, b[part].y);
        }
      }
    }
  }
}

__device__ __forceinline__ void own_rows(int type, const Factor& factor, int tile, const bf16* from, int count, float (&sum)[4]) {
  if (type == TENON_E4M3) {
    own_rows<TENON_E4M3>(factor, tile, from, count, sum);
  } else {
    own_rows<TENON_BF16>(factor, tile, from, count, sum);
  }
}

// One block per tile of outputs: its warps share out the items, results of all rows meet in shared memory
// [rows][experts_per_token + 1][16], and are summed there.
__global__ void __launch_bounds__(kOwnerWarps * 32, 1) down_owned(Plan plan) {
  TENON_DYNAMIC_SHARED(float, results);
  const tenon_moe& p = plan.p;
  wait_for_predecessor();
  release_successor();
  const int rows = rows_of(plan), tile = blockIdx.x, places = p.experts_per_token + 1;
  const int warp = threadIdx.x / 32, lane = threadIdx.x % 32, g = lane / 4, t = lane % 4;
  const int shared_eights = plan.shared_items > 0 ? (rows + 7) / 8 : 0;
  const int items = *plan.items_count, eights = plan.tuning.groups;  // of an item
  for (int i = warp; i < shared_eights + items * eights; i += kOwnerWarps) {
    const bool is_shared = i < shared_eights;
    const int eight = is_shared ? i : (i - shared_eights) % eights;
    Item item = {0, 0, rows, 0};
    if (!is_shared) item = plan.items[(i - shared_eights) / eights];
    const int count = min(8, item.count - eight * 8);
    if (count <= 0) continue;
    const bf16* inner = reinterpret_cast<const bf16*>(is_shared ? plan.shared_inner : plan.inner);
    const Factor factor = down_of(plan, item.expert, is_shared);
    float sum[4] = {};
    own_rows(is_shared ? p.shared_type : p.type, factor, tile, inner + int64_t(item.position + eight * 8) * factor.inputs, count, sum);
    const int32_t* list = plan.lists + item.expert * p.max_rows + item.first + eight * 8;
#pragma unroll
    for (int j = 0; j < 2; j++) {
      const int token = 2 * t + j;
      if (token >= count) continue;
      const int entry = is_shared ? (eight * 8 + token) << kListShift | (places - 1) : list[token];
      const int place = (entry >> kListShift) * places + entry % (1 << kListShift);
      results[place * 16 + g] = sum[j];
      results[place * 16 + g + 8] = sum[2 + j];
    }
  }
  __syncthreads();
  for (int e = threadIdx.x; e < rows * 16; e += kOwnerWarps * 32) {
    const int row = e / 16, output = e % 16;
    float total = 0;
    for (int k = 0; k < p.experts_per_token; k++) {
      const int64_t at = int64_t(row) * p.experts_per_token + k;
      if (plan.ranks[at] >= 0) total = fmaf(plan.weights[at], results[(row * places + k) * 16 + output], total);
    }
    if (shared_eights > 0) total = fmaf(plan.shared_weights[row], results[(row * places + places - 1) * 16 + output], total);
    reinterpret_cast<bf16*>(p.out)[int64_t(row) * p.hidden + tile * 16 + output] = __float2bfloat16_rn(total);
  }
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

// One block per row: the experts' results, times their weights, in ascending order of experts, the shared one last.
template <bool kWide>
__global__ void __launch_bounds__(kThreads) sum_results(Plan plan) {
  __shared__ int64_t position[kMaxExpertsPerToken];
  __shared__ float weight[kMaxExpertsPerToken];
  wait_for_predecessor();
  release_successor();
  const tenon_moe& p = plan.p;
  const int row = blockIdx.x, places = p.experts_per_token;
  if (row >= rows_of(plan)) return;
  if (threadIdx.x < places) {
    const int64_t at = int64_t(row) * places + threadIdx.x;
    const int rank = plan.ranks[at];
    position[threadIdx.x] = rank < 0 ? -1 : int64_t(plan.offsets[plan.experts[at] - p.first_expert]) + rank;
    weight[threadIdx.x] = plan.weights[at];
  }
  __syncthreads();
  for (int piece = threadIdx.x; piece < p.hidden / 4; piece += kThreads) {
    float total[4] = {};
#pragma unroll 5
    for (int k = 0; k < places; k++) {
      if (position[k] >= 0) add_result<kWide>(total, plan, position[k], piece, weight[k]);
    }
    if (plan.shared_items > 0) add_result<kWide>(total, plan, int64_t(plan.pairs_most) + row, piece, plan.shared_weights[row]);
    reinterpret_cast<uint2*>(p.out)[int64_t(row) * (p.hidden / 4) + piece] =
        make_uint2(two_bf16(total[0], total[1]), two_bf16(total[2], total[3]));
  }
}

}  // namespace tenon::moe
#endif
