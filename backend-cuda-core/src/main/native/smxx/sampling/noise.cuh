// The noise of sampling (dev.tenon.spi.backend.NoiseStream) and draws with it: of logits, the id with the greatest
// logit / temperature − ln(−ln u).
#ifndef TENON_SAMPLING_NOISE_CUH
#define TENON_SAMPLING_NOISE_CUH

#include <math.h>

#include "../../device/platform.cuh"

namespace tenon::sampling {

constexpr uint64_t kGolden = 0x9E3779B97F4A7C15ull;
constexpr unsigned kAll = 0xffffffffu;

__device__ __forceinline__ uint64_t mixed(uint64_t z) {
  z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9ull;
  z = (z ^ (z >> 27)) * 0x94D049BB133111EBull;
  return z ^ (z >> 31);
}

// Key of one output position.
__device__ __forceinline__ uint64_t noise_key(int64_t seed, int output) {
  return mixed(mixed(static_cast<uint64_t>(seed) + kGolden) + (output + 1ull) * kGolden);
}

__device__ __forceinline__ uint64_t noise_bits(uint64_t key, int id) { return mixed(key + (id + 1ull) * kGolden); }

// −ln(−ln u) of the uniform number that these bits stand for.
__device__ __forceinline__ double noise(uint64_t bits) {
  const double uniform = (static_cast<double>(bits >> 11) + 0.5) * 0x1p-53;
  return -log(-log(uniform));
}

// The best id so far, the same in all lanes of a warp.
struct Draw {
  uint64_t key;
  float inverse;  // of the temperature
  float logit;    // of the best id
  float raised;   // its noise
  double score;
  int id;

  __device__ __forceinline__ void begin(uint64_t noise_key, float over_temperature) {
    key = noise_key;
    inverse = over_temperature;
    logit = -INFINITY;
    raised = 0;
    score = -INFINITY;
    id = 0;
  }

  // Takes the whole warp's word that this id is the best so far.
  __device__ __forceinline__ void set(float value, int its_id) {
    const double raise = noise(noise_bits(key, its_id));
    logit = value;
    raised = static_cast<float>(raise);
    score = double(value) * double(inverse) + raise;
    id = its_id;
  }

  // Whether an id may beat the best.
  //
  // It does if −ln u < e^(its logit − the best's − the best's noise), all scaled. As −ln u ≥ 1 − u, most ids fail on
  // 1 − u alone, which is rounded down here, while e^… is raised by more than its error.
  __device__ __forceinline__ bool promises(float value, int its_id) const {
    const uint32_t high = static_cast<uint32_t>(noise_bits(key, its_id) >> 32);
    const float least = static_cast<float>(~high) * 0x1p-32f;
    const float reach = exp2f(((value - logit) * inverse - raised) * 1.44269504f);
    return value > -INFINITY && !(least > reach * 1.001f);
  }

  // Looks at one id per lane; all lanes come here, those without an id bring −∞.
  __device__ __forceinline__ void look(float value, int its_id) {
    double best = -INFINITY;
    float raise = 0;
    if (value > -INFINITY) {
      const double exact = noise(noise_bits(key, its_id));
      best = double(value) * double(inverse) + exact;
      raise = static_cast<float>(exact);
    }
    for (int step = 16; step > 0; step /= 2) {
      const double other = __shfl_xor_sync(kAll, best, step);
      const int other_id = __shfl_xor_sync(kAll, its_id, step);
      const float other_value = __shfl_xor_sync(kAll, value, step), other_raise = __shfl_xor_sync(kAll, raise, step);
      if (other > best || (other == best && other_id < its_id)) {
        best = other;
        its_id = other_id;
        value = other_value;
        raise = other_raise;
      }
    }
    if (best > score || (best == score && its_id < id)) {
      score = best;
      id = its_id;
      logit = value;
      raised = raise;
    }
  }
};

}  // namespace tenon::sampling
#endif
