// Launches of the kernel for sequences of many rows that is for sm_90a alone.
#include "host.cuh"
#include "prefill_warpgroups.cuh"

namespace tenon::attention {
namespace {

// Whether this source is compiled for sm_90a and nothing else: only then has the kernel a body.
bool is_built() {
#if defined(TENON_EMULATED)
  return true;
#else
  constexpr int built_for[] = {__CUDA_ARCH_LIST__};
  return sizeof(built_for) == sizeof(int) && built_for[0] == 900;
#endif
}

}  // namespace

bool has_warpgroup_prefill(const Step& step) {
  return is_built() && step.card.warpgroups && step.p.dim == 256 && step.p.kv_type == TENON_BF16 &&
         WarpgroupShared::bytes(step.p.rows.max_sequences) <= step.card.shared_bytes;
}

int enqueue_warpgroup_prefills(const Step& step) {
  return enqueue(prefill_warpgroups, step.card.multiprocessors, kPrefillThreads,
                 static_cast<int>(WarpgroupShared::bytes(step.p.rows.max_sequences)), step.stream, Start::EARLY, step.p,
                 step.division, step.space);
}

}  // namespace tenon::attention
