// Sums over ranks, through memory that the ranks' cards write to directly.
//
// A rank writes its elements into every other rank's region, then, per block, the sum's number; waits for the others' numbers in
// its own, and adds their elements in the order of the ranks: once around NVLink, with the same bits on all ranks.
// (ranks − 1) · bytes leave each card; what is summed in a ring or tree sends less from three ranks on, but waits for more rounds.
//
// Block b of a rank waits for block b of the others only, so it does not matter which blocks run at once. A sum numbers itself,
// per block, by counting; all sums have as many blocks.
#include "../entry_points.h"
#include "region.cuh"

namespace {

using namespace tenon;
using namespace tenon::exchange;

constexpr int kThreads = 512, kAtOnce = 4;

__global__ void __launch_bounds__(kThreads, 1) peer_sum(const __grid_constant__ tenon_peer_sum whole) {
  const tenon_peers& p = whole.peers;
  uint4* const elements = reinterpret_cast<uint4*>(whole.address);
  const int64_t pieces = whole.elements / elementwise::kPiece;
  release_successor();
  wait_for_predecessor();
  const int rank = static_cast<int>(p.rank);
  const int64_t mine = p.region[rank], each = (pieces + gridDim.x - 1) / gridDim.x;
  const int64_t from = blockIdx.x * each, to = min(from + each, pieces);
  const uint32_t number = head_of(mine)->sums[blockIdx.x] + 1, half = number % 2;
  // several pieces at a time, whose loads do not wait for each other's stores
  const auto for_pieces = [&](const auto& each) {
    for (int64_t i = from + threadIdx.x; i < to; i += kAtOnce * kThreads) each(i, static_cast<int>((to - i + kThreads - 1) / kThreads));
  };
  for_pieces([&](int64_t i, int left) {
    uint4 piece[kAtOnce];
#pragma unroll
    for (int n = 0; n < kAtOnce; n++) {
      if (n < left) piece[n] = elements[i + n * kThreads];
    }
    for (int k = 1; k < p.ranks; k++) {
      uint4* to_other = elements_of(p, p.region[other_of(p, k)], half, rank) + i;
#pragma unroll
      for (int n = 0; n < kAtOnce; n++) {
        if (n < left) to_other[n * kThreads] = piece[n];
      }
    }
  });
  __syncthreads();
  if (threadIdx.x < p.ranks && threadIdx.x != rank) {
    system_store(&head_of(p.region[threadIdx.x])->arrived[rank][blockIdx.x], number);
    const uint32_t* arrived = &head_of(mine)->arrived[threadIdx.x][blockIdx.x];
    // the other may be one sum ahead
    for (uint32_t asked = 1; static_cast<int32_t>(system_load(arrived) - number) < 0 && waits(head_of(mine), asked); asked++) {
    }
  }
  __syncthreads();
  for_pieces([&](int64_t i, int left) {
    float sum[kAtOnce][elementwise::kPiece] = {};
    for (int k = 0; k < p.ranks; k++) {
      const uint4* from_rank = (k == rank ? elements : elements_of(p, mine, half, k)) + i;
      uint4 piece[kAtOnce];
#pragma unroll
      for (int n = 0; n < kAtOnce; n++) {
        if (n < left) piece[n] = system_load16(from_rank + n * kThreads);
      }
#pragma unroll
      for (int n = 0; n < kAtOnce; n++) {
        if (n < left) add(sum[n], piece[n]);
      }
    }
#pragma unroll
    for (int n = 0; n < kAtOnce; n++) {
      if (n < left) elements[i + n * kThreads] = elementwise::narrow(sum[n]);
    }
  });
  if (threadIdx.x == 0) head_of(mine)->sums[blockIdx.x] = number;
}

}  // namespace

int tenon_peer_sum_launch(const void* params, void* stream) {
  const tenon_peer_sum& p = *static_cast<const tenon_peer_sum*>(params);
  if (!peers_are_possible(p.peers) || p.elements % elementwise::kPiece || p.address % 16 || p.elements * 2 > p.peers.most) return cudaErrorInvalidValue;
  if (p.elements == 0) return cudaSuccess;
  return enqueue(peer_sum, dim3(TENON_PEER_BLOCKS), kThreads, 0, stream, Start::EARLY, p);
}
