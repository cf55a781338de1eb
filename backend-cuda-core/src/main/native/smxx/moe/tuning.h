// Tile parameters of the mixture of experts, and the 64-bit word that carries them (`tuned` in tenon_moe).
//
//   bits  0 …  7  groups: 8-token groups that a block multiplies at once: 1, 2, 4 or 8
//   bits  8 … 15  pairs: of the block's eight warps, those that stand side by side over the outputs of gate and up; the
//                 others divide the inputs: 1, 2, 4 or 8
//   bits 16 … 23  depth: stages of the ring in shared memory: 2, 3 or 4
//   bits 24 … 31  down_loops: spans of 256 outputs that a block of the second product visits in turn: 1, 2, 4 or 8
//   bits 32 … 39  gate_loops: the same for the first product
//   bits 40 … 47  form of the second product: 0 where every expert's result goes through memory, 1 where a block owns 16
//                 outputs of all rows and sums the experts itself, 2 where besides every block of both products routes
//                 the rows for itself (up to 8 rows), 3 where products of four warps (Hopper) take up to 64 rows of an
//                 expert at once; in forms 2 and 3 groups, pairs, depth and loops mean nothing
//   bit  62       set in every word that is not 0
//
// 0 stands for `moe_tuning`, cut down to the card's shared memory.
#ifndef TENON_MOE_TUNING_H
#define TENON_MOE_TUNING_H

#include <stdint.h>

#include "../../abi/kernel_table.h"

namespace tenon::moe {

constexpr int kWarps = 8;

enum Form { THROUGH_MEMORY = 0, OWNED = 1, FEW = 2, WARPGROUPS = 3 };

// A source that has the form WARPGROUPS defines TENON_MOE_WARPGROUPS before it includes this.
#if defined(TENON_MOE_WARPGROUPS)
constexpr bool kHasWarpgroups = true;
#else
constexpr bool kHasWarpgroups = false;
#endif

struct Tuning {
  int groups, pairs, depth, down_loops, gate_loops, form;
};

// Whether one block can hold the results of all rows for 16 outputs; `most` is the shared memory that a block may have.
constexpr bool can_own(const tenon_moe& p, int64_t most) {
  return (p.max_rows + 1) * (p.experts_per_token + 1) * 64 <= most;
}

constexpr int kFewRows = 8;
constexpr int kFewExperts = 512;
constexpr int64_t kFewBeside = 27 * 1024;  // at most, beside weights: routing and sums

// Weights of 32 outputs of an expert's first product, which a block keeps in shared memory where rows are few.
constexpr int64_t few_weights(int64_t type, int64_t inputs) {
  const int64_t stages = (inputs + 127) / 128 * (type == TENON_E4M3 ? 1 : 2);
  return (stages + kWarps - 1) / kWarps * kWarps * 4096;
}

constexpr bool can_be_few(const tenon_moe& p, int64_t most) {
  return p.max_rows <= kFewRows && p.experts <= kFewExperts && few_weights(p.type, p.hidden) + kFewBeside <= most &&
         (p.shared_inner == 0 || few_weights(p.shared_type, p.hidden) + kFewBeside <= most);
}

// Rows are permuted within 32 inputs for that form.
constexpr bool can_use_warpgroups(const tenon_moe& p) {
  return kHasWarpgroups && p.type == TENON_E4M3 && (p.shared_inner == 0 || p.shared_type == TENON_E4M3) &&
         p.hidden % 32 == 0 && p.inner % 32 == 0 && p.shared_inner % 32 == 0;
}

constexpr int kTaskRows = 64;  // of the form WARPGROUPS

// Rows of an expert that a block takes at once.
constexpr int item_tokens(const Tuning& t) { return t.form == WARPGROUPS ? kTaskRows : 8 * t.groups; }

constexpr int64_t encode(const Tuning& t) {
  return int64_t(t.groups) | int64_t(t.pairs) << 8 | int64_t(t.depth) << 16 | int64_t(t.down_loops) << 24 |
         int64_t(t.gate_loops) << 32 | int64_t(t.form) << 40 | int64_t(1) << 62;
}

constexpr Tuning decode(int64_t word) {
  return {int(word & 0xff),       int(word >> 8 & 0xff),  int(word >> 16 & 0xff),
          int(word >> 24 & 0xff), int(word >> 32 & 0xff), int(word >> 40 & 0xff)};
}

constexpr bool one_of(int value, int a, int b, int c, int d) {
  return value == a || value == b || value == c || value == d;
}

constexpr bool valid(const Tuning& t, const tenon_moe& p, int64_t most) {
  // 64 tokens leave no shared memory for a fourth stage, and their sums no registers for a second block
  return one_of(t.groups, 1, 2, 4, 8) && one_of(t.pairs, 1, 2, 4, 8) && one_of(t.depth, 2, 3, 4, 4) &&
         one_of(t.down_loops, 1, 2, 4, 8) && one_of(t.gate_loops, 1, 2, 4, 8) && t.form >= THROUGH_MEMORY && t.form <= WARPGROUPS &&
         (t.form != OWNED || can_own(p, most)) && (t.form != FEW || can_be_few(p, most)) && (t.form != WARPGROUPS || can_use_warpgroups(p)) && (t.groups < 8 || (t.pairs == 8 && t.depth < 4));
}

// In bf16 where a rank's share of an expert is so narrow that its tasks of down are short: a block takes several of them, with
// which the rows that it has copied serve more outputs. As measured on an H200, for shares of 64 and 128 inner values.
constexpr Tuning narrow_tuning(int64_t pairs, int64_t each) {
  if (pairs <= 1280) return {1, 4, 3, 4, 1, THROUGH_MEMORY};
  if (each <= 5) return {2, 4, 2, 8, 1, THROUGH_MEMORY};
  if (each <= 10) return {2, 4, 3, 4, 1, THROUGH_MEMORY};
  if (each <= 30) return {4, 4, 4, 4, 1, THROUGH_MEMORY};
  return {8, 8, 3, 4, 1, THROUGH_MEMORY};
}

// What is taken without measurement; `each` is the number of rows of an expert that an even spread gives.
constexpr Tuning moe_tuning(const tenon_moe& p, int64_t most) {
  const int64_t pairs = p.max_rows * p.experts_per_token;
  const int64_t each = pairs / p.experts;
  if (can_be_few(p, most)) return {1, 1, 3, 1, 1, FEW};
  // whose tasks have 128 inner values
  if (can_use_warpgroups(p) && (each >= 16 || p.inner % 128 == 0)) return {1, 1, 3, 1, 1, WARPGROUPS};
  if (p.type == TENON_BF16 && p.inner <= 128) return narrow_tuning(pairs, each);
  const Form form = p.max_rows <= 64 && can_own(p, most) ? OWNED : THROUGH_MEMORY;
  if (pairs <= 640) return {1, 4, 3, 1, 1, form};
  if (each <= 3) return {1, 8, 3, 2, 1, form};
  if (each <= 10) return {2, 8, 3, 1, 1, form};
  if (each <= 20) return {4, 8, 3, 2, 1, form};
  return {8, 8, 3, 4, 1, form};
}

}  // namespace tenon::moe
#endif
