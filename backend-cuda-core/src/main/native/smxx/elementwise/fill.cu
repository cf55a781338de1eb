// Makes weights up, at the speed of writing.
//
// The target is an array of 32-bit words: word i comes from a hash of (seed, i), so that a share of a matrix does not
// depend on how the rest was filled. E4M3 bytes are spread as a normal weight's are whose block scale makes the greatest
// 448: the standard deviation is 111, no byte is infinite or not a number.
#include "../../abi/kernel_table.h"
#include "../../device/platform.cuh"
#include "../entry_points.h"

namespace {

using namespace tenon;

constexpr int kThreads = 256;
constexpr int kWords = 4;  // per thread and turn

// The finaliser of splitmix64 over a counter that the seed displaces.
__device__ __forceinline__ uint64_t hash(uint64_t seed, uint64_t index) {
  uint64_t z = (seed + 1) * 0xd1342543de82ef95ull + index * 0x9e3779b97f4a7c15ull;
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ull;
  z = (z ^ (z >> 27)) * 0x94d049bb133111ebull;
  return z ^ (z >> 31);
}

// 8 bits choose the exponent by a normal distribution's shares of the octaves below 512, 256, …; 4 are sign and mantissa.
__device__ __forceinline__ uint32_t e4m3(uint32_t bits) {
  const uint32_t choice = bits >> 8 & 255;
  const uint32_t octave = (choice >= 4) + (choice >= 59) + (choice >= 140) + (choice >= 195) + (choice >= 224) + (choice >= 240) +
                          (choice >= 248) + (choice >= 252) + (choice >= 254) + (choice >= 255);
  const uint32_t mantissa = octave == 0 ? bits & 3 : bits & 7;  // the first octave is cut off, and its last code is no number
  return (bits & 8) << 4 | (15 - octave) << 3 | mantissa;
}

__device__ __forceinline__ uint32_t bf16(float low, float width, uint32_t bits) {
  return __bfloat16_as_ushort(__float2bfloat16(low + width * (static_cast<float>(bits) + 0.5f) * (1.0f / 65536)));
}

template <int kType>
__device__ __forceinline__ uint32_t word_of(uint64_t seed, int64_t index, float low, float width) {
  const uint64_t bits = hash(seed, index);
  if (kType == TENON_E4M3) {
    return e4m3(bits & 0xffff) | e4m3(bits >> 16 & 0xffff) << 8 | e4m3(bits >> 32 & 0xffff) << 16 | e4m3(bits >> 48) << 24;
  }
  if (kType == TENON_BF16) return bf16(low, width, bits & 0xffff) | bf16(low, width, bits >> 16 & 0xffff) << 16;
  return __float_as_uint(low + width * (static_cast<float>(bits >> 40) + 0.5f) * (1.0f / 16777216));
}

template <int kType>
__global__ void __launch_bounds__(kThreads) fill(tenon_fill p, int64_t bytes) {
  const float low = p.low, width = p.high - p.low;
  const int64_t step = int64_t(gridDim.x) * kThreads * kWords;
  for (int64_t word = (int64_t(blockIdx.x) * kThreads + threadIdx.x) * kWords; word * 4 < bytes; word += step) {
    uint32_t value[kWords];
#pragma unroll
    for (int i = 0; i < kWords; i++) value[i] = word_of<kType>(p.seed, word + i, low, width);
    unsigned char* to = reinterpret_cast<unsigned char*>(p.target) + word * 4;
    if ((word + kWords) * 4 <= bytes) {
      *reinterpret_cast<uint4*>(to) = make_uint4(value[0], value[1], value[2], value[3]);
    } else {
      for (int i = 0; word * 4 + i < bytes; i++) to[i] = value[i / 4] >> i % 4 * 8;
    }
  }
}

}  // namespace

int tenon_fill_launch(const void* params, void* stream) {
  const tenon_fill& p = *static_cast<const tenon_fill*>(params);
  if (p.target % 16) return cudaErrorInvalidValue;
  if (p.elements == 0) return cudaSuccess;
  const int64_t bytes = p.elements * (p.type == TENON_E4M3 ? 1 : p.type == TENON_BF16 ? 2 : 4);
  const int64_t wanted = (bytes + kThreads * kWords * 4 - 1) / (kThreads * kWords * 4);
  const unsigned blocks = wanted < 4096 ? wanted : 4096;
  switch (p.type) {
    case TENON_E4M3: return enqueue(fill<TENON_E4M3>, blocks, kThreads, 0, stream, Start::AFTER, p, bytes);
    case TENON_BF16: return enqueue(fill<TENON_BF16>, blocks, kThreads, 0, stream, Start::AFTER, p, bytes);
    case TENON_F32: return enqueue(fill<TENON_F32>, blocks, kThreads, 0, stream, Start::AFTER, p, bytes);
    default: return cudaErrorInvalidValue;
  }
}
