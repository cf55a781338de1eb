// Moves rows of bf16: out of the embedding's table by token id, and those whose logits are wanted together.
#include "../../abi/kernel_table.h"
#include "../entry_points.h"
#include "pieces.cuh"

namespace {

using namespace tenon;
using namespace tenon::elementwise;

constexpr int kThreads = 256;

__global__ void __launch_bounds__(kThreads) embed(tenon_embed p) {
  release_successor();
  wait_for_predecessor();
  const int64_t row = blockIdx.x;
  if (row >= *reinterpret_cast<const int32_t*>(p.rows.counts)) return;
  const int64_t entry = reinterpret_cast<const int32_t*>(p.rows.ids)[row] - p.first;
  const bool held = entry >= 0 && entry < p.share;
  const int pieces = p.hidden / kPiece;
  const uint4* from = reinterpret_cast<const uint4*>(p.table) + (held ? entry : 0) * pieces;
  uint4* to = reinterpret_cast<uint4*>(p.out) + row * pieces;
  for (int i = threadIdx.x; i < pieces; i += kThreads) to[i] = held ? from[i] : make_uint4(0, 0, 0, 0);
}

__global__ void __launch_bounds__(kThreads) gather(tenon_gather p) {
  release_successor();
  wait_for_predecessor();
  const int64_t place = blockIdx.x;
  if (place >= reinterpret_cast<const int32_t*>(p.rows.counts)[2]) return;
  const int64_t row = reinterpret_cast<const int32_t*>(p.rows.selected)[place];
  const int pieces = p.width / kPiece;
  const uint4* from = reinterpret_cast<const uint4*>(p.in) + row * pieces;
  uint4* to = reinterpret_cast<uint4*>(p.out) + place * pieces;
  for (int i = threadIdx.x; i < pieces; i += kThreads) to[i] = from[i];
}

}  // namespace

int tenon_embed_launch(const void* params, void* stream) {
  const tenon_embed& p = *static_cast<const tenon_embed*>(params);
  if (p.hidden % kPiece || p.table % 16 || p.out % 16) return cudaErrorInvalidValue;
  if (p.rows.max_rows == 0) return cudaSuccess;
  // starts when all before has ended: later kernels of the step may read what earlier steps left without waiting
  return enqueue(embed, static_cast<unsigned>(p.rows.max_rows), kThreads, 0, stream, Start::AFTER, p);
}

int tenon_gather_launch(const void* params, void* stream) {
  const tenon_gather& p = *static_cast<const tenon_gather*>(params);
  if (p.width % kPiece || p.in % 16 || p.out % 16) return cudaErrorInvalidValue;
  if (p.rows.max_selected == 0) return cudaSuccess;
  return enqueue(gather, static_cast<unsigned>(p.rows.max_selected), kThreads, 0, stream, Start::EARLY, p);
}
