// A rank's memory that the others write to, and how what came there is waited for.
//
// Elements lie in the half of a part of the region that the parity of a sum's number names. Whoever writes a half again has
// ended the sum between, for which the other rank gave its own elements after it had ended the one before.
#ifndef TENON_EXCHANGE_REGION_CUH
#define TENON_EXCHANGE_REGION_CUH

#include <stddef.h>

#include "../../abi/kernel_table.h"
#include "../../device/system_order.cuh"
#include "../elementwise/pieces.cuh"

namespace tenon::exchange {

constexpr uint32_t kAsksBetweenLooks = 1024;  // for the order to leave

// The beginning of a region. Two halves of [ranks][2 · rows_most] bytes follow, and two of [ranks][most].
struct Head {
  uint32_t arrived[TENON_PEER_RANKS][TENON_PEER_BLOCKS];  // number of the last sum whose elements are there
  uint32_t sums[TENON_PEER_BLOCKS];                       // of this rank
  uint32_t leave;                                         // set by the host: nobody is waited for any more
  unsigned long long row_sums;                            // of this rank: row_sum.cuh
};
static_assert(sizeof(Head) <= TENON_PEER_HEAD_BYTES && offsetof(Head, leave) == TENON_PEER_LEAVE);

__device__ __forceinline__ Head* head_of(int64_t region) { return reinterpret_cast<Head*>(region); }

// Of a rank's rows with numbers: four words for each piece.
__device__ __forceinline__ uint64_t* rows_of(const tenon_peers& p, int64_t region, uint32_t half, int rank) {
  return reinterpret_cast<uint64_t*>(region + TENON_PEER_HEAD_BYTES + (int64_t(half) * p.ranks + rank) * 2 * p.rows_most);
}

__device__ __forceinline__ uint4* elements_of(const tenon_peers& p, int64_t region, uint32_t half, int rank) {
  return reinterpret_cast<uint4*>(region + TENON_PEER_HEAD_BYTES + 4 * p.ranks * p.rows_most + (int64_t(half) * p.ranks + rank) * p.most);
}

// The k-th rank that a rank writes to: not all to the same at once.
__device__ __forceinline__ int other_of(const tenon_peers& p, int k) {
  const int other = static_cast<int>(p.rank) + k, ranks = static_cast<int>(p.ranks);
  return other < ranks ? other : other - ranks;
}

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

inline bool peers_are_possible(const tenon_peers& p) {
  return p.ranks >= 2 && p.ranks <= TENON_PEER_RANKS && p.rank >= 0 && p.rank < p.ranks && p.rows_most % 16 == 0 && p.most % 16 == 0;
}

}  // namespace tenon::exchange
#endif
