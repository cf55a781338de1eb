// Scalar functions of the delta net, and its conversions between element types.
#ifndef TENON_DEVICE_DELTA_MATH_CUH
#define TENON_DEVICE_DELTA_MATH_CUH

#include "exponential.cuh"

namespace tenon::delta {

using bf16 = __nv_bfloat16;

// 1 / (1 + e^−x)
__device__ __forceinline__ float sigmoid(float x) {
  const float sum = 1.f + power_of_two(-kLog2E * x);
#if defined(TENON_EMULATED)
  return 1.f / sum;
#else
  float result;
  asm("rcp.approx.ftz.f32 %0, %1;" : "=f"(result) : "f"(sum));
  return result;
#endif
}

__device__ __forceinline__ float silu(float x) { return x * sigmoid(x); }

__device__ __forceinline__ float softplus(float x) { return x > 20.f ? x : log1pf(expf(x)); }

// g = -exp(decay_log) · softplus(a + time_bias)
__device__ __forceinline__ float log_decay(float decay_log, float a, float time_bias) {
  return -expf(decay_log) * softplus(a + time_bias);
}

__device__ __forceinline__ float output_gate(float z, bool sigmoid_only) {
  return sigmoid_only ? sigmoid(z) : silu(z);
}

// The convolution at one position, in one fixed order: both forms of the operation must see the same q, k and v.
__device__ __forceinline__ float convolve(float4 taps, float x0, float x1, float x2, float x3) {
  return fmaf(taps.w, x3, fmaf(taps.z, x2, fmaf(taps.y, x1, taps.x * x0)));
}

__device__ __forceinline__ float warp_sum(float x) {
#pragma unroll
  for (int step = 16; step > 0; step >>= 1) x += __shfl_xor_sync(0xffffffffu, x, step);
  return x;
}

// Two neighbouring bf16 in a word: the lower address in the lower half.
__device__ __forceinline__ float low(uint32_t pair) { return __uint_as_float(pair << 16); }
__device__ __forceinline__ float high(uint32_t pair) { return __uint_as_float(pair & 0xffff0000u); }

__device__ __forceinline__ uint32_t load_pair(const bf16* from) { return *reinterpret_cast<const uint32_t*>(from); }

__device__ __forceinline__ void store_pair(bf16* to, uint32_t pair) { *reinterpret_cast<uint32_t*>(to) = pair; }

__device__ __forceinline__ uint32_t pair_of(float a, float b) {
  const __nv_bfloat162 pair = __floats2bfloat162_rn(a, b);
  uint32_t word;
  memcpy(&word, &pair, 4);
  return word;
}

// Four neighbouring elements of a state.
__device__ __forceinline__ void load4(const float* from, float (&to)[4]) {
  const float4 words = *reinterpret_cast<const float4*>(from);
  to[0] = words.x, to[1] = words.y, to[2] = words.z, to[3] = words.w;
}

__device__ __forceinline__ void load4(const bf16* from, float (&to)[4]) {
  const uint2 words = *reinterpret_cast<const uint2*>(from);
  to[0] = low(words.x), to[1] = high(words.x), to[2] = low(words.y), to[3] = high(words.y);
}

__device__ __forceinline__ void store4(float* to, const float (&from)[4]) {
  *reinterpret_cast<float4*>(to) = make_float4(from[0], from[1], from[2], from[3]);
}

__device__ __forceinline__ void store4(bf16* to, const float (&from)[4]) {
  *reinterpret_cast<uint2*>(to) = make_uint2(pair_of(from[0], from[1]), pair_of(from[2], from[3]));
}

__device__ __forceinline__ float2 load2(const float* from) { return *reinterpret_cast<const float2*>(from); }

__device__ __forceinline__ float2 load2(const bf16* from) {
  const uint32_t pair = load_pair(from);
  return make_float2(low(pair), high(pair));
}

__device__ __forceinline__ void store2(float* to, float a, float b) { *reinterpret_cast<float2*>(to) = make_float2(a, b); }

__device__ __forceinline__ void store2(bf16* to, float a, float b) { store_pair(to, pair_of(a, b)); }

// One element of a state.
__device__ __forceinline__ float widened(float x) { return x; }
__device__ __forceinline__ float widened(bf16 x) { return __bfloat162float(x); }

template <typename State>
__device__ __forceinline__ State narrowed(float x) {
  if constexpr (sizeof(State) == sizeof(float)) {
    return x;
  } else {
    return __float2bfloat16_rn(x);
  }
}

// What values become when they are stored in a state of this type.
template <typename State>
__device__ __forceinline__ void round_to(float (&x)[4]) {
  if (sizeof(State) == sizeof(float)) return;
  const uint32_t first = pair_of(x[0], x[1]), second = pair_of(x[2], x[3]);
  x[0] = low(first), x[1] = high(first), x[2] = low(second), x[3] = high(second);
}

// Asks the second-level cache for a line that will be read soon.
__device__ __forceinline__ void prefetch(const void* address) {
#if !defined(TENON_EMULATED)
  asm volatile("prefetch.global.L2 [%0];" ::"l"(address));
#endif
}

// The same value, but the compiler does not know: what follows from it is computed again where it is needed, and does
// not stay in registers around a loop.
__device__ __forceinline__ int again(int x) {
#if !defined(TENON_EMULATED)
  asm volatile("" : "+r"(x));
#endif
  return x;
}

}  // namespace tenon::delta

#endif
