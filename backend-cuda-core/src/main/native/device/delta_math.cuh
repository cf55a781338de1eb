// Scalar functions of the delta net, and its conversions between element types.
#ifndef TENON_DEVICE_DELTA_MATH_CUH
#define TENON_DEVICE_DELTA_MATH_CUH

#include <cuda_bf16.h>
#include <cuda_fp16.h>
#include <stdint.h>

namespace tenon::delta {

using bf16 = __nv_bfloat16;

__device__ __forceinline__ float sigmoid(float x) { return 1.f / (1.f + __expf(-x)); }

__device__ __forceinline__ float silu(float x) { return x / (1.f + __expf(-x)); }

__device__ __forceinline__ float softplus(float x) { return x > 20.f ? x : log1pf(expf(x)); }

// g = -exp(decay_log) · softplus(a + time_bias)
__device__ __forceinline__ float log_decay(float decay_log, float a, float time_bias) {
  return -expf(decay_log) * softplus(a + time_bias);
}

__device__ __forceinline__ float gate(float z, bool sigmoid_only) {
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

// Four neighbouring elements of a state.
__device__ __forceinline__ void load4(const float* from, float (&to)[4]) {
  float4 v = *reinterpret_cast<const float4*>(from);
  to[0] = v.x, to[1] = v.y, to[2] = v.z, to[3] = v.w;
}

__device__ __forceinline__ void load4(const bf16* from, float (&to)[4]) {
  uint2 v = *reinterpret_cast<const uint2*>(from);
  to[0] = __uint_as_float(v.x << 16), to[1] = __uint_as_float(v.x & 0xffff0000u);
  to[2] = __uint_as_float(v.y << 16), to[3] = __uint_as_float(v.y & 0xffff0000u);
}

__device__ __forceinline__ uint32_t pack(bf16 low, bf16 high) {
  return static_cast<uint32_t>(__bfloat16_as_ushort(low)) |
         static_cast<uint32_t>(__bfloat16_as_ushort(high)) << 16;
}

__device__ __forceinline__ void store4(float* to, const float (&from)[4]) {
  *reinterpret_cast<float4*>(to) = make_float4(from[0], from[1], from[2], from[3]);
}

__device__ __forceinline__ void store4(bf16* to, const float (&from)[4]) {
  *reinterpret_cast<uint2*>(to) = make_uint2(
      pack(__float2bfloat16_rn(from[0]), __float2bfloat16_rn(from[1])),
      pack(__float2bfloat16_rn(from[2]), __float2bfloat16_rn(from[3])));
}

__device__ __forceinline__ float2 load2(const float* from) { return *reinterpret_cast<const float2*>(from); }

__device__ __forceinline__ float2 load2(const bf16* from) {
  uint32_t v = *reinterpret_cast<const uint32_t*>(from);
  return make_float2(__uint_as_float(v << 16), __uint_as_float(v & 0xffff0000u));
}

__device__ __forceinline__ void store2(float* to, float a, float b) {
  *reinterpret_cast<float2*>(to) = make_float2(a, b);
}

__device__ __forceinline__ void store2(bf16* to, float a, float b) {
  *reinterpret_cast<uint32_t*>(to) = pack(__float2bfloat16_rn(a), __float2bfloat16_rn(b));
}

// What a value becomes when it is stored in a state of this type.
__device__ __forceinline__ float stored(float x, float) { return x; }
__device__ __forceinline__ float stored(float x, bf16) { return __bfloat162float(__float2bfloat16_rn(x)); }

}  // namespace tenon::delta

#endif
