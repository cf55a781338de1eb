// Gate and up of up to eight rows: a block takes an expert's 16 gates and 16 ups, all inputs, 64 KB (E4M3, 2048 inputs) in
// shared memory at once, and its eight warps divide the inputs.
#ifndef TENON_MOE_FEW_UNITS_CUH
#define TENON_MOE_FEW_UNITS_CUH

#include "experts.cuh"
#include "few_routing.cuh"

namespace tenon::moe {

// An expert's 16 gates and 16 ups.
struct Unit {
  bool shared;
  int pair;
  FewItem item;
};

__device__ __forceinline__ FewItem shared_item(int rows) { return {0, (1u << rows) - 1, rows, 0}; }

__device__ __forceinline__ int stages_per_warp(int type, int hidden) { return stages_of(type, hidden, 1); }

// Asks for a warp's inputs of a unit's two tiles; lanes copy what they will multiply.
__device__ __forceinline__ void ask_unit(unsigned char* shared, const Plan& plan, const Unit& unit) {
  const int type = type_of(plan, unit.shared), warp = threadIdx.x / 32, lane = threadIdx.x % 32;
  const Factor factor = gate_up_of(plan, unit.item.expert, unit.shared);
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
#pragma unroll
    for (int i = 0; i < 2; i++) add_products<kType>(sum[i], [&](int part) { return weights[(s * 8 + i * 4 + part) * 32]; }, b, scale[i]);
#pragma unroll
    for (int part = 0; part < 4; part++) b[part] = next[part];
    scale[0] = next_scale[0], scale[1] = next_scale[1];
    if (s + 2 < count) ask_rest(next, next_scale, s + 2);
  }
}

__device__ __forceinline__ void multiply_unit(const unsigned char* shared, const Plan& plan, const Unit& unit, float (&sum)[2][4]) {
  const Factor factor = gate_up_of(plan, unit.item.expert, unit.shared);
  const int g = threadIdx.x % 32 / 4;
  const bf16* token = nullptr;
  if (g < unit.item.count) token = reinterpret_cast<const bf16*>(plan.p.x) + int64_t(row_of(unit.item, g)) * plan.p.hidden;
  if (type_of(plan, unit.shared) == TENON_E4M3) {
    multiply_unit<TENON_E4M3>(shared, factor, unit.pair, token, sum);
  } else {
    multiply_unit<TENON_BF16>(shared, factor, unit.pair, token, sum);
  }
}

// between: [warps][2][rows][16]
__device__ __forceinline__ void finish_unit(const Plan& plan, const Unit& unit, const float* between, int most) {
  const int column = threadIdx.x / 16, m = threadIdx.x % 16;
  if (column >= unit.item.count) return;
  float gate = 0, up = 0;
#pragma unroll
  for (int w = 0; w < kWarps; w++) {
    gate += between[((w * 2) * most + column) * 16 + m];
    up += between[((w * 2 + 1) * most + column) * 16 + m];
  }
  const int inner = unit.shared ? plan.p.shared_inner : plan.p.inner;
  bf16* out = reinterpret_cast<bf16*>(unit.shared ? plan.shared_inner : plan.inner);
  out[int64_t(unit.item.position + column) * inner + unit.pair * 16 + m] = __float2bfloat16_rn(silu(gate) * up);
}

}  // namespace tenon::moe
#endif
