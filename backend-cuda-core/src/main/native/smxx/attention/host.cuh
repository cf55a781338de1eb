// What launches of attention ask of the card.
#ifndef TENON_ATTENTION_HOST_CUH
#define TENON_ATTENTION_HOST_CUH

#include "../../device/platform.cuh"

namespace tenon::attention {

struct Card {
  int multiprocessors;
  int shared_bytes;  // that a block may have
  static Card current() {
    int device = 0;
    Card card = {1, 0};
    cudaGetDevice(&device);
    cudaDeviceGetAttribute(&card.multiprocessors, cudaDevAttrMultiProcessorCount, device);
    cudaDeviceGetAttribute(&card.shared_bytes, cudaDevAttrMaxSharedMemoryPerBlockOptin, device);
    return card;
  }
};

}  // namespace tenon::attention
#endif
