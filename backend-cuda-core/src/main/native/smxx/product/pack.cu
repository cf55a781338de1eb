// Packs a checkpoint's matrix into tiles for the tensor cores; the form is described in device/fragment.cuh.
#include "../../abi/kernel_table.h"
#include "../../device/fragment.cuh"
#include "../../device/platform.cuh"
#include "../entry_points.h"

namespace {

using namespace tenon;

constexpr int kThreads = 256;

__device__ int target_row(const tenon_pack_matrix& p, int row) {
  return p.target_row + row / p.target_group * p.target_stride + row % p.target_group;
}

// Neighbouring inputs of a row, zero beyond its end: one load of 8 bytes where the row allows it.
template <typename Element, int kCount>
__device__ void take(const tenon_pack_matrix& p, int64_t row, int first, Element (&to)[kCount]) {
  static_assert(sizeof to == 8);
  const Element* source = reinterpret_cast<const Element*>(p.source) + row * p.inputs + first;
  if (row < p.rows && first + kCount <= p.inputs && reinterpret_cast<uintptr_t>(source) % 8 == 0) {
    const uint2 whole = *reinterpret_cast<const uint2*>(source);
    memcpy(to, &whole, 8);
    return;
  }
  for (int i = 0; i < kCount; i++) to[i] = row < p.rows && first + i < p.inputs ? source[i] : Element(0);
}

// One thread per 16 bytes of the target: (tile of the source, stretch of inputs, lane).
template <typename Element, int kElementsPerRow>
__global__ void pack_tiles(tenon_pack_matrix p, int64_t pieces, int stretches) {
  const int64_t index = blockIdx.x * int64_t(kThreads) + threadIdx.x;
  if (index >= pieces) return;
  const int lane = index % 32;
  const int stretch = index / 32 % stretches;
  const int tile = index / 32 / stretches;
  const int inputs_per_stretch = 4 * kElementsPerRow;
  const int first_input = stretch * inputs_per_stretch + lane % 4 * kElementsPerRow;
  Element low[kElementsPerRow], high[kElementsPerRow], out[16 / sizeof(Element)];
  take(p, int64_t(tile) * 16 + lane / 4, first_input, low);
  take(p, int64_t(tile) * 16 + lane / 4 + 8, first_input, high);
  if constexpr (sizeof(Element) == 2) {
    // operand A: inputs 0 1 of output g, of output g + 8, inputs 2 3 of both
    out[0] = low[0], out[1] = low[1], out[2] = high[0], out[3] = high[1];
    out[4] = low[2], out[5] = low[3], out[6] = high[2], out[7] = high[3];
  } else {
#pragma unroll
    for (int pair = 0; pair < kElementsPerRow / 2; pair++) {
      out[4 * pair] = high[2 * pair], out[4 * pair + 1] = low[2 * pair];
      out[4 * pair + 2] = high[2 * pair + 1], out[4 * pair + 3] = low[2 * pair + 1];
    }
  }
  uint4 packed;
  memcpy(&packed, out, 16);
  const int64_t target_stretches = (p.target_inputs + kStretch - 1) / kStretch * (kStretch / inputs_per_stretch);
  const int64_t target_tile = target_row(p, tile * 16) / 16;
  reinterpret_cast<uint4*>(p.data)[(target_tile * target_stretches + stretch) * 32 + lane] = packed;
}

__global__ void pack_scales(tenon_pack_matrix p, int tiles, int stretches) {
  const int index = blockIdx.x * kThreads + threadIdx.x;
  if (index >= tiles * stretches) return;
  const int tile = index / stretches, stretch = index % stretches;
  const int64_t block_row = (p.scale_first_row + tile * 16) / p.scale_block_rows;
  const int64_t block_column = (p.scale_first_column + stretch * kStretch) / p.scale_block_columns;
  const int64_t target_tile = target_row(p, tile * 16) / 16;
  const int64_t target_stretches = (p.target_inputs + kStretch - 1) / kStretch;
  reinterpret_cast<float*>(p.target_scales)[target_tile * target_stretches + stretch] =
      reinterpret_cast<const float*>(p.scales)[block_row * p.scale_columns + block_column];
}

}  // namespace

int tenon_pack_matrix_launch(const void* params, void* stream) {
  const tenon_pack_matrix& p = *static_cast<const tenon_pack_matrix*>(params);
  const bool scaled = p.type == TENON_E4M3;
  if ((!scaled && p.type != TENON_BF16) || p.target_row % 16 || p.target_group % 16 || p.target_stride % 16 ||
      p.inputs > p.target_inputs || (scaled && (p.scale_first_row % 16 || p.scale_block_rows % 16))) {
    return cudaErrorInvalidValue;
  }
  if (p.rows == 0) return cudaSuccess;
  const int tiles = (p.rows + 15) / 16;
  const int stretches = (p.inputs + kStretch - 1) / kStretch;
  const int parts = stretches * (scaled ? 4 : 8);
  const int64_t pieces = int64_t(tiles) * parts * 32;
  const unsigned blocks = (pieces + kThreads - 1) / kThreads;
  if (!scaled) return enqueue(pack_tiles<uint16_t, 4>, blocks, kThreads, 0, stream, Start::AFTER, p, pieces, parts);
  const int status = enqueue(pack_tiles<uint8_t, 8>, blocks, kThreads, 0, stream, Start::AFTER, p, pieces, parts);
  if (status != cudaSuccess) return status;
  return enqueue(pack_scales, (tiles * stretches + kThreads - 1) / kThreads, kThreads, 0, stream, Start::AFTER, p, tiles, stretches);
}
