// Where things lie in the workspace of a mixture of experts, and how its grids are cut.
#ifndef TENON_MOE_PLAN_H
#define TENON_MOE_PLAN_H

#include "layout.h"

namespace tenon::moe {

constexpr int kListShift = 5;          // an entry of an expert's list is row << kListShift | place among the row's experts
constexpr int kMaxExpertsPerToken = 32;
constexpr int kMaxExperts = 1024;
constexpr int kRouterRows = 512;         // up to so many the router has a kernel of its own
constexpr int kPartialWideRows = 1024;  // up to so many rows results of experts are kept in f32, else in bf16

// A stretch of an expert's list that one block multiplies.
struct Item {
  int32_t expert;    // index among those held
  int32_t first;     // of the expert's list
  int32_t count;
  int32_t position;  // of its first row in `inner`
};

// Addresses within the workspace, all 128-byte aligned.
struct Plan {
  tenon_moe p;
  Tuning tuning;
  int outputs;       // of the router
  int logits_stride;
  int pairs_most;    // (row, held expert) pairs
  int items_most;
  int item_tokens;   // most rows of an item
  int shared_items;  // items of the shared expert, which come first
  float* logits;     // [rows][logits_stride]
  int32_t* counts;   // [held] rows of an expert, then the number of blocks that have routed
  int32_t* offsets;  // [held + 1] position of an expert's first row
  int32_t* items_count;
  Item* items;
  int32_t* lists;    // [held][max_rows]
  int32_t* experts;  // [rows][experts_per_token] ascending
  float* weights;    // the same
  int32_t* ranks;    // the same: place of the row in the expert's list
  float* shared_weights;  // [rows]
  void* inner;            // bf16 [pairs_most][inner]
  void* shared_inner;     // bf16 [max_rows][shared_inner]
  void* partial;          // f32 or bf16 [pairs_most + max_rows][hidden], where blocks do not own outputs
  int terms;              // 0, or inner values are sums of so many in E4M3 (device/quantise.cuh), and so are inputs:
  void* x;                     // [rows][hidden]
  float* inner_scales;         // [pairs_most][stretches]
  float* shared_inner_scales;  // [max_rows][stretches]
  float* x_scales;             // [rows][stretches]
  int64_t bytes;
};

inline bool partial_is_wide(const tenon_moe& p) { return p.max_rows <= kPartialWideRows; }

// Bytes of a row of inputs that products read, and of its scales.
inline int64_t row_bytes(int64_t inputs, int terms) {
  return terms > 0 ? (inputs + kScaleInputs - 1) / kScaleInputs * kScaleInputs * terms : inputs * 2;
}
inline int64_t scale_bytes(int64_t inputs, int terms) { return terms > 0 ? (inputs + kScaleInputs - 1) / kScaleInputs * 4 : 0; }

inline Plan make_plan(const tenon_moe& p) {
  Plan plan = {};
  plan.p = p;
  plan.tuning = p.tuned ? decode(p.tuned) : fitted_tuning(p, card().shared_of_block);
  const bool shared = p.shared_inner > 0;
  const int64_t rows = p.max_rows, chosen = rows * p.experts_per_token;
  plan.outputs = p.experts + shared;
  plan.logits_stride = (plan.outputs + 3) / 4 * 4;  // 16 bytes at once
  const int64_t pairs = rows * (p.experts_per_token < p.held ? p.experts_per_token : p.held);
  plan.pairs_most = pairs;
  const int tokens = plan.item_tokens = item_tokens(plan.tuning);
  plan.items_most = (pairs < p.held ? pairs : p.held) + pairs / tokens;
  plan.shared_items = shared ? (rows + tokens - 1) / tokens : 0;
  plan.terms = plan.tuning.form != WARPGROUPS ? 0 : p.quantised ? 1 : 2;
  int64_t at = 0;
  auto take = [&](int64_t bytes) {
    const int64_t here = p.workspace + at;
    at += (bytes + 127) / 128 * 128;
    return here;
  };
  plan.logits = reinterpret_cast<float*>(take(rows * plan.logits_stride * 4));
  plan.counts = reinterpret_cast<int32_t*>(take((p.held + 1) * 4));
  plan.offsets = reinterpret_cast<int32_t*>(take((p.held + 1) * 4));
  plan.items_count = reinterpret_cast<int32_t*>(take(4));
  plan.items = reinterpret_cast<Item*>(take(plan.items_most * sizeof(Item)));
  plan.lists = reinterpret_cast<int32_t*>(take(p.held * rows * 4));
  plan.experts = reinterpret_cast<int32_t*>(take(chosen * 4));
  plan.weights = reinterpret_cast<float*>(take(chosen * 4));
  plan.ranks = reinterpret_cast<int32_t*>(take(chosen * 4));
  plan.shared_weights = reinterpret_cast<float*>(take(rows * 4));
  plan.inner = reinterpret_cast<void*>(take(pairs * row_bytes(p.inner, plan.terms)));
  plan.shared_inner = reinterpret_cast<void*>(take(rows * row_bytes(p.shared_inner, plan.terms)));
  if (plan.terms > 0) plan.x = reinterpret_cast<void*>(take(rows * row_bytes(p.hidden, plan.terms)));
  plan.inner_scales = reinterpret_cast<float*>(take(pairs * scale_bytes(p.inner, plan.terms)));
  plan.shared_inner_scales = reinterpret_cast<float*>(take(rows * scale_bytes(p.shared_inner, plan.terms)));
  plan.x_scales = reinterpret_cast<float*>(take(rows * scale_bytes(p.hidden, plan.terms)));
  if (plan.tuning.form == THROUGH_MEMORY || plan.tuning.form == WARPGROUPS) {
    plan.partial = reinterpret_cast<void*>(take((pairs + (shared ? rows : 0)) * p.hidden * (partial_is_wide(p) ? 4 : 2)));
  }
  plan.bytes = at;
  return plan;
}

inline bool acceptable(const tenon_moe& p) {
  const bool known = (p.type == TENON_BF16 || p.type == TENON_E4M3) &&
                     (p.shared_inner == 0 || p.shared_type == TENON_BF16 || p.shared_type == TENON_E4M3);
  const bool sizes = p.hidden > 0 && p.hidden % 16 == 0 && p.inner > 0 && p.inner % 16 == 0 && p.shared_inner % 16 == 0 &&
                     p.experts > 0 && p.experts <= kMaxExperts && p.experts_per_token > 0 &&
                     p.experts_per_token <= kMaxExpertsPerToken && p.experts_per_token <= p.experts && p.held > 0 &&
                     p.first_expert >= 0 && p.first_expert + p.held <= p.experts;
  const bool rows = p.max_rows >= 0 && p.max_rows < 1 << (31 - kListShift) &&
                    p.max_rows * p.experts_per_token < int64_t(1) << 31;
  const int most = card().shared_of_block;
  return known && sizes && rows && (p.tuned == 0 || (valid(decode(p.tuned), p, most) && fits(p, decode(p.tuned), most)));
}

}  // namespace tenon::moe
#endif
