// Launches of the kernel for sequences of few rows.
#include "decode.cuh"
#include "host.cuh"

namespace tenon::attention {
namespace {

template <int kDim, int kType, int kRing>
bool enqueue_ring(const Step& step, int& status) {
  const int64_t bytes = DecodeShared<kDim, kType, kRing>::bytes(step.p.rows.max_sequences);
  if (bytes > step.card.shared_bytes) return false;
  status = enqueue(decode<kDim, kType, kRing>, kDecodeBlocks * step.card.multiprocessors, kDecodeThreads,
                   static_cast<int>(bytes), step.stream, Start::EARLY, step.p, step.division, step.space);
  return true;
}

}  // namespace

// With 96 KB of rings a block, which two blocks of a multiprocessor of sm_90 and sm_100 have room for, or 64 KB.
int enqueue_decodes(const Step& step) {
  return with_form(step.p, [&]<int kDim, int kType>() -> int {
    int status = cudaErrorInvalidValue;
    if constexpr (kDim == 256) {
      if (!enqueue_ring<kDim, kType, 3>(step, status)) enqueue_ring<kDim, kType, 2>(step, status);
    } else {
      enqueue_ring<kDim, kType, kDim == 128 ? 6 : 8>(step, status);
    }
    return status;
  });
}

}  // namespace tenon::attention
