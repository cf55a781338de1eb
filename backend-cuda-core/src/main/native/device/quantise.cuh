// Rows as E4M3, with one scale for each 128 inputs of a row: the greatest magnitude becomes 448, the greatest of E4M3.
//
// A quantised row is its stretches of 128 bytes one after another, zeros beyond the last input, and beside it an f32 for
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

__device__ __forceinline__ uint32_t two_e4m3(float low, float high) {
  return __nv_cvt_float2_to_fp8x2(make_float2(low, high), __NV_SATFINITE, __NV_E4M3);
}

__device__ __forceinline__ uint32_t four_e4m3(float a, float b, float c, float d) { return two_e4m3(a, b) | two_e4m3(c, d) << 16; }

// Where the byte of an input lies in its row.
__device__ __forceinline__ int quantised_place(int input) {
  return input / 32 * 32 + input / 4 % 2 * 16 + input / 8 % 4 * 4 + input % 4;
}

__device__ __forceinline__ float greatest_of_two(uint32_t two_bf16, float before) {
  return fmaxf(before, fmaxf(fabsf(__uint_as_float(two_bf16 << 16)), fabsf(__uint_as_float(two_bf16 & 0xffff0000u))));
}

// A warp quantises a row of bf16, whose inputs are a multiple of 8: half a warp a stretch.
__device__ __forceinline__ void quantise_row(const void* from, int inputs, unsigned char* to, float* scales) {
  const int lane = threadIdx.x % 32, stretches = (inputs + kStretch - 1) / kStretch;
  for (int first = lane * 8; first - lane * 8 < stretches * kStretch; first += 32 * 8) {
    const uint4 eight = first < inputs ? reinterpret_cast<const uint4*>(from)[first / 8] : uint4{0, 0, 0, 0};
    const uint32_t word[4] = {eight.x, eight.y, eight.z, eight.w};
    float greatest = 0;
#pragma unroll
    for (int i = 0; i < 4; i++) greatest = greatest_of_two(word[i], greatest);
#pragma unroll
    for (int step = 8; step > 0; step /= 2) greatest = fmaxf(greatest, __shfl_xor_sync(0xffffffffu, greatest, step));
    if (first >= stretches * kStretch) continue;
    const float inverse = quantised_inverse(greatest);
    float value[8];
#pragma unroll
    for (int i = 0; i < 8; i++) value[i] = inverse * __uint_as_float(i % 2 ? word[i / 2] & 0xffff0000u : word[i / 2] << 16);
    uint32_t* words = reinterpret_cast<uint32_t*>(to + quantised_place(first));
    words[0] = four_e4m3(value[0], value[1], value[2], value[3]);
    words[4] = four_e4m3(value[4], value[5], value[6], value[7]);
    if (lane % 16 == 0) scales[first / kStretch] = quantised_scale(greatest);
  }
}

}  // namespace tenon
#endif
