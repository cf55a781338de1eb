// The chunked form's first kernel: what a chunk of 64 rows needs that does not depend on the state before it.
//
// A block works on a key head of a chunk and, one after another, on the value heads that share it. With G the running sum
// of log decays within the chunk, D_ij = e^(G_i − G_j) for i ≥ j and 0 elsewhere, and unit vectors K and Q:
//
//   A = below the diagonal of diag(β)·(K Kᵀ ⊙ D),   T = (I + A)⁻¹,   P = (Q Kᵀ ⊙ D) / √key_dim
//   U = T diag(β) V,   W = T diag(β e^G) K
//
// Rows beyond the end of a prompt are zero with β = 0 and no decay, which changes nothing.
#ifndef TENON_DELTA_NET_PREPARE_CUH
#define TENON_DELTA_NET_PREPARE_CUH

#include "convolve.cuh"
#include "triangle.cuh"

namespace tenon::delta {

constexpr int kPrepareThreads = 32 * kRowParts;

template <int KeyDim>
struct PrepareMemory {
  uint4 k[kChunk * KeyDim / 8];
  union {  // Q is used up before there are values
    uint4 q[kChunk * KeyDim / 8];
    uint4 v[kChunk * kMostValueDim / 8];
  };
  Triangles triangles;
  InversionMemory inversion;
  float log_sums[kChunk], betas[kChunk], beta_decays[kChunk];  // G in powers of 2, β, β e^G
};

// Running sums of log decays and β of a chunk, to shared memory and, as their users want them, to the workspace; a warp.
__device__ __forceinline__ void make_gates(const tenon_delta_net& p, const Head& head, const Chunk& chunk, float* log_sums, float* betas,
                                           float* beta_decays, float* factors) {
  const int lane = threadIdx.x & 31;
  float log_gate[2], beta[2];
#pragma unroll
  for (int i = 0; i < 2; i++) {
    const int row = 2 * lane + i;
    log_gate[i] = beta[i] = 0.f;
    if (row < chunk.rows) {
      const float* from = head.gate_inputs(p, chunk.sequence.first + chunk.first_row + row);
      beta[i] = sigmoid(from[0]);
      log_gate[i] = log_decay(at<const float>(p.decay_log)[head.index], from[head.repeat], at<const float>(p.time_bias)[head.index]);
    }
  }
  float sum = log_gate[0] + log_gate[1];
#pragma unroll
  for (int step = 1; step < 32; step <<= 1) {
    const float other = __shfl_up_sync(0xffffffffu, sum, step);
    if (lane >= step) sum += other;
  }
  const float last = __shfl_sync(0xffffffffu, sum, 31);
  float before = __shfl_up_sync(0xffffffffu, sum, 1);
  if (lane == 0) before = 0.f;
  const float upto[2] = {before + log_gate[0], sum};
#pragma unroll
  for (int i = 0; i < 2; i++) {
    const int row = 2 * lane + i;
    const float decay = expf(upto[i]);
    log_sums[row] = kLog2E * upto[i];
    betas[row] = beta[i];
    beta_decays[row] = beta[i] * decay;
    factors[row] = decay;
    factors[kChunk + row] = expf(last - upto[i]);
  }
}

// A warp's 16 rows of K Kᵀ and Q Kᵀ / √key_dim up to the diagonal, the latter in f16: P is no more, and there are few
// registers. Q goes to the workspace as it passes.
template <int KeyDim>
__device__ __forceinline__ void multiply_keys(const PrepareMemory<KeyDim>& m, float (&kk)[kChunk / 8][4], uint32_t (&qk)[kChunk / 8][2],
                                              uint4* queries, int warp, int lane) {
  constexpr int kUnits = KeyDim / 8;
  float sums[kChunk / 8][4] = {};
  const int a_row = kPart * warp + (lane & 15), a_unit = lane >> 4;
  const int b_row = (lane & 7) + (lane >> 4) * 8, b_unit = lane >> 3 & 1;
#pragma unroll
  for (int step = 0; step < KeyDim / kPart; step++) {
    uint32_t k[4], q[4];
    load_matrices(k, m.k + swizzled(a_row, 2 * step + a_unit, kUnits));
    load_matrices(q, m.q + swizzled(a_row, 2 * step + a_unit, kUnits));
    queries[kPartUnits * step + lane] = make_uint4(q[0], q[1], q[2], q[3]);
#pragma unroll
    for (int n = 0; n < kRowParts; n++) {
      if (n > warp) continue;
      uint32_t b[4];
      load_matrices(b, m.k + swizzled(kPart * n + b_row, 2 * step + b_unit, kUnits));
      mma_f16(kk[2 * n], k, b[0], b[1]);
      mma_f16(sums[2 * n], q, b[0], b[1]);
      mma_f16(kk[2 * n + 1], k, b[2], b[3]);
      mma_f16(sums[2 * n + 1], q, b[2], b[3]);
    }
  }
  const float query_scale = rsqrtf(static_cast<float>(KeyDim));
#pragma unroll
  for (int n = 0; n < kChunk / 8; n++) {
#pragma unroll
    for (int i = 0; i < 2; i++) qk[n][i] = half_pair(query_scale * sums[n][2 * i], query_scale * sums[n][2 * i + 1]);
  }
}

// A warp's 16 rows of Kᵀ, to the workspace.
template <int KeyDim>
__device__ __forceinline__ void store_keys(const PrepareMemory<KeyDim>& m, uint4* keys, int warp, int lane) {
#pragma unroll
  for (int part = 0; part < KeyDim / kPart; part++) {
    uint32_t k[4];
    load_matrices_transposed(k, m.k + swizzled(kPart * warp + (lane & 7) + (lane >> 4) * 8, 2 * part + (lane >> 3 & 1), KeyDim / 8));
    keys[kPartUnits * (kRowParts * part + warp) + lane] = make_uint4(k[0], k[1], k[2], k[3]);
  }
}

// A warp's 16 rows of P, to the workspace, and of A.
template <int KeyDim>
__device__ __forceinline__ void make_scores(PrepareMemory<KeyDim>& m, const float (&kk)[kChunk / 8][4], const uint32_t (&qk)[kChunk / 8][2],
                                            uint4* scores, int warp, int lane) {
  const int row = kPart * warp + lane / 4, column_in_part = 2 * (lane & 3);
  const float sum[2] = {m.log_sums[row], m.log_sums[row + 8]}, beta[2] = {m.betas[row], m.betas[row + 8]};
#pragma unroll
  for (int part = 0; part < kRowParts; part++) {
    if (part > warp) continue;
    float a[2][4], p[2][4];
#pragma unroll
    for (int half = 0; half < 2; half++) {
      const float2 unfaded[2] = {from_half_pair(qk[2 * part + half][0]), from_half_pair(qk[2 * part + half][1])};
      const float2 at_columns = load2(m.log_sums + kPart * part + 8 * half + column_in_part);
#pragma unroll
      for (int i = 0; i < 4; i++) {
        const int column = kPart * part + 8 * half + column_in_part + (i & 1), own = row + (i >> 1) * 8;
        const float decay = column <= own ? power_of_two(sum[i >> 1] - (i % 2 == 0 ? at_columns.x : at_columns.y)) : 0.f;
        p[half][i] = decay * (i % 2 == 0 ? unfaded[i >> 1].x : unfaded[i >> 1].y);
        a[half][i] = column < own ? beta[i >> 1] * kk[2 * part + half][i] * decay : 0.f;
      }
    }
    scores[kPartUnits * triangle_part(warp, part) + lane] = as_operand(p[0], p[1]);
    if (part < warp) {
      m.inversion.below[kPartUnits * triangle_part(warp - 1, part) + lane] = as_operand(a[0], a[1]);
    } else {
      float* to = m.inversion.diagonal[warp] + column_in_part * kColumnStride + lane / 4;
#pragma unroll
      for (int half = 0; half < 2; half++) {
#pragma unroll
        for (int i = 0; i < 4; i++) to[(8 * half + (i & 1)) * kColumnStride + (i >> 1) * 8] = a[half][i];
      }
    }
  }
  __syncwarp();
}

// Four blocks have room on a multiprocessor; heads of fewer keys get along with three, and registers that they need on Ampere.
template <int KeyDim>
__global__ void __launch_bounds__(kPrepareThreads, KeyDim == 128 ? 4 : 3) delta_prepare(const tenon_delta_net p, const Space space, int segment_first) {
  TENON_DYNAMIC_SHARED(PrepareMemory<KeyDim>, memory);
  constexpr int kKeyParts = KeyDim / kPart;
  PrepareMemory<KeyDim>& m = *memory;
  release_successor();
  wait_for_predecessor();
  const int in_segment = blockIdx.z, index = segment_first + in_segment;
  if (index >= space.plan[0]) return;
  const Chunk chunk(p.rows, space, index);
  const int lane = threadIdx.x & 31, warp = threadIdx.x >> 5;
  const int key_head = blockIdx.y, repeat = static_cast<int>(p.value_heads) / static_cast<int>(gridDim.y);
  const int by_key_head = in_segment * gridDim.y + key_head;
  const Head shared(p, key_head, 0, repeat);

  make_unit_rows<KeyDim>(p, shared, chunk, KeyDim, reinterpret_cast<uint32_t*>(m.k));
  make_unit_rows<KeyDim>(p, shared, chunk, 0, reinterpret_cast<uint32_t*>(m.q));
  __syncthreads();
  float kk[kChunk / 8][4] = {};
  uint32_t qk[kChunk / 8][2];
  multiply_keys<KeyDim>(m, kk, qk, space.queries + kPartUnits * kKeyParts * (kRowParts * by_key_head + warp), warp, lane);
  store_keys<KeyDim>(m, space.keys + kPartUnits * kKeyParts * kRowParts * by_key_head, warp, lane);

#pragma unroll 1
  for (int in_group = 0; in_group < repeat; in_group++) {
    // worked out again for each head: kept around the loop, it and what follows from it would take too many registers
    const int lane = again(threadIdx.x) & 31, warp = again(threadIdx.x) >> 5;
    const Head head(p, again(blockIdx.y), in_group, repeat);
    const int by_value_head = again(blockIdx.z) * head.heads + head.index;
    if (warp == kRowParts - 1) {  // which has no part below its part of the diagonal
      make_gates(p, head, chunk, m.log_sums, m.betas, m.beta_decays, space.factors + 2 * kChunk * by_value_head);
    }
    __syncthreads();
    make_scores<KeyDim>(m, kk, qk, space.scores + kPartUnits * kTriangleParts * by_value_head, warp, lane);
    invert_diagonal(m.inversion, m.triangles, m.betas, m.beta_decays, warp, lane);
    make_values(p, head, chunk, reinterpret_cast<uint32_t*>(m.v), warp, lane);
    __syncthreads();
    invert_below(m.inversion, m.triangles, m.betas, m.beta_decays, warp, lane);
    __syncthreads();
    uint4* corrections = space.corrections + kPartUnits * kRowParts * kKeyParts * by_value_head;
#pragma unroll 1
    for (int part = warp; part < kKeyParts; part += kRowParts) {
      multiply_triangle(m.triangles.by_beta_decay, m.k, KeyDim / 8, 2 * part, corrections + kPartUnits * part, kPartUnits * kKeyParts, lane);
    }
    uint4* values = space.values + kPartUnits * kRowParts * (head.value_dim / kPart) * by_value_head;
#pragma unroll 1
    for (int part = warp; part < head.value_dim / kPart; part += kRowParts) {
      multiply_triangle(m.triangles.by_beta, m.v, kMostValueDim / 8, 2 * part,
                        values + kPartUnits * (2 * kRowParts * (part / 2) + part % 2), 2 * kPartUnits, lane);
    }
  }
}

}  // namespace tenon::delta

#endif
