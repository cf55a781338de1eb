// Tiles of f16 of the delta net's chunked form, and their products with f32 values in registers.
//
// Tiles hold rows of `units` 16-byte units; unit u of row r lies at unit swizzled(r, u), so that the eight rows of a
// matrix load fall into different banks. They lie in global memory as they do in shared memory.
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

__device__ __forceinline__ uint32_t half_pair(float a, float b) {
  return static_cast<uint32_t>(__half_as_ushort(__float2half_rn(a))) |
         static_cast<uint32_t>(__half_as_ushort(__float2half_rn(b))) << 16;
}

// Operand A of m16n8k8 made of a sum's 16×8 part: the sum's columns 2t and 2t + 1 take the places of the columns t and
// t + 4, which only permutes the index that is summed over. multiply() takes operand B in the same order.
__device__ __forceinline__ void operand(uint32_t (&a)[4], const float (&sum)[4]) {
  a[0] = to_tf32(sum[0]), a[1] = to_tf32(sum[2]), a[2] = to_tf32(sum[1]), a[3] = to_tf32(sum[3]);
}

// sum += a · b with a 16×8 in tf32, as operand() makes it, and b 8×8 in f16, which tf32 holds exactly: one word of
// load_matrices.
__device__ __forceinline__ void multiply(float (&sum)[4], const uint32_t (&a)[4], uint32_t b) {
  const float first = __half2float(__ushort_as_half(static_cast<unsigned short>(b & 0xffff)));
  const float second = __half2float(__ushort_as_half(static_cast<unsigned short>(b >> 16)));
  mma_tf32(sum, a, __float_as_uint(first), __float_as_uint(second));
}

}  // namespace tenon::delta

#endif
