// How matrices of f16 lie in the delta net's chunked form.
//
// Tiles, in shared memory, hold rows of `units` 16-byte units; unit u of row r lies at unit swizzled(r, u), so that the
// eight rows of a matrix load fall into different banks. Parts of 16×16 are kept in two ways: as small tiles, or as
// operand A of m16n8k16, the four words of a lane together, which is how a warp loads and stores them fastest.
#ifndef TENON_DEVICE_DELTA_TILES_CUH
#define TENON_DEVICE_DELTA_TILES_CUH

#include "mma.cuh"

namespace tenon::delta {

// Index of a 16-byte unit within a tile whose rows have `units` of them (4, or a multiple of 8).
__device__ __forceinline__ int swizzled(int row, int unit, int units) {
  return row * units + (units == 4 ? unit ^ ((row >> 1) & 3) : unit ^ (row & 7));
}

// Index of an element within a tile.
__device__ __forceinline__ int element(int row, int column, int units) {
  return swizzled(row, column >> 3, units) * 8 + (column & 7);
}

constexpr int kPart = 16;       // rows and columns of a part
constexpr int kPartUnits = 32;  // 16-byte units that it takes
constexpr int kRowParts = 4;    // parts that a chunk's 64 rows make
constexpr int kTriangleParts = kRowParts * (kRowParts + 1) / 2;

// Index of a part among those on and below the diagonal.
__host__ __device__ __forceinline__ constexpr int triangle_part(int row, int column) { return row * (row + 1) / 2 + column; }

// Index of a unit of a part that is a tile.
__device__ __forceinline__ int part_unit(int row, int unit) { return 2 * row + (unit ^ (row >> 2 & 1)); }

__device__ __forceinline__ uint32_t half_pair(float a, float b) {
  const __half2 pair = __floats2half2_rn(a, b);
  uint32_t word;
  memcpy(&word, &pair, 4);
  return word;
}

__device__ __forceinline__ float2 from_half_pair(uint32_t word) {
  __half2 pair;
  memcpy(&pair, &word, 4);
  return __half22float2(pair);
}

// A sum of 16×16, as two of 16×8 next to each other, as operand A. It is operand B of its transpose's products too.
__device__ __forceinline__ uint4 as_operand(const float (&left)[4], const float (&right)[4], float factor = 1.f) {
  return make_uint4(half_pair(factor * left[0], factor * left[1]), half_pair(factor * left[2], factor * left[3]),
                    half_pair(factor * right[0], factor * right[1]), half_pair(factor * right[2], factor * right[3]));
}

// sum += a · b
__device__ __forceinline__ void multiply(float (&sum)[4], const uint4& a, uint32_t b0, uint32_t b1) {
  const uint32_t words[4] = {a.x, a.y, a.z, a.w};
  mma_f16(sum, words, b0, b1);
}

}  // namespace tenon::delta

#endif
