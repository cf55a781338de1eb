// Adds a block's output to the residual stream and normalises the sum: one block of threads per row, 8 elements each.
//
// At one row this stands between any two blocks of the model, so it is all latency: the norm's factors are there before
// the kernel ahead has ended, every other load is issued at once after it, and there is one barrier.
#include "../entry_points.h"
#include "norm.cuh"

namespace {

using namespace tenon;
using namespace tenon::elementwise;

template <bool kRanks>
__global__ void __launch_bounds__(kMostNormWarps * 32) add_norm(const __grid_constant__ tenon_add_norm p) {
  __shared__ float squares[kMostNormWarps];
  __shared__ uint32_t number;
  const int first = threadIdx.x * kPiece;
  const int64_t row = blockIdx.x;
  const bool real = first < p.hidden;
  float scale[kPiece] = {}, sum[kPiece] = {}, added[kPiece] = {};
  if (real) load8(reinterpret_cast<const float*>(p.scale) + first, scale);
  release_successor();
  wait_for_predecessor();
  const RowSum<kRanks> exchange(p);
  const int rows = *reinterpret_cast<const int32_t*>(p.counts);
  if (real && !p.start) load8(residual_of(p, row), sum);
  if (real && p.pending) {
    widen(*reinterpret_cast<const uint4*>(reinterpret_cast<const __nv_bfloat16*>(p.pending) + row * p.hidden + first), added);
  }
  if (row >= rows) return exchange.leave(p, rows);
  exchange.add(p, row, added, &number);
  add_and_normalise(p, row, sum, added, scale, p.start || p.pending, squares);
}

}  // namespace

int tenon_add_norm_launch(const void* params, void* stream) {
  const tenon_add_norm& p = *static_cast<const tenon_add_norm*>(params);
  if (!norm_is_possible(p)) return cudaErrorInvalidValue;
  if (p.max_rows == 0) return cudaSuccess;
  return enqueue(p.peers.ranks ? add_norm<true> : add_norm<false>, static_cast<unsigned>(p.max_rows), norm_threads(p), 0, stream, Start::EARLY, p);
}
