// Packed weights as operand A of mma.m16n8k16, tokens as operand B.
//
// A stretch of 32 inputs (E4M3) or 16 inputs (BF16) of a tile of 16 outputs is 512 bytes: 16 bytes for each lane. The
// order of inputs within a sum is free, so lane (g, t) = (lane / 4, lane % 4) gets neighbouring inputs of outputs g and
// g + 8, and the same neighbouring elements of token g are its part of operand B: one wide load for each.
//   E4M3: inputs 8t … 8t + 7: the first four feed one product, the others a second
//   BF16: inputs 4t … 4t + 3
// The bytes of four E4M3 elements w x (output g) and y z (output g + 8) lie as y w z x, so that masks and one shift
// turn each pair into two bf16.
#ifndef TENON_DEVICE_FRAGMENT_CUH
#define TENON_DEVICE_FRAGMENT_CUH

#include "mma.cuh"
#include "platform.cuh"

namespace tenon {

constexpr int kTileOutputs = 16;
constexpr int kStretch = 128;  // inputs that share a scale

struct FragmentA {
  uint32_t word[4];
};

// 2^120 in both halves: undoes the difference between the exponents' biases of bf16 (127) and e4m3 (7).
constexpr uint32_t kExponentShift = 0x7b807b80u;

__device__ __forceinline__ uint32_t shifted(uint32_t tiny) {
  __nv_bfloat162 value, factor;
  memcpy(&value, &tiny, 4);
  const uint32_t bits = kExponentShift;
  memcpy(&factor, &bits, 4);
  value = __hmul2(value, factor);
  uint32_t result;
  memcpy(&result, &value, 4);
  return result;
}

// Two e4m3 in the upper bytes of both halves become two bf16, exactly, subnormal ones included.
__device__ __forceinline__ uint32_t widened(uint32_t word) {
  return shifted((word & 0x80008000u) | ((word & 0x7f007f00u) >> 4));
}

// Two products' worth of operand A from 16 bytes of E4M3.
__device__ __forceinline__ void unpack(const uint4& packed, FragmentA& first, FragmentA& second) {
  first.word[0] = widened(packed.x);
  first.word[1] = widened(packed.x << 8);
  first.word[2] = widened(packed.y);
  first.word[3] = widened(packed.y << 8);
  second.word[0] = widened(packed.z);
  second.word[1] = widened(packed.z << 8);
  second.word[2] = widened(packed.w);
  second.word[3] = widened(packed.w << 8);
}

// sum += a · b for 16 outputs × 8 tokens over 16 inputs. Lane (g, t) holds outputs g (0, 1) and g + 8 (2, 3) of tokens
// 2t (0, 2) and 2t + 1 (1, 3).
__device__ __forceinline__ void multiply(float (&sum)[4], const FragmentA& a, uint32_t b0, uint32_t b1) {
  mma_bf16(sum, a.word, b0, b1);
}

}  // namespace tenon
#endif
