// What launches of attention ask of the card.
#ifndef TENON_ATTENTION_HOST_CUH
#define TENON_ATTENTION_HOST_CUH

#include "../../device/platform.cuh"
#include "work.cuh"

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

// What a launch of attention consists of.
struct Step {
  const tenon_attention& p;
  void* stream;
  Card card;
  Division division;
  Space space;
};

// Enqueue the kernels for sequences of few and of many rows; each returns a CUDA error code.
int enqueue_decodes(const Step& step);
int enqueue_prefills(const Step& step);

// Calls a function with the dim of heads and the type of keys and values as constants.
template <typename Function>
int with_form(const tenon_attention& p, Function function) {
  const bool narrow = p.kv_type == TENON_E4M3;
  switch (p.dim) {
    case 64: return narrow ? function.template operator()<64, TENON_E4M3>() : function.template operator()<64, TENON_BF16>();
    case 128: return narrow ? function.template operator()<128, TENON_E4M3>() : function.template operator()<128, TENON_BF16>();
    case 256: return narrow ? function.template operator()<256, TENON_E4M3>() : function.template operator()<256, TENON_BF16>();
    default: return cudaErrorInvalidValue;
  }
}

}  // namespace tenon::attention
#endif
