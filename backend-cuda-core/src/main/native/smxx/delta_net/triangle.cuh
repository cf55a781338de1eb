// T = (I + A)⁻¹ of a chunk, A strictly lower triangular, by parts of 16×16.
//
// Each warp inverts one part of the diagonal in f32. What lies below follows part by part, a warp for each column of
// parts: T_ij = −T_ii Σ_(j ≤ k < i) A_ik T_kj. It is worked out transposed, so that the sums of one product are, in
// registers, operand A of the next.
#ifndef TENON_DELTA_NET_TRIANGLE_CUH
#define TENON_DELTA_NET_TRIANGLE_CUH

#include "plan.cuh"

namespace tenon::delta {

constexpr int kColumnStride = kPart + 4;  // of a part in f32 by columns, so that a warp's writes fall into different banks

// T in the two forms that its users want: (T diag(β))ᵀ and (T diag(β e^G))ᵀ; each part is a tile.
struct Triangles {
  uint4 by_beta[kTriangleParts * kPartUnits];
  uint4 by_beta_decay[kTriangleParts * kPartUnits];
};

// What the inversion works with: A below the diagonal's parts as operands A, the diagonal's parts of A by columns in f32,
// and those of Tᵀ as tiles.
struct InversionMemory {
  uint4 below[(kTriangleParts - kRowParts) * kPartUnits];
  float diagonal[kRowParts][kPart * kColumnStride];
  uint4 inverted[kRowParts][kPartUnits];
};

// Index of a part among those below the diagonal.
__host__ __device__ __forceinline__ constexpr int below_part(int row, int column) { return triangle_part(row - 1, column); }

// A warp inverts its part of the diagonal, a lane a column of it; both halves of the warp do the same.
__device__ __forceinline__ void invert_diagonal(InversionMemory& m, Triangles& t, const float* betas, const float* beta_decays,
                                                int warp, int lane) {
  const int column = lane & 15;
  const float* a = m.diagonal[warp];
  float x[kPart] = {};  // minus the sum of what is known of A T, then T
#pragma unroll
  for (int s = 0; s < kPart; s++) {
    x[s] = (s == column ? 1.f : 0.f) - x[s];
#pragma unroll
    for (int quad = (s + 1) / 4; quad < kPart / 4; quad++) {
      const float4 b = *reinterpret_cast<const float4*>(a + s * kColumnStride + 4 * quad);
      const float words[4] = {b.x, b.y, b.z, b.w};
#pragma unroll
      for (int i = 0; i < 4; i++) {
        if (4 * quad + i > s) x[4 * quad + i] = fmaf(words[i], x[s], x[4 * quad + i]);
      }
    }
  }
  const bool first_half = lane < 16;
  const float factor = first_half ? betas[kPart * warp + column] : beta_decays[kPart * warp + column];
  uint4* scaled = (first_half ? t.by_beta : t.by_beta_decay) + kPartUnits * triangle_part(warp, warp);
#pragma unroll
  for (int unit = 0; unit < 2; unit++) {
    const float* y = x + 8 * unit;
    scaled[part_unit(column, unit)] = make_uint4(half_pair(factor * y[0], factor * y[1]), half_pair(factor * y[2], factor * y[3]),
                                                 half_pair(factor * y[4], factor * y[5]), half_pair(factor * y[6], factor * y[7]));
    if (first_half) {
      m.inverted[warp][part_unit(column, unit)] = make_uint4(half_pair(y[0], y[1]), half_pair(y[2], y[3]), half_pair(y[4], y[5]),
                                                             half_pair(y[6], y[7]));
    }
  }
}

// A warp's column of parts below the diagonal, once all of the diagonal is inverted.
__device__ __forceinline__ void invert_below(const InversionMemory& m, Triangles& t, const float* betas, const float* beta_decays,
                                             int warp, int lane) {
  const int tile_unit = part_unit(lane & 15, lane >> 4);
  uint4 known[kRowParts];  // T_kjᵀ
  uint32_t diagonal[4];
  load_matrices(diagonal, m.inverted[warp] + tile_unit);
#pragma unroll
  for (int k = 0; k < kRowParts; k++) known[k] = make_uint4(diagonal[0], diagonal[1], diagonal[2], diagonal[3]);
  const int column = kPart * warp + lane / 4;
  const float beta[2] = {betas[column], betas[column + 8]}, beta_decay[2] = {beta_decays[column], beta_decays[column + 8]};
#pragma unroll
  for (int i = 1; i < kRowParts; i++) {
    if (i <= warp) continue;
    float sum[2][4] = {}, below[2][4] = {};
#pragma unroll
    for (int k = 0; k < i; k++) {
      if (k < warp) continue;
      const uint4 a = m.below[kPartUnits * below_part(i, k) + lane];
      multiply(sum[0], known[k], a.x, a.z);
      multiply(sum[1], known[k], a.y, a.w);
    }
    uint32_t b[4];
    load_matrices_transposed(b, m.inverted[i] + tile_unit);
    const uint4 negated = as_operand(sum[0], sum[1], -1.f);
    multiply(below[0], negated, b[0], b[1]);
    multiply(below[1], negated, b[2], b[3]);
    known[i] = as_operand(below[0], below[1]);
#pragma unroll
    for (int half = 0; half < 2; half++) {
#pragma unroll
      for (int unit = 0; unit < 2; unit++) {
        const int word = 4 * (kPartUnits * triangle_part(i, warp) + part_unit(lane / 4 + 8 * half, unit)) + (lane & 3);
        const float first = below[unit][2 * half], second = below[unit][2 * half + 1];
        reinterpret_cast<uint32_t*>(t.by_beta)[word] = half_pair(beta[half] * first, beta[half] * second);
        reinterpret_cast<uint32_t*>(t.by_beta_decay)[word] = half_pair(beta_decay[half] * first, beta_decay[half] * second);
      }
    }
  }
}

// A triangle times 16 columns of a tile from `unit` on; a warp. Stores the parts as operands A, `stride` units apart.
__device__ __forceinline__ void multiply_triangle(const uint4* triangle, const uint4* tile, int units, int unit, uint4* to,
                                                  int stride, int lane) {
  const int tile_row = lane & 15, tile_unit = unit + (lane >> 4);
  const int part = part_unit((lane & 7) + (lane >> 4) * 8, lane >> 3 & 1);
  float sum[kRowParts][2][4] = {};
#pragma unroll
  for (int k = 0; k < kRowParts; k++) {
    uint32_t b[4];
    load_matrices_transposed(b, tile + swizzled(kPart * k + tile_row, tile_unit, units));
#pragma unroll
    for (int row = k; row < kRowParts; row++) {
      uint32_t a[4];
      load_matrices_transposed(a, triangle + kPartUnits * triangle_part(row, k) + part);
      mma_f16(sum[row][0], a, b[0], b[1]);
      mma_f16(sum[row][1], a, b[2], b[3]);
    }
  }
#pragma unroll
  for (int row = 0; row < kRowParts; row++) to[row * stride + lane] = as_operand(sum[row][0], sum[row][1]);
}

}  // namespace tenon::delta

#endif
