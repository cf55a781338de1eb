// Where a thread stands in a ring of stages in shared memory.
#ifndef TENON_PRODUCT_RING_PLACE_CUH
#define TENON_PRODUCT_RING_PLACE_CUH

#include "device/platform.cuh"

namespace tenon {

// A stage, and how often it has been used, modulo 2: the parity of its barriers' phase.
template <int kStages>
struct RingPlace {
  uint32_t slot = 0, turn = 0;

  __device__ void advance() {
    if (++slot == kStages) slot = 0, turn ^= 1;
  }
};

}  // namespace tenon
#endif
