// Tile parameters of the mixture of experts, and the 64-bit word that carries them (`tuned` in tenon_moe).
//
//   bits  0 …  7  groups: 8-token groups that a block multiplies at once: 1, 2, 4 or 8
//   bits  8 … 15  pairs: of the block's eight warps, those that stand side by side over the outputs of gate and up; the
//                 others divide the inputs: 1, 2, 4 or 8
//   bits 16 … 23  depth: stages of the ring in shared memory: 2, 3 or 4
//   bits 24 … 31  down_loops: spans of 256 outputs that a block of the second product visits in turn: 1, 2, 4 or 8
//   bits 32 … 39  gate_loops: the same for the first product
//   bits 40 … 47  owned: 1 where a block of the second product owns 16 outputs of all rows and sums the experts itself,
//                 0 where every expert's result goes through memory
//   bit  62       set in every word that is not 0
//
// 0 stands for `moe_tuning(max_rows, …)`.
#ifndef TENON_MOE_TUNING_H
#define TENON_MOE_TUNING_H

#include <stdint.h>

#include "../../abi/kernel_table.h"

namespace tenon::moe {

constexpr int kWarps = 8;

struct Tuning {
  int groups, pairs, depth, down_loops, gate_loops, owned;
};

// Rows up to which one block can hold the results of all rows for 16 outputs.
constexpr int64_t kOwnedBytes = 200 * 1024;

constexpr bool can_own(const tenon_moe& p) {
  return p.max_rows * (p.experts_per_token + 1) * 64 <= kOwnedBytes;
}

constexpr int64_t encode(const Tuning& t) {
  return int64_t(t.groups) | int64_t(t.pairs) << 8 | int64_t(t.depth) << 16 | int64_t(t.down_loops) << 24 |
         int64_t(t.gate_loops) << 32 | int64_t(t.owned) << 40 | int64_t(1) << 62;
}

constexpr Tuning decode(int64_t word) {
  return {int(word & 0xff),       int(word >> 8 & 0xff),  int(word >> 16 & 0xff),
          int(word >> 24 & 0xff), int(word >> 32 & 0xff), int(word >> 40 & 0xff)};
}

constexpr bool one_of(int value, int a, int b, int c, int d) {
  return value == a || value == b || value == c || value == d;
}

constexpr bool valid(const Tuning& t, const tenon_moe& p) {
  // 64 tokens leave no shared memory for a fourth stage, and their sums no registers for a second block
  return one_of(t.groups, 1, 2, 4, 8) && one_of(t.pairs, 1, 2, 4, 8) && one_of(t.depth, 2, 3, 4, 4) &&
         one_of(t.down_loops, 1, 2, 4, 8) && one_of(t.gate_loops, 1, 2, 4, 8) && (t.owned == 0 || t.owned == 1) &&
         (!t.owned || can_own(p)) && (t.groups < 8 || (t.pairs == 8 && t.depth < 4));
}

// What is taken without measurement. `rows` per expert are what an even spread gives.
constexpr Tuning moe_tuning(const tenon_moe& p) {
  const int64_t pairs = p.max_rows * p.experts_per_token;
  const int64_t rows = p.experts > 0 ? pairs / p.experts : 0;
  const bool owned = p.max_rows <= 64 && can_own(p);
  if (pairs <= 12) return {1, 1, 3, 1, 1, owned};
  if (pairs <= 40) return {1, 2, 3, 1, 1, owned};
  if (pairs <= 640) return {1, 4, 3, 1, 1, owned};
  if (rows <= 3) return {1, 8, 3, 2, 1, owned};
  if (rows <= 10) return {2, 8, 3, 2, 1, owned};
  if (rows <= 20) return {4, 8, 3, 2, 1, owned};
  return {8, 8, 3, 4, 1, owned};
}

}  // namespace tenon::moe
#endif
