// Launches of the kernel for sequences of few rows that is for sm_90a alone.
#include "decode_warpgroups.cuh"
#include "host.cuh"

namespace tenon::attention {
namespace {

int ring_of(const Step& step) {
  return WarpgroupDecodeShared::longest_ring(step.card.shared_bytes, step.p.rows.max_sequences);
}

}  // namespace

bool has_warpgroup_decodes(const Step& step) {
  return built_for_warpgroups() && step.card.warpgroups && step.p.dim == 256 && step.p.kv_type == TENON_BF16 &&
         ring_of(step) >= kShortestRing;
}

int enqueue_warpgroup_decodes(const Step& step) {
  const int ring = ring_of(step);
  return enqueue(decode_warpgroups, step.card.multiprocessors, kWarpgroupDecodeThreads,
                 static_cast<int>(WarpgroupDecodeShared::bytes(ring, step.p.rows.max_sequences)), step.stream, Start::EARLY, step.p,
                 step.division, step.space, ring);
}

}  // namespace tenon::attention
