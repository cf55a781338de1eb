// Tiles of 256 outputs × 128 rows for blocks that stay: their order, and how two groups of four warps store their sums.
#ifndef TENON_PRODUCT_ROW_TILES_CUH
#define TENON_PRODUCT_ROW_TILES_CUH

#include "device/fragment.cuh"
#include "matrix_engine.cuh"
#include "product/output.cuh"
#include "warpgroup_rows.h"

namespace tenon::product {

constexpr int kGroupThreads = 128, kThreads = 3 * kGroupThreads;
constexpr int kOutputs = 256, kRows = 128;
constexpr int kTileCount = kOutputs / 16;
constexpr int kSlabRows = 32, kSlabPitch = 68, kSlabBytes = kSlabRows * kSlabPitch * 4;
constexpr int kAlignment = 1024;
constexpr int kGroupedRowTiles = 16;  // row tiles that stay in the L2 cache while the weights pass
static_assert(kOutputs == kWarpgroupTile.outputs && kRows == kWarpgroupTile.rows);

// A tile and a part of the inputs, by the order in which blocks take them.
struct Item {
  int first_tile, first_row, part, first_stretch, stretches;
};

struct Work {
  int output_tiles, row_tiles, parts, stretches;

  __device__ int items() const { return output_tiles * row_tiles * parts; }
  __device__ Item item(int index) const {
    Item it;
    it.part = index / (output_tiles * row_tiles);
    const int place = index % (output_tiles * row_tiles);
    const int group = place / (kGroupedRowTiles * output_tiles), in_group = place % (kGroupedRowTiles * output_tiles);
    const int width = min(kGroupedRowTiles, row_tiles - group * kGroupedRowTiles);
    it.first_tile = in_group / width * kTileCount;
    it.first_row = (group * kGroupedRowTiles + in_group % width) * kRows;
    const int per_part = (stretches + parts - 1) / parts;
    it.first_stretch = min(it.part * per_part, stretches);
    it.stretches = min(per_part, stretches - it.first_stretch);
    return it;
  }
};

// Stores 64 outputs × 2 · kSums rows of a group through its slab, 32 rows at a time.
template <int kSums>
__device__ __forceinline__ void hand_over(const float (&sums)[kSums], float* slab, int group, const Target& to, int first_row, int rows,
                                          int first_output) {
  const int thread = threadIdx.x % kGroupThreads, lane = thread % 32, warp = thread / 32, g = lane / 4, t = lane % 4;
#pragma unroll
  for (int quarter = 0; quarter < kSums / 16; quarter++) {
    warpgroup::group_sync(group + 1);
#pragma unroll
    for (int n = 0; n < 4; n++) {
      float* place = slab + (n * 8 + 2 * t) * kSlabPitch + warp * 16 + g;
      const int from = (quarter * 4 + n) * 4;
      place[0] = sums[from];
      place[kSlabPitch] = sums[from + 1];
      place[8] = sums[from + 2];
      place[kSlabPitch + 8] = sums[from + 3];
    }
    warpgroup::group_sync(group + 1);
#pragma unroll
    for (int i = 0; i < 2; i++) {
      const int within = thread / 8 + i * 16, column = thread % 8;
      const int row = first_row + quarter * kSlabRows + within, output = first_output + column * 8;
      if (row >= rows || output >= to.outputs) continue;
      const float4* from = reinterpret_cast<const float4*>(slab + within * kSlabPitch + column * 8);
      const float4 low = from[0], high = from[1];
      float value[8] = {low.x, low.y, low.z, low.w, high.x, high.y, high.z, high.w};
      store8(to, row, output, value);
    }
  }
}

inline int processors() {
  static const int count = [] {
    int device = 0, found = 132;
    cudaGetDevice(&device);
    cudaDeviceGetAttribute(&found, cudaDevAttrMultiProcessorCount, device);
    return found;
  }();
  return count;
}

inline int output_tiles_of(const tenon_product& p) { return static_cast<int>((p.weights.outputs + kOutputs - 1) / kOutputs); }

// Blocks that share the tiles; 0 where there are too many tiles or rows.
inline unsigned blocks_of(const tenon_product& p, int parts) {
  const int64_t items = output_tiles_of(p) * ((p.max_rows + kRows - 1) / kRows) * parts;
  if (items > 0x7fffffff || p.max_rows > 65535) return 0;
  return items < processors() ? items : processors();
}

}  // namespace tenon::product
#endif
