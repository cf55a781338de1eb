// Rows that are summed over ranks on their way into the residual stream, by whatever kernel makes them: a block per row, a
// thread per piece. 32 bits of elements and the sum's number travel in one word of 64 bits: whoever sees the number has the
// elements, and nothing else is waited for.
//
// All blocks of a kernel have the same number, whatever rows' length and place in the region. Each takes a ticket from a counter
// of its rank's: from the lowest bit 16 of blocks that have, and then the number of the last sum; the last block makes way for
// the next. Blocks wait for the same row of the other ranks only, and give their own before.
#ifndef TENON_EXCHANGE_ROW_SUM_CUH
#define TENON_EXCHANGE_ROW_SUM_CUH

#include "region.cuh"

namespace tenon::exchange {

using Ticket = unsigned long long;  // the first thread's
constexpr Ticket kNumber = 1 << 16;

// By all blocks, after the kernel ahead has ended.
__device__ __forceinline__ Ticket take_ticket(const tenon_peers& p) {
  return threadIdx.x == 0 ? atomicAdd(&head_of(p.region[p.rank])->row_sums, Ticket(1)) : 0;
}

// By all blocks, those without a row too. any: whether there is a row at all; else this was no sum.
__device__ __forceinline__ void give_ticket_back(const tenon_peers& p, Ticket ticket, bool any) {
  if (threadIdx.x == 0 && ticket % kNumber == gridDim.x - 1) {
    atomicAdd(&head_of(p.region[p.rank])->row_sums, (any ? kNumber : 0) - Ticket(gridDim.x));
  }
}

// added: this rank's part of a row, then the sum of all ranks' parts, each rounded to bf16, in f32. number: a shared word.
__device__ __forceinline__ void sum_row(const tenon_peers& p, Ticket ticket, int64_t row, int64_t hidden, float (&added)[elementwise::kPiece],
                                        uint32_t* number) {
  if (threadIdx.x == 0) *number = static_cast<uint32_t>(ticket / kNumber) + 1;
  __syncthreads();
  give_ticket_back(p, ticket, true);
  if (threadIdx.x * elementwise::kPiece >= hidden) return;
  const uint32_t now = *number, half = now % 2;
  const int64_t mine = p.region[p.rank], at = (row * hidden / elementwise::kPiece + threadIdx.x) * 4;
  const uint4 piece = elementwise::narrow(added);
  const uint64_t high = uint64_t(now) << 32;
  for (int k = 1; k < p.ranks; k++) {
    uint64_t* to = rows_of(p, p.region[other_of(p, k)], half, static_cast<int>(p.rank)) + at;
    system_store_pair(to, high | piece.x, high | piece.y);
    system_store_pair(to + 2, high | piece.z, high | piece.w);
  }
#pragma unroll
  for (int e = 0; e < elementwise::kPiece; e++) added[e] = 0;
  for (int k = 0; k < p.ranks; k++) {
    if (k == p.rank) {
      add(added, piece);
      continue;
    }
    const uint64_t* from = rows_of(p, mine, half, k) + at;
    uint64_t x, y, z, w;
    for (uint32_t asked = 1;; asked++) {
      system_load_pair(from, x, y);
      system_load_pair(from + 2, z, w);
      if ((x >> 32 == now && y >> 32 == now && z >> 32 == now && w >> 32 == now) || !waits(head_of(mine), asked)) break;
    }
    add(added, make_uint4(static_cast<uint32_t>(x), static_cast<uint32_t>(y), static_cast<uint32_t>(z), static_cast<uint32_t>(w)));
  }
}

// Whether so many rows can be summed.
inline bool row_sum_is_possible(const tenon_peers& p, int64_t rows, int64_t hidden) {
  return peers_are_possible(p) && rows < int64_t(kNumber) && rows * hidden * 2 <= p.rows_most;
}

}  // namespace tenon::exchange
#endif
