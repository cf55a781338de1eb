// Launches of the kernel for sequences of few rows.
#include "decode.cuh"
#include "host.cuh"

namespace tenon::attention {
namespace {

template <int kDim, int kType, int kRing>
int enqueue_ring(const Step& step, int64_t bytes) {
  return enqueue(decode<kDim, kType, kRing>, step.card.multiprocessors, kDecodeThreads<kDim>, static_cast<int>(bytes),
                 step.stream, Start::EARLY, step.p, step.division, step.space);
}

}  // namespace

// With the longest ring that fits: a multiprocessor has 227 KB on sm_90 and sm_100, 163 KB on sm_80, 99 KB on sm_86.
int enqueue_decodes(const Step& step) {
  return with_form(step.p, [&]<int kDim, int kType>() -> int {
    constexpr bool kWide = kDim == 256 && kType == TENON_BF16;
    constexpr int kLong = kWide ? 6 : 8, kShort = kWide ? 2 : 4;
    const int64_t most = DecodeShared<kDim, kType>::bytes(kLong, step.p.rows.max_sequences);
    if (most <= step.card.shared_bytes) return enqueue_ring<kDim, kType, kLong>(step, most);
    const int64_t least = DecodeShared<kDim, kType>::bytes(kShort, step.p.rows.max_sequences);
    if (least <= step.card.shared_bytes) return enqueue_ring<kDim, kType, kShort>(step, least);
    return cudaErrorInvalidValue;
  });
}

}  // namespace tenon::attention
