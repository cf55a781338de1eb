// Sums over ranks, through memory that the ranks' cards write to directly.
//
// A rank writes its elements into every other rank's region, waits for the others' in its own, and adds them in the order of
// the ranks: once around NVLink, with the same bits on all ranks. (ranks − 1) · bytes leave each card; what is summed in a
// ring or tree sends less from three ranks on, but waits for more rounds.
//
//   few bytes    32 bits of elements and the sum's number travel in one word of 64 bits: whoever sees the number has the
//                elements, and nothing else is waited for
//   more         elements as they are; then a number says so, per block, whose elements other threads wrote
//
// Block b of a rank waits for block b of the others only, so it does not matter which blocks run at once. A sum numbers
// itself, per block, by counting; all sums have as many blocks. Elements lie in the half of a part of the region that the
// number's parity names: whoever writes a half again has ended the sum between, for which this rank gave its own elements
// after it had ended the one before.
#include <stddef.h>

#include "../../abi/kernel_table.h"
#include "../../device/system_order.cuh"
#include "../elementwise/pieces.cuh"
#include "../entry_points.h"

namespace {

using namespace tenon;

constexpr int kMostRanks = 8, kThreads = 512, kAtOnce = 4, kSmallThreads = TENON_PEER_SMALL_BYTES / 16 / TENON_PEER_BLOCKS;
constexpr uint32_t kAsksBetweenLooks = 1024;  // for the order to leave

// The beginning of a rank's region. Two halves of [ranks][2 · TENON_PEER_SMALL_BYTES] follow, and two of [ranks][most].
struct Head {
  uint32_t arrived[kMostRanks][TENON_PEER_BLOCKS];  // number of the last sum whose elements are there
  uint32_t sums[TENON_PEER_BLOCKS];                 // of this rank
  uint32_t leave;                                   // set by the host: nobody is waited for any more
};
static_assert(sizeof(Head) <= TENON_PEER_HEAD_BYTES && offsetof(Head, leave) == TENON_PEER_LEAVE);

struct Sum {
  uint4* elements;
  int64_t pieces, most;
  int ranks, rank;
  int64_t regions[kMostRanks];  // parameters, so that no store waits for an address
};

__device__ __forceinline__ Head* head_of(int64_t region) { return reinterpret_cast<Head*>(region); }

// Of a rank's elements with numbers: four words for each piece.
__device__ __forceinline__ uint64_t* numbered_of(const Sum& p, int64_t region, uint32_t half, int rank) {
  return reinterpret_cast<uint64_t*>(region + TENON_PEER_HEAD_BYTES + (int64_t(half) * p.ranks + rank) * 2 * TENON_PEER_SMALL_BYTES);
}

__device__ __forceinline__ uint4* elements_of(const Sum& p, int64_t region, uint32_t half, int rank) {
  return reinterpret_cast<uint4*>(region + TENON_PEER_HEAD_BYTES + int64_t(4) * p.ranks * TENON_PEER_SMALL_BYTES +
                                  (int64_t(half) * p.ranks + rank) * p.most);
}

// The k-th rank that a rank writes to: not all to the same at once.
__device__ __forceinline__ int other_of(const Sum& p, int k) { return p.rank + k < p.ranks ? p.rank + k : p.rank + k - p.ranks; }

// Whether to wait on, asked for the asked-th time.
__device__ __forceinline__ bool waits(const Head* mine, uint32_t asked) {
  if (asked % kAsksBetweenLooks == 0 && system_load(&mine->leave)) return false;
  system_pause();
  return true;
}

__device__ __forceinline__ void add(float (&sum)[elementwise::kPiece], const uint4& piece) {
  float part[elementwise::kPiece];
  elementwise::widen(piece, part);
#pragma unroll
  for (int e = 0; e < elementwise::kPiece; e++) sum[e] += part[e];
}

// A thread has one piece at most.
__global__ void __launch_bounds__(kSmallThreads, 1) peer_sum_small(const __grid_constant__ Sum p) {
  release_successor();
  wait_for_predecessor();
  const int64_t i = blockIdx.x * kSmallThreads + threadIdx.x;
  const int64_t mine = p.regions[p.rank];
  const uint32_t number = head_of(mine)->sums[blockIdx.x] + 1, half = number % 2;
  if (i < p.pieces) {
    const uint4 piece = p.elements[i];
    const uint64_t high = uint64_t(number) << 32;
    for (int k = 1; k < p.ranks; k++) {
      uint64_t* to = numbered_of(p, p.regions[other_of(p, k)], half, p.rank) + i * 4;
      system_store_pair(to, high | piece.x, high | piece.y);
      system_store_pair(to + 2, high | piece.z, high | piece.w);
    }
    float sum[elementwise::kPiece] = {};
    for (int k = 0; k < p.ranks; k++) {
      if (k == p.rank) {
        add(sum, piece);
        continue;
      }
      const uint64_t* from = numbered_of(p, mine, half, k) + i * 4;
      uint64_t x, y, z, w;
      for (uint32_t asked = 1;; asked++) {
        system_load_pair(from, x, y);
        system_load_pair(from + 2, z, w);
        if ((x >> 32 == number && y >> 32 == number && z >> 32 == number && w >> 32 == number) || !waits(head_of(mine), asked)) break;
      }
      add(sum, make_uint4(static_cast<uint32_t>(x), static_cast<uint32_t>(y), static_cast<uint32_t>(z), static_cast<uint32_t>(w)));
    }
    p.elements[i] = elementwise::narrow(sum);
  }
  __syncthreads();
  if (threadIdx.x == 0) head_of(mine)->sums[blockIdx.x] = number;
}

__global__ void __launch_bounds__(kThreads, 1) peer_sum(const __grid_constant__ Sum p) {
  release_successor();
  wait_for_predecessor();
  const int64_t mine = p.regions[p.rank], each = (p.pieces + gridDim.x - 1) / gridDim.x;
  const int64_t from = blockIdx.x * each, to = min(from + each, p.pieces);
  const uint32_t number = head_of(mine)->sums[blockIdx.x] + 1, half = number % 2;
  // several pieces at a time, whose loads do not wait for each other's stores
  const auto for_pieces = [&](const auto& each) {
    for (int64_t i = from + threadIdx.x; i < to; i += kAtOnce * kThreads) each(i, static_cast<int>((to - i + kThreads - 1) / kThreads));
  };
  for_pieces([&](int64_t i, int left) {
    uint4 piece[kAtOnce];
#pragma unroll
    for (int n = 0; n < kAtOnce; n++) {
      if (n < left) piece[n] = p.elements[i + n * kThreads];
    }
    for (int k = 1; k < p.ranks; k++) {
      uint4* to_other = elements_of(p, p.regions[other_of(p, k)], half, p.rank) + i;
#pragma unroll
      for (int n = 0; n < kAtOnce; n++) {
        if (n < left) to_other[n * kThreads] = piece[n];
      }
    }
  });
  __syncthreads();
  if (threadIdx.x < p.ranks && threadIdx.x != p.rank) {
    system_store(&head_of(p.regions[threadIdx.x])->arrived[p.rank][blockIdx.x], number);
    const uint32_t* arrived = &head_of(mine)->arrived[threadIdx.x][blockIdx.x];
    // the other may be one sum ahead
    for (uint32_t asked = 1; static_cast<int32_t>(system_load(arrived) - number) < 0 && waits(head_of(mine), asked); asked++) {
    }
  }
  __syncthreads();
  for_pieces([&](int64_t i, int left) {
    float sum[kAtOnce][elementwise::kPiece] = {};
    for (int k = 0; k < p.ranks; k++) {
      const uint4* from_rank = (k == p.rank ? p.elements : elements_of(p, mine, half, k)) + i;
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
      if (n < left) p.elements[i + n * kThreads] = elementwise::narrow(sum[n]);
    }
  });
  if (threadIdx.x == 0) head_of(mine)->sums[blockIdx.x] = number;
}

}  // namespace

int tenon_peer_sum_launch(const void* params, void* stream) {
  const tenon_peer_sum& p = *static_cast<const tenon_peer_sum*>(params);
  if (p.elements % elementwise::kPiece || p.address % 16 || p.most % 16 || p.elements * 2 > p.most) return cudaErrorInvalidValue;
  if (p.ranks < 2 || p.ranks > kMostRanks || p.rank < 0 || p.rank >= p.ranks) return cudaErrorInvalidValue;
  if (p.elements == 0) return cudaSuccess;
  const Sum sum = {reinterpret_cast<uint4*>(p.address),
                   p.elements / elementwise::kPiece,
                   p.most,
                   static_cast<int>(p.ranks),
                   static_cast<int>(p.rank),
                   {p.region_0, p.region_1, p.region_2, p.region_3, p.region_4, p.region_5, p.region_6, p.region_7}};
  if (p.elements * 2 <= TENON_PEER_SMALL_BYTES) return enqueue(peer_sum_small, dim3(TENON_PEER_BLOCKS), kSmallThreads, 0, stream, Start::EARLY, sum);
  return enqueue(peer_sum, dim3(TENON_PEER_BLOCKS), kThreads, 0, stream, Start::EARLY, sum);
}
