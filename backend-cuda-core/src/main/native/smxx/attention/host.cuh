// What launches of attention ask of the card.
#ifndef TENON_ATTENTION_HOST_CUH
#define TENON_ATTENTION_HOST_CUH

#include "../../device/platform.cuh"
#include "work.cuh"

namespace tenon::attention {

#if defined(TENON_EMULATED)
extern bool emulates_warpgroups;  // whether the card that is emulated has products of warpgroups; tests try both
#endif

struct Card {
  int multiprocessors;
  int shared_bytes;  // that a block may have
  bool warpgroups;   // products of warpgroups, of sm_90a
  static Card current() {
    int device = 0, major = 0;
    Card card = {1, 0, false};
    cudaGetDevice(&device);
    cudaDeviceGetAttribute(&card.multiprocessors, cudaDevAttrMultiProcessorCount, device);
    cudaDeviceGetAttribute(&card.shared_bytes, cudaDevAttrMaxSharedMemoryPerBlockOptin, device);
    cudaDeviceGetAttribute(&major, cudaDevAttrComputeCapabilityMajor, device);
    card.warpgroups = major == 9;
#if defined(TENON_EMULATED)
    card.warpgroups = emulates_warpgroups;
#endif
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

// Whether the including source is compiled for sm_90a and nothing else: only then have kernels of warpgroups a body.
inline bool built_for_warpgroups() {
#if defined(TENON_EMULATED)
  return true;
#else
  constexpr int built_for[] = {__CUDA_ARCH_LIST__};
  return sizeof(built_for) == sizeof(int) && built_for[0] == 900;
#endif
}

// Enqueue the kernels for sequences of few and of many rows; each returns a CUDA error code.
int enqueue_decodes(const Step& step);
bool has_warpgroup_decodes(const Step& step);
int enqueue_warpgroup_decodes(const Step& step);
int enqueue_prefills(const Step& step);
bool has_warpgroup_prefill(const Step& step);
int enqueue_warpgroup_prefills(const Step& step);

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
