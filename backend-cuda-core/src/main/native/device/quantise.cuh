// Rows in E4M3, with one scale for each stretch of 128 inputs of a row.
//
//   one term    an input is scale · a: the greatest magnitude becomes 448, the greatest of E4M3
//   two terms   an input is scale · (a + b), b what a leaves: the scale is a power of two that brings the greatest magnitude
//               between 224 and 448. Each term has four significant bits, so what a bf16 has (eight) is kept exactly down to
//               1/4, about a thousandth of the greatest; what is less is off by at most half of E4M3's least step, 2^-10: a
//               hundredth of the step of bf16 at the greatest. So products of E4M3 give what products of bf16 would
//
// Such a row is its stretches one after another, of 128 bytes a term, zeros beyond the last input, and beside it an f32 for
// each stretch. The packed form of weights (fragment.cuh) gives a lane eight neighbouring inputs 8t … 8t + 7 where the
// matrix engine's operand A has inputs 4t … 4t + 3 and 4t + 16 … 4t + 19, so the words of every 32 bytes of a row change
// places: word 2t becomes word t, word 2t + 1 word t + 4.
#ifndef TENON_DEVICE_QUANTISE_CUH
#define TENON_DEVICE_QUANTISE_CUH

#include "fragment.cuh"
#include "platform.cuh"

namespace tenon {

constexpr float kMostE4m3 = 448;

// Less counts as this: its reciprocal is finite, and what becomes 0 was next to nothing.
__device__ __forceinline__ float quantised_magnitude(float greatest) { return fmaxf(greatest, 1e-10f); }

// What the bytes of a stretch are multiplied by, given its greatest magnitude, and what its inputs were multiplied by.
__device__ __forceinline__ float quantised_scale(float greatest) { return __fdiv_rn(quantised_magnitude(greatest), kMostE4m3); }
__device__ __forceinline__ float quantised_inverse(float greatest) { return __fdiv_rn(kMostE4m3, quantised_magnitude(greatest)); }

// Of two terms: a power of two.
__device__ __forceinline__ float split_scale(float greatest) {
  const uint32_t bits = __float_as_uint(quantised_magnitude(greatest) * (1 / kMostE4m3));
  return __uint_as_float((bits + 0x7fffffu) & 0x7f800000u);
}

// What the inputs of a stretch have in common, as bits of a float, which keep the order of the greatest magnitude: that
// magnitude or, of two terms, the scale that it asks for.
template <int kTerms>
__device__ __forceinline__ uint32_t word_of(float greatest) { return __float_as_uint(kTerms == 1 ? greatest : split_scale(greatest)); }
template <int kTerms>
__device__ __forceinline__ float scale_of(uint32_t word) { return kTerms == 1 ? quantised_scale(__uint_as_float(word)) : __uint_as_float(word); }
template <int kTerms>
__device__ __forceinline__ float inverse_of(uint32_t word) {
  return kTerms == 1 ? quantised_inverse(__uint_as_float(word)) : __uint_as_float(0x7f000000u - word);
}

__device__ __forceinline__ uint32_t two_e4m3(float low, float high) {
  return __nv_cvt_float2_to_fp8x2(make_float2(low, high), __NV_SATFINITE, __NV_E4M3);
}

__device__ __forceinline__ uint32_t four_e4m3(float a, float b, float c, float d) { return two_e4m3(a, b) | two_e4m3(c, d) << 16; }

// What four e4m3 leave of the values that they stand for.
__device__ __forceinline__ void take_away(float (&value)[4], uint32_t four) {
#pragma unroll
  for (int i = 0; i < 4; i += 2) {
    const __half2_raw halves = __nv_cvt_fp8x2_to_halfraw2(static_cast<__nv_fp8x2_storage_t>(four >> i * 8), __NV_E4M3);
    const float2 two = __half22float2(halves);
    value[i] -= two.x, value[i + 1] -= two.y;
  }
}

// Where the byte of an input lies in its row, were it of one term.
__device__ __forceinline__ int quantised_place(int input) {
  return input / 32 * 32 + input / 4 % 2 * 16 + input / 8 % 4 * 4 + input % 4;
}

__device__ __forceinline__ float greatest_of_two(uint32_t two_bf16, float before) {
  return fmaxf(before, fmaxf(fabsf(__uint_as_float(two_bf16 << 16)), fabsf(__uint_as_float(two_bf16 & 0xffff0000u))));
}

// A lane's eight inputs from `first` on become terms; half a warp has a stretch. Those beyond the last input are zeros.
template <int kTerms>
__device__ __forceinline__ void quantise_eight(const uint4& eight, int first, bool exists, unsigned char* to, float* scales) {
  const uint32_t word[4] = {eight.x, eight.y, eight.z, eight.w};
  float greatest = 0;
#pragma unroll
  for (int i = 0; i < 4; i++) greatest = greatest_of_two(word[i], greatest);
#pragma unroll
  for (int step = 8; step > 0; step /= 2) greatest = fmaxf(greatest, __shfl_xor_sync(0xffffffffu, greatest, step));
  if (!exists) return;
  const uint32_t common = word_of<kTerms>(greatest);
  const float inverse = inverse_of<kTerms>(common);
  float value[2][4];
#pragma unroll
  for (int i = 0; i < 8; i++) value[i / 4][i % 4] = inverse * __uint_as_float(i % 2 ? word[i / 2] & 0xffff0000u : word[i / 2] << 16);
  uint32_t* words = reinterpret_cast<uint32_t*>(to + first / kStretch * kTerms * kStretch + quantised_place(first % kStretch));
#pragma unroll
  for (int term = 0; term < kTerms; term++) {
#pragma unroll
    for (int i = 0; i < 2; i++) {
      const uint32_t four = four_e4m3(value[i][0], value[i][1], value[i][2], value[i][3]);
      words[term * (kStretch / 4) + i * 4] = four;
      if (term + 1 < kTerms) take_away(value[i], four);
    }
  }
  if (threadIdx.x % 16 == 0) scales[first / kStretch] = scale_of<kTerms>(common);
}

// A warp makes terms of a row of bf16, whose inputs are a multiple of 8.
template <int kTerms>
__device__ __forceinline__ void quantise_row(const void* from, int inputs, unsigned char* to, float* scales) {
  constexpr int kAtOnce = 4, kEach = 32 * 8;  // loads under way, and inputs of each
  const int lane = threadIdx.x % 32, padded = (inputs + kStretch - 1) / kStretch * kStretch;
  for (int begin = 0; begin < padded; begin += kAtOnce * kEach) {
    uint4 eight[kAtOnce];
#pragma unroll
    for (int i = 0; i < kAtOnce; i++) {
      const int first = begin + i * kEach + lane * 8;
      eight[i] = first < inputs ? __ldcg(reinterpret_cast<const uint4*>(from) + first / 8) : uint4{0, 0, 0, 0};
    }
#pragma unroll
    for (int i = 0; i < kAtOnce; i++) {
      if (begin + i * kEach >= padded) break;
      const int first = begin + i * kEach + lane * 8;
      quantise_eight<kTerms>(eight[i], first, first < padded, to, scales);
    }
  }
}

}  // namespace tenon
#endif
