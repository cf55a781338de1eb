// Launches of the kernels for sequences of many rows.
#include "host.cuh"
#include "prefill.cuh"

namespace tenon::attention {
namespace {

template <int kDim, int kType, int kStep, int kRing>
bool enqueue_step(const Step& step, int& status) {
  const int64_t bytes = PrefillShared<kDim, kType, kStep>::bytes(kRing, step.p.rows.max_sequences);
  if (bytes > step.card.shared_bytes) return false;
  status = enqueue(prefill<kDim, kType, kStep, kRing>, step.card.multiprocessors, kPrefillThreads, static_cast<int>(bytes),
                   step.stream, Start::EARLY, step.p, step.division, step.space);
  return true;
}

}  // namespace

// With the longest ring that fits, and steps that leave no registers short.
int enqueue_prefills(const Step& step) {
  return with_form(step.p, [&]<int kDim, int kType>() -> int {
    int status = cudaErrorInvalidValue;
    if constexpr (kDim == 256) {
      constexpr int kStep = kType == TENON_BF16 ? 64 : 32;
      if (!enqueue_step<kDim, kType, kStep, 4>(step, status)) enqueue_step<kDim, kType, 32, 2>(step, status);
    } else {
      if (!enqueue_step<kDim, kType, 64, 4>(step, status)) enqueue_step<kDim, kType, 64, 2>(step, status);
    }
    return status;
  });
}

}  // namespace tenon::attention
