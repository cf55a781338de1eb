// Launches of the kernel for sequences of many rows that is for sm_90a alone.
#include "host.cuh"
#include "prefill_warpgroups.cuh"

namespace tenon::attention {
bool has_warpgroup_prefill(const Step& step) {
  return built_for_warpgroups() && step.card.warpgroups && step.p.dim == 256 && step.p.kv_type == TENON_BF16 &&
         WarpgroupShared::bytes(step.p.rows.max_sequences) <= step.card.shared_bytes;
}

int enqueue_warpgroup_prefills(const Step& step) {
  return enqueue(prefill_warpgroups, step.card.multiprocessors, kPrefillThreads,
                 static_cast<int>(WarpgroupShared::bytes(step.p.rows.max_sequences)), step.stream, Start::EARLY, step.p,
                 step.division, step.space);
}

}  // namespace tenon::attention
