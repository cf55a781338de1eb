// Products of warpgroups (sm_90a) over 64 positions of bf16 and heads of 256: operands' places, scores, weighted values.
#ifndef TENON_ATTENTION_WARPGROUP_STEPS_CUH
#define TENON_ATTENTION_WARPGROUP_STEPS_CUH

#include "../../device/warpgroup.cuh"
#include "pages.cuh"

namespace tenon::attention {

constexpr int kWarpgroupStep = 64;

// Rows of 256 dims of bf16 as four panels of kRows rows.
template <int kRows>
struct Panels {
  static constexpr int kRowBytes = 512;
  static constexpr int kChunks = 32;
  static constexpr int kPanelBytes = kRows * 128;
  static constexpr int kBytes = 4 * kPanelBytes;
  static __device__ __forceinline__ int offset(int row, int chunk) { return chunk / 8 * kPanelBytes + panel_offset(row, chunk % 8); }
};

#if defined(TENON_EMULATED) || defined(__CUDA_ARCH_FEAT_SM90_ALL)

// Begins the products of the scores of a step; `queries` are the warpgroup's 64 rows among panels of kRows.
template <int kRows>
__device__ __forceinline__ void begin_scores(float (&score)[8][4], const unsigned char* queries, const unsigned char* keys) {
#pragma unroll
  for (int part = 0; part < 16; part++) {
    warpgroup_scores<kRows>(score, queries + part / 4 * Panels<kRows>::kPanelBytes,
                     keys + part / 4 * Panels<kWarpgroupStep>::kPanelBytes, part % 4 * 16, part > 0);
  }
  warpgroup_commit();
}

// Begins the products of the weights of a step and its values.
__device__ __forceinline__ void begin_values(float (&sum)[32][4], const uint32_t (&chance)[4][4], const unsigned char* values) {
#pragma unroll
  for (int step = 0; step < 4; step++) {
    warpgroup_values(sum, chance[step], values, step * 16, Panels<kWarpgroupStep>::kPanelBytes);
  }
  warpgroup_commit();
}

__device__ __forceinline__ void pack_weights(const float (&score)[8][4], uint32_t (&chance)[4][4]) {
#pragma unroll
  for (int step = 0; step < 4; step++) {
#pragma unroll
    for (int i = 0; i < 4; i++) {
      const float(&from)[4] = score[2 * step + i / 2];
      chance[step][i] = pack_bf16(from[i % 2 * 2], from[i % 2 * 2 + 1]);
    }
  }
}

#endif

}  // namespace tenon::attention
#endif
