// Host side of a mixture of experts: what is launched.
//
//   few_router → few_gate_up → few_down                   up to eight rows
//   router → route → gate_up → down_owned                 some
//   router → route → gate_up → down → sum_results         many
//
// Where moe_add_norm follows, sum_add_norm takes the place of sum_results and of the norm.
//
// A generation of GPUs may have a form of its own for gate_up and down (`own`: WARPGROUPS).
#ifndef TENON_MOE_LAUNCH_CUH
#define TENON_MOE_LAUNCH_CUH

#include <type_traits>

#include "experts.cuh"
#include "few.cuh"
#include "route.cuh"
#include "../entry_points.h"
#include "sum_norm.cuh"

namespace tenon::moe {

inline int divided(int64_t all, int64_t each) { return (all + each - 1) / each; }

template <int kGroups>
int launch_router(const Plan& plan, void* stream) {
  // spans enough that many multiprocessors share the few outputs
  Cut cut = {1, 3, 1};
  if (kGroups > 1) cut.pairs = 2;
  if (kGroups > 4) cut.pairs = 4;
  if (layout(TENON_BF16, plan.p.hidden, 8 * kGroups, cut).bytes > card().shared_of_block) cut.depth = 2;
  const dim3 grid(spans_of(divided(plan.outputs, 32), cut), divided(plan.p.max_rows, 8 * kGroups));
  return enqueue(router<kGroups>, grid, kThreads, layout(TENON_BF16, plan.p.hidden, 8 * kGroups, cut).bytes, stream, Start::EARLY,
                 plan, cut);
}

inline int launch_router(const Plan& plan, void* stream) {
  if (plan.p.max_rows <= 8) return launch_router<1>(plan, stream);
  if (plan.p.max_rows <= 128) return launch_router<2>(plan, stream);
  if (plan.p.max_rows <= kRouterRows) return launch_router<4>(plan, stream);
  // as a product like others: its forms for many rows use the matrix engine better
  const int cleared = enqueue(clear_counts, 1, kThreads, 0, stream, Start::EARLY, plan);
  if (cleared != cudaSuccess) return cleared;
  const tenon_moe& p = plan.p;
  const tenon_matrix router = {TENON_BF16, plan.outputs, p.hidden, p.router, 0};
  const tenon_product product = {p.max_rows, p.counts, router, p.x, p.hidden, 0, TENON_F32, reinterpret_cast<int64_t>(plan.logits), plan.logits_stride, 0, 0, 0};
  return tenon_product_launch(&product, stream);
}

inline int launch_route(const Plan& plan, void* stream) {
  const dim3 grid(divided(plan.p.max_rows, kWarps));
  if (plan.p.experts <= 512) return enqueue(route<16>, grid, kThreads, 0, stream, Start::EARLY, plan);
  return enqueue(route<32>, grid, kThreads, 0, stream, Start::EARLY, plan);
}

template <int kGroups>
int launch_gate_up(const Plan& plan, void* stream) {
  const tenon_moe& p = plan.p;
  const Cut cut = first_cut(plan.tuning);
  const Spans spans = {spans_of(p.inner / 16, cut), spans_of(p.shared_inner / 16, cut)};
  const int bytes = first_bytes(p, plan.tuning);
  const dim3 grid(plan.shared_items * spans.shared + plan.items_most * spans.routed);
  return enqueue(gate_up<kGroups>, grid, kThreads, bytes, stream, Start::EARLY, plan, cut, spans);
}

template <int kGroups>
int launch_down(const Plan& plan, void* stream) {
  const tenon_moe& p = plan.p;
  const Cut cut = second_cut(plan.tuning);
  const int spans = spans_of(divided(p.hidden, 32), cut);
  const int bytes = second_bytes(p, plan.tuning);
  const dim3 grid((plan.shared_items + plan.items_most) * spans);
  if (partial_is_wide(p)) return enqueue(down<kGroups, true>, grid, kThreads, bytes, stream, Start::EARLY, plan, cut, spans);
  return enqueue(down<kGroups, false>, grid, kThreads, bytes, stream, Start::EARLY, plan, cut, spans);
}

// Whether the experts' results are left in the workspace.
inline bool leaves_results(const Plan& plan) { return plan.tuning.form == THROUGH_MEMORY || plan.tuning.form == WARPGROUPS; }

inline int launch_sum(const Plan& plan, void* stream) {
  if (plan.p.unfinished) return cudaSuccess;
  const dim3 grid(plan.p.max_rows);
  if (partial_is_wide(plan.p)) return enqueue(sum_results<true>, grid, kThreads, 0, stream, Start::EARLY, plan);
  return enqueue(sum_results<false>, grid, kThreads, 0, stream, Start::EARLY, plan);
}

template <int kGroups>
int launch_experts(const Plan& plan, void* stream) {
  const int first = launch_gate_up<kGroups>(plan, stream);
  if (first != cudaSuccess) return first;
  if (plan.tuning.form == OWNED) {
    const int bytes = plan.p.max_rows * (plan.p.experts_per_token + 1) * 64;
    return enqueue(down_owned, dim3(plan.p.hidden / 16), kOwnerWarps * 32, bytes, stream, Start::EARLY, plan);
  }
  const int second = launch_down<kGroups>(plan, stream);
  return second != cudaSuccess ? second : launch_sum(plan, stream);
}

inline int launch_few(const Plan& plan, void* stream) {
  const tenon_moe& p = plan.p;
  const int logits = enqueue(few_router, dim3(divided(plan.outputs, 16)), kThreads, 0, stream, Start::EARLY, plan);
  if (logits != cudaSuccess) return logits;
  const FewLayout at = few_layout(p);
  const int together = card().shared_of_all / (at.bytes + 1024);  // 1 KB of each is the system's
  const int64_t most = int64_t(card().multiprocessors) * (together > 3 ? 3 : together < 1 ? 1 : together);
  const int64_t units = p.shared_inner / 16 + int64_t(plan.pairs_most) * (p.inner / 16);
  // as many as there is room for, so that multiprocessors have as many each
  const int first = enqueue(few_gate_up, dim3(units < card().multiprocessors ? units : most), kThreads, at.bytes, stream, Start::EARLY, plan, at);
  if (first != cudaSuccess) return first;
  const int bytes = few_results_bytes(p) + routing_bytes(p.max_rows, p.experts_per_token);
  return enqueue(few_down, dim3(p.hidden / 16), kOwnerWarps * 32, bytes, stream, Start::EARLY, plan);
}

// own(plan, stream) enqueues gate_up and down in the form WARPGROUPS.
template <typename Own>
int launch_mixture(const tenon_moe& p, void* stream, Own own) {
  if (!acceptable(p)) return cudaErrorInvalidValue;
  if (p.max_rows == 0) return cudaSuccess;
  const Plan plan = make_plan(p);
  if (p.workspace_bytes < plan.bytes || !fits(p, plan.tuning, card().shared_of_block)) return cudaErrorInvalidValue;
  if (plan.tuning.form == FEW) return launch_few(plan, stream);
  const int logits = launch_router(plan, stream);
  if (logits != cudaSuccess) return logits;
  const int routed = launch_route(plan, stream);
  if (routed != cudaSuccess) return routed;
  if (plan.tuning.form == WARPGROUPS) {
    const int done = own(plan, stream);
    return done != cudaSuccess ? done : launch_sum(plan, stream);
  }
  switch (plan.tuning.groups) {
    case 1: return launch_experts<1>(plan, stream);
    case 2: return launch_experts<2>(plan, stream);
    case 4: return launch_experts<4>(plan, stream);
    default: return launch_experts<8>(plan, stream);
  }
}

inline int launch_add_norm(const tenon_moe_add_norm& p, void* stream) {
  if (!acceptable(p.moe) || !p.moe.unfinished || p.norm.hidden != p.moe.hidden || p.norm.max_rows != p.moe.max_rows ||
      p.norm.pending != p.moe.out) {
    return cudaErrorInvalidValue;
  }
  if (p.moe.max_rows == 0) return cudaSuccess;
  const Plan plan = make_plan(p.moe);
  if (!leaves_results(plan)) return tenon_add_norm_launch(&p.norm, stream);
  if (!elementwise::norm_is_possible(p.norm) || p.moe.workspace_bytes < plan.bytes) return cudaErrorInvalidValue;
  const unsigned rows = static_cast<unsigned>(p.moe.max_rows), threads = elementwise::norm_threads(p.norm);
  auto launch = [&](auto* kernel) { return enqueue(kernel, rows, threads, 0, stream, Start::EARLY, plan, p.norm); };
  const auto pick = [&](auto wide, auto ranks) {
    return threads <= 256 ? launch(sum_add_norm<wide.value, 256, ranks.value>) : launch(sum_add_norm<wide.value, 1024, ranks.value>);
  };
  const auto pick_ranks = [&](auto wide) { return p.norm.peers.ranks ? pick(wide, std::true_type()) : pick(wide, std::false_type()); };
  return partial_is_wide(p.moe) ? pick_ranks(std::true_type()) : pick_ranks(std::false_type());
}

// Writes up to `room` words of tile parameters that are valid for these sizes; returns how many there are.
inline int64_t candidates(const tenon_moe& p, int64_t* words, int64_t room) {
  int64_t found = 0;
  auto offer = [&](const Tuning& tuning) {
    if (!valid(tuning, p, card().shared_of_block) || !fits(p, tuning, card().shared_of_block)) return;
    if (found < room) words[found] = encode(tuning);
    found++;
  };
  offer({1, 1, 3, 1, 1, FEW});
  offer({1, 1, 3, 1, 1, WARPGROUPS});
  const int powers[] = {1, 2, 4, 8};
  const int64_t each = p.max_rows * p.experts_per_token / p.experts;
  for (int groups : powers) {
    if (groups * 16 <= each || groups > 2 + each) continue;  // hopeless
    for (int pairs : powers) {
      for (int depth = 2; depth <= 4; depth++) {
        offer({groups, pairs, depth, 1, 1, OWNED});
        for (int loops : powers) offer({groups, pairs, depth, loops, 1, THROUGH_MEMORY});
      }
    }
  }
  return found;
}

}  // namespace tenon::moe
#endif
