// A row of the residual stream takes a block's output in, and its norm is left: what kernels that end so share.
#ifndef TENON_ELEMENTWISE_NORM_CUH
#define TENON_ELEMENTWISE_NORM_CUH

#include "../exchange/row_sum.cuh"

namespace tenon::elementwise {

constexpr int kMostNormWarps = 32;
constexpr int kMostNormed = kMostNormWarps * 32 * kPiece;  // hidden

inline bool norm_is_possible(const tenon_add_norm& p) {
  return p.hidden % kPiece == 0 && p.hidden >= kPiece && p.hidden <= kMostNormed && p.normed_stride % kPiece == 0 && p.normed % 16 == 0 &&
         p.residual % 16 == 0 && p.pending % 16 == 0 && p.scale % 16 == 0 &&
         (!p.peers.ranks || (p.pending && exchange::row_sum_is_possible(p.peers, p.max_rows, p.hidden)));
}

// A thread for each piece of a row.
inline unsigned norm_threads(const tenon_add_norm& p) { return (p.hidden / kPiece + 31) / 32 * 32; }

__device__ __forceinline__ float* residual_of(const tenon_add_norm& p, int64_t row) {
  return reinterpret_cast<float*>(p.residual) + row * p.hidden + threadIdx.x * kPiece;
}

// What a block knows of a sum over ranks that its row takes part in, where there is one.
template <bool kRanks>
struct RowSum {
  exchange::Ticket ticket = 0;

  // After the kernel ahead has ended, by all threads of all blocks; then one of the others.
  __device__ __forceinline__ explicit RowSum(const tenon_add_norm& p) {
    if (kRanks) ticket = exchange::take_ticket(p.peers);
  }
  __device__ __forceinline__ void leave(const tenon_add_norm& p, int rows) const {
    if (kRanks) exchange::give_ticket_back(p.peers, ticket, rows > 0);
  }
  __device__ __forceinline__ void add(const tenon_add_norm& p, int64_t row, float (&added)[kPiece], uint32_t* shared) const {
    if (kRanks) exchange::sum_row(p.peers, ticket, row, p.hidden, added, shared);
  }
};

// By all threads of a block; those beyond the row have zeros. squares: shared, a word for each warp.
__device__ __forceinline__ void add_and_normalise(const tenon_add_norm& p, int64_t row, float (&sum)[kPiece], const float (&added)[kPiece],
                                                  const float (&scale)[kPiece], bool changes, float* squares) {
  const int first = threadIdx.x * kPiece, warps = blockDim.x / 32;
  const bool real = first < p.hidden;
  float square = 0;
#pragma unroll
  for (int i = 0; i < kPiece; i++) {
    sum[i] += added[i];
    square += sum[i] * sum[i];
  }
  if (real && changes) store8(residual_of(p, row), sum);
#pragma unroll
  for (int step = 16; step > 0; step /= 2) square += __shfl_xor_sync(0xffffffffu, square, step);
  if (threadIdx.x % 32 == 0) squares[threadIdx.x / 32] = square;
  __syncthreads();
  float total = 0;
  for (int i = 0; i < warps; i++) total += squares[i];
  const float factor = rsqrtf(total / static_cast<float>(p.hidden) + static_cast<float>(p.epsilon));
#pragma unroll
  for (int i = 0; i < kPiece; i++) sum[i] = sum[i] * factor * scale[i];
  if (real) {
    __nv_bfloat16* normed = reinterpret_cast<__nv_bfloat16*>(p.normed) + row * p.normed_stride + first;
    *reinterpret_cast<uint4*>(normed) = narrow(sum);
  }
}

}  // namespace tenon::elementwise
#endif
