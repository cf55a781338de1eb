// y = silu(gate) ⊙ up, of products whose outputs alternate by tiles of 16: 16 of gate, 16 of up, and so on.
#include "../../abi/kernel_table.h"
#include "../entry_points.h"
#include "pieces.cuh"

namespace {

using namespace tenon;
using namespace tenon::elementwise;

constexpr int kThreads = 128;

__global__ void __launch_bounds__(kThreads) silu_product(tenon_silu_product p, int blocks_per_row) {
  release_successor();
  wait_for_predecessor();
  const int64_t row = blockIdx.x / blocks_per_row;
  const int piece = blockIdx.x % blocks_per_row * kThreads + threadIdx.x;
  if (row >= *reinterpret_cast<const int32_t*>(p.counts) || piece * kPiece >= p.inner) return;
  // a tile of gate is two pieces, the same tile of up the next two
  const uint4* from = reinterpret_cast<const uint4*>(p.gate_up) + row * (p.inner / 4) + piece / 2 * 4 + piece % 2;
  float gate[kPiece], up[kPiece];
  widen(from[0], gate);
  widen(from[2], up);
#pragma unroll
  for (int i = 0; i < kPiece; i++) up[i] *= gate[i] / (1.0f + __expf(-gate[i]));
  reinterpret_cast<uint4*>(p.y)[row * (p.inner / kPiece) + piece] = narrow(up);
}

}  // namespace

int tenon_silu_product_launch(const void* params, void* stream) {
  const tenon_silu_product& p = *static_cast<const tenon_silu_product*>(params);
  const int64_t blocks_per_row = (p.inner / kPiece + kThreads - 1) / kThreads;
  if (p.inner % 16 || p.gate_up % 16 || p.y % 16 || blocks_per_row * p.max_rows > 0x7fffffff) return cudaErrorInvalidValue;
  if (p.max_rows == 0 || p.inner == 0) return cudaSuccess;
  return enqueue(silu_product, static_cast<unsigned>(blocks_per_row * p.max_rows), kThreads, 0, stream, Start::EARLY, p, blocks_per_row);
}
