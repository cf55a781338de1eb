// Launches of the kernel for sequences of few rows.
#include "decode.cuh"
#include "host.cuh"

namespace tenon::attention {
namespace {

template <int kDim, int kType, int kRing>
bool enqueue_ring(const Step& step, int& status) {
  const int64_t bytes = DecodeShared<kDim, kType>::bytes(kRing, step.p.rows.max_sequences);
  if (bytes > step.card.shared_bytes) return false;
  status = enqueue(decode<kDim, kType, kRing>, step.card.multiprocessors, kDecodeThreads<kDim>, static_cast<int>(bytes),
                   step.stream, Start::EARLY, step.p, step.division, step.space);
  return true;
}

}  // namespace

// With the longest ring that fits: a multiprocessor has 227 KB on sm_90 and sm_100, 163 KB on sm_80, 99 KB on sm_86.
int enqueue_decodes(const Step& step) {
  return with_form(step.p, [&]<int kDim, int kType>() -> int {
    int status = cudaErrorInvalidValue;
    if constexpr (kDim == 256 && kType == TENON_BF16) {
      if (enqueue_ring<kDim, kType, 6>(step, status) || enqueue_ring<kDim, kType, 4>(step, status)) return status;
      enqueue_ring<kDim, kType, 2>(step, status);
    } else if (!enqueue_ring<kDim, kType, 8>(step, status)) {
      enqueue_ring<kDim, kType, 4>(step, status);
    }
    return status;
  });
}

}  // namespace tenon::attention
