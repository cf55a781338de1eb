// How a launch of the product in stream.cuh is cut, and what its blocks keep in shared memory.
#ifndef TENON_MOE_LAYOUT_H
#define TENON_MOE_LAYOUT_H

#include <cuda_runtime_api.h>

#include "tuning.h"

namespace tenon::moe {

constexpr int kWarpStage = 4096;    // bytes of weights of a warp in a stage
constexpr int kScaleInputs = 128;   // inputs that share a scale, and to which matrices are padded

// How a launch cuts a product.
struct Cut {
  int pairs, depth, loops;
};

__host__ __device__ constexpr int stages_of(int type, int inputs, int pairs) {
  const int all = (inputs + kScaleInputs - 1) / kScaleInputs * (type == TENON_E4M3 ? 1 : 2);
  const int parts = kWarps / pairs;
  return (all + parts - 1) / parts;
}

// Bytes of shared memory: rows, scales, ring, sums. The sums lie in the ring where a block has one span only.
struct Layout {
  int scales, ring, stage, sums, bytes;
};

__host__ __device__ constexpr Layout layout(int type, int inputs, int tokens, const Cut& cut) {
  Layout at = {};
  const int stretches = (inputs + kScaleInputs - 1) / kScaleInputs;
  const int parts = kWarps / cut.pairs;
  const int stages = stages_of(type, inputs, cut.pairs) * cut.loops;
  at.scales = tokens * 4 < 128 ? 128 : tokens * 4;
  at.ring = at.scales + (type == TENON_E4M3 ? (2 * cut.pairs * cut.loops * stretches * 4 + 127) / 128 * 128 : 0);
  at.stage = kWarps * kWarpStage + parts * tokens * (type == TENON_E4M3 ? 256 : 128);
  const int ring = at.stage * (stages < cut.depth ? stages : cut.depth);
  const int sums = parts * tokens * (32 * cut.pairs + 4) * 4;
  at.sums = cut.loops > 1 ? at.ring + ring : at.ring;
  at.bytes = cut.loops > 1 ? at.sums + sums : at.ring + (ring > sums ? ring : sums);
  return at;
}

// Shared memory of a block that may work for routed experts or the shared one.
inline int shared_bytes(const tenon_moe& p, int tokens, int64_t inputs, int64_t shared_inputs, const Cut& cut) {
  const int routed = layout(p.type, inputs, tokens, cut).bytes;
  const int shared = p.shared_inner > 0 ? layout(p.shared_type, shared_inputs, tokens, cut).bytes : 0;
  return routed > shared ? routed : shared;
}

inline Cut first_cut(const Tuning& t) { return {t.pairs, t.depth, t.gate_loops}; }
inline Cut second_cut(const Tuning& t) { return {kWarps, t.depth, t.down_loops}; }

inline int first_bytes(const tenon_moe& p, const Tuning& t) { return shared_bytes(p, 8 * t.groups, p.hidden, p.hidden, first_cut(t)); }
inline int second_bytes(const tenon_moe& p, const Tuning& t) {
  return shared_bytes(p, 8 * t.groups, p.inner, p.shared_inner, second_cut(t));
}

inline bool fits(const tenon_moe& p, const Tuning& t, int most) {
  if (t.form == FEW || t.form == WARPGROUPS) return true;
  return first_bytes(p, t) <= most && (t.form == OWNED || second_bytes(p, t) <= most);
}

// The heuristics' choice, made smaller until it fits.
inline Tuning fitted_tuning(const tenon_moe& p, int most) {
  Tuning t = moe_tuning(p, most);
  while (!fits(p, t, most)) {
    if (t.down_loops > 1) t.down_loops = 1;
    else if (t.depth > 2) t.depth--;
    else if (t.groups > 1) t.groups /= 2;
    else break;
  }
  return t;
}

struct Card {
  int multiprocessors;
  int shared_of_block, shared_of_all;  // bytes that a block, and a multiprocessor's blocks together, may have
};

inline const Card& card() {
  static const Card known = [] {
    Card card = {};
    int device = 0;
    cudaGetDevice(&device);
    cudaDeviceGetAttribute(&card.multiprocessors, cudaDevAttrMultiProcessorCount, device);
    cudaDeviceGetAttribute(&card.shared_of_block, cudaDevAttrMaxSharedMemoryPerBlockOptin, device);
    cudaDeviceGetAttribute(&card.shared_of_all, cudaDevAttrMaxSharedMemoryPerMultiprocessor, device);
    return card;
  }();
  return known;
}

}  // namespace tenon::moe
#endif
