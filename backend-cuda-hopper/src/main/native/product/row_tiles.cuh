// Tiles of outputs × rows for blocks that stay: their order, and how two groups of four warps store their sums.
#ifndef TENON_PRODUCT_ROW_TILES_CUH
#define TENON_PRODUCT_ROW_TILES_CUH

#include "device/fragment.cuh"
#include "product/output.cuh"
#include "slab.cuh"
#include "warpgroup_rows.h"

namespace tenon::product {

constexpr int kAlignment = 1024;
constexpr int kGroupedRowTiles = 16;  // row tiles that stay in the L2 cache while the weights pass

// A tile and a part of the inputs, by the order in which blocks take them.
struct Item {
  int first_tile, first_row, part, first_stretch, stretches;
};

template <int kShape>
struct Work {
  static constexpr int kOutputs = kWarpgroupTiles[kShape].outputs, kRows = kWarpgroupTiles[kShape].rows;
  static constexpr int kTiles = kOutputs / 16;
  int output_tiles, row_tiles, parts, stretches;

  __device__ static Work of(const tenon_product& p, int rows, int parts) {
    return {static_cast<int>((p.weights.outputs + kOutputs - 1) / kOutputs), (rows + kRows - 1) / kRows, parts,
            static_cast<int>((p.weights.inputs + kStretch - 1) / kStretch)};
  }
  __device__ int items() const { return output_tiles * row_tiles * parts; }
  __device__ Item item(int index) const {
    Item it;
    it.part = index / (output_tiles * row_tiles);
    const int place = index % (output_tiles * row_tiles);
    const int group = place / (kGroupedRowTiles * output_tiles), in_group = place % (kGroupedRowTiles * output_tiles);
    const int width = min(kGroupedRowTiles, row_tiles - group * kGroupedRowTiles);
    it.first_tile = in_group / width * kTiles;
    it.first_row = (group * kGroupedRowTiles + in_group % width) * kRows;
    const int per_part = (stretches + parts - 1) / parts;
    it.first_stretch = min(it.part * per_part, stretches);
    it.stretches = min(per_part, stretches - it.first_stretch);
    return it;
  }
};

// Stores 64 outputs × 2 · kSums rows of a group, or of two with half of the inputs each.
template <int kPairs = 1, int kSums>
__device__ __forceinline__ void hand_over(const float (&sums)[kSums], float* slab, int group, const Target& to, int first_row, int rows,
                                          int first_output) {
  through_slab<kPairs>(sums, slab, group, rows - first_row, [&](int row, int column, const float4& low, const float4& high) {
    const int output = first_output + column;
    if (output >= to.outputs) return;
    float value[8] = {low.x, low.y, low.z, low.w, high.x, high.y, high.z, high.w};
    store8(to, first_row + row, output, value);
  });
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

// Blocks that share the tiles; 0 where there are too many tiles or rows.
inline unsigned blocks_of(const tenon_product& p, Tile tile, int parts) {
  const int64_t items = (p.weights.outputs + tile.outputs - 1) / tile.outputs * ((p.max_rows + tile.rows - 1) / tile.rows) * parts;
  if (items > 0x7fffffff || p.max_rows > 65535) return 0;
  return static_cast<unsigned>(std::min<int64_t>(items, int64_t(processors()) * tile.blocks));
}

}  // namespace tenon::product
#endif
