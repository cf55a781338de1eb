// Eight bf16 in 16 bytes, the piece in which the elementwise kernels read and write.
#ifndef TENON_ELEMENTWISE_PIECES_CUH
#define TENON_ELEMENTWISE_PIECES_CUH

#include "../../device/platform.cuh"

namespace tenon::elementwise {

constexpr int kPiece = 8;

__device__ __forceinline__ void widen(const uint4& bits, float (&to)[kPiece]) {
  const uint32_t word[4] = {bits.x, bits.y, bits.z, bits.w};
#pragma unroll
  for (int i = 0; i < 4; i++) {
    to[2 * i] = __uint_as_float(word[i] << 16);
    to[2 * i + 1] = __uint_as_float(word[i] & 0xffff0000u);
  }
}

__device__ __forceinline__ uint4 narrow(const float (&from)[kPiece]) {
  __nv_bfloat162 pair[4];
#pragma unroll
  for (int i = 0; i < 4; i++) pair[i] = __floats2bfloat162_rn(from[2 * i], from[2 * i + 1]);
  uint4 bits;
  memcpy(&bits, pair, 16);
  return bits;
}

__device__ __forceinline__ void load8(const float* from, float (&to)[kPiece]) {
  const float4 low = reinterpret_cast<const float4*>(from)[0], high = reinterpret_cast<const float4*>(from)[1];
  to[0] = low.x, to[1] = low.y, to[2] = low.z, to[3] = low.w;
  to[4] = high.x, to[5] = high.y, to[6] = high.z, to[7] = high.w;
}

__device__ __forceinline__ void store8(float* to, const float (&from)[kPiece]) {
  reinterpret_cast<float4*>(to)[0] = make_float4(from[0], from[1], from[2], from[3]);
  reinterpret_cast<float4*>(to)[1] = make_float4(from[4], from[5], from[6], from[7]);
}

}  // namespace tenon::elementwise
#endif
