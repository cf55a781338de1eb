// Operands of transposed products, whose rows are positions or dims and whose 8 columns are (row, head) pairs.
//
//   scores   16 positions × 8 pairs  +=  keys (A: 16 positions × 16 dims) · queries (B: 16 dims × 8 pairs)
//   sums     16 dims × 8 pairs       +=  values (A: 16 dims × 16 positions) · weights (B: 16 positions × 8 pairs)
//
// Weights come out of the scores with a position per row and go in with a position per column: turned() between them.
// Of E4M3, operand A of the scores holds dims in the order that pages.cuh describes; its values' rows g and g + 8 are
// dims 2g and 2g + 1.
#ifndef TENON_ATTENTION_TRANSPOSED_CUH
#define TENON_ATTENTION_TRANSPOSED_CUH

#include "pages.cuh"

namespace tenon::attention {

constexpr int kColumns = 8;  // pairs of a tile

// Positions that are copied at once; keys or values of them take as much room as the sums of a tile.
template <int kDim, int kType>
struct Unit {
  static constexpr int kPositions = kType == TENON_E4M3 ? 32 : 16;
  static constexpr int kHalf = kPositions * Form<kDim, kType>::kRowBytes;
  static_assert(kHalf == kDim * kColumns * 4, "sums fit into what values leave");
};

// Transposes 8×8 elements of 16 bits: lane (g, t) gives row g, columns 2t 2t + 1 and gets rows 2t 2t + 1 of column g.
__device__ __forceinline__ uint32_t turned(uint32_t word) {
#if defined(TENON_EMULATED)
  const int lane = threadIdx.x % 32, g = lane / 4, t = lane % 4;
  const uint32_t low = __shfl_sync(0xffffffffu, word, 2 * t * 4 + g / 2);
  const uint32_t high = __shfl_sync(0xffffffffu, word, (2 * t + 1) * 4 + g / 2);
  return g % 2 ? low >> 16 | (high & 0xffff0000u) : (low & 0xffffu) | high << 16;
#else
  uint32_t result;
  asm volatile("movmatrix.sync.aligned.m8n8.trans.b16 %0, %1;" : "=r"(result) : "r"(word));
  return result;
#endif
}

// Keys as operand A: one load serves kProducts products of 16 dims.
template <int kDim, int kType>
struct KeyRows {
  using F = Form<kDim, kType>;
  static constexpr int kProducts = kType == TENON_E4M3 ? 2 : 1;
  int own;  // the lane's place in the first load
  __device__ __forceinline__ explicit KeyRows(int lane) : own(F::offset(lane % 16, lane / 16)) {}
  __device__ __forceinline__ void load(uint32_t (&word)[4], const unsigned char* keys, int sixteen, int part) const {
    load_matrices(word, keys + sixteen * 16 * F::kRowBytes + (own ^ part * 32));
  }
  static __device__ __forceinline__ void operand(const uint32_t (&word)[4], int i, uint32_t (&a)[4]) {
    if (kType == TENON_E4M3) {
      a[0] = widened(word[2 * i & 3]);
      a[1] = widened(word[(2 * i + 1) & 3]);
      a[2] = widened(word[2 * i & 3] << 8);
      a[3] = widened(word[(2 * i + 1) & 3] << 8);
    } else {
#pragma unroll
      for (int m = 0; m < 4; m++) a[m] = word[m];
    }
  }
};

// Values as operand A: one load serves kProducts products of 16 dims.
template <int kDim, int kType>
struct ValueColumns {
  using F = Form<kDim, kType>;
  static constexpr int kProducts = kType == TENON_E4M3 ? 2 : 1;
  int own;
  __device__ __forceinline__ explicit ValueColumns(int lane)
      : own(kType == TENON_E4M3 ? F::offset(lane % 16, lane / 16) : F::offset(lane / 16 * 8 + lane % 8, lane / 8 % 2)) {}
  __device__ __forceinline__ void load(uint32_t (&word)[4], const unsigned char* values, int sixteen, int part) const {
    load_matrices_transposed(word, values + sixteen * 16 * F::kRowBytes + (own ^ part * 32));
  }
  static __device__ __forceinline__ void operand(const uint32_t (&word)[4], int i, uint32_t (&a)[4]) {
    if (kType == TENON_E4M3) {
      a[0] = widened(word[2 * i & 3] << 8);
      a[1] = widened(word[2 * i & 3]);
      a[2] = widened(word[(2 * i + 1) & 3] << 8);
      a[3] = widened(word[(2 * i + 1) & 3]);
    } else {
#pragma unroll
      for (int m = 0; m < 4; m++) a[m] = word[m];
    }
  }
  // Makes neighbouring dims of pairs 2t and 2t + 1 of a lane's sums; they begin at dim_of() of the 16.
  static __device__ __forceinline__ void pairs_of(const float4& sum, int lane, float2 (&value)[2]) {
    if (kType == TENON_E4M3) {
      value[0] = {sum.x, sum.z};
      value[1] = {sum.y, sum.w};
      return;
    }
    const bool odd = lane / 4 % 2;
    const float low = __shfl_xor_sync(0xffffffffu, odd ? sum.x : sum.z, 4);
    const float high = __shfl_xor_sync(0xffffffffu, odd ? sum.y : sum.w, 4);
    value[0] = odd ? float2{low, sum.z} : float2{sum.x, low};
    value[1] = odd ? float2{high, sum.w} : float2{sum.y, high};
  }
  static __device__ __forceinline__ int dim_of(int lane) {
    const int g = lane / 4;
    return kType == TENON_E4M3 ? 2 * g : (g & ~1) + g % 2 * 8;
  }
};

}  // namespace tenon::attention
#endif
