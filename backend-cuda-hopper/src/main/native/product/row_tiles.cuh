// Tiles of 256 outputs × 128 rows for blocks that stay: their order, and how two groups of four warps store their sums.
#ifndef TENON_PRODUCT_ROW_TILES_CUH
#define TENON_PRODUCT_ROW_TILES_CUH

#include "device/fragment.cuh"
#include "product/output.cuh"
#include "slab.cuh"
#include "warpgroup_rows.h"

namespace tenon::product {

constexpr int kThreads = 3 * kGroupThreads;
constexpr int kOutputs = 256, kRows = 128;
constexpr int kTileCount = kOutputs / 16;
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

// Stores 64 outputs × 2 · kSums rows of a group.
template <int kSums>
__device__ __forceinline__ void hand_over(const float (&sums)[kSums], float* slab, int group, const Target& to, int first_row, int rows,
                                          int first_output) {
  through_slab(sums, slab, group, rows - first_row, [&](int row, int column, const float4& low, const float4& high) {
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

inline int output_tiles_of(const tenon_product& p) { return static_cast<int>((p.weights.outputs + kOutputs - 1) / kOutputs); }

// Blocks that share the tiles; 0 where there are too many tiles or rows.
inline unsigned blocks_of(const tenon_product& p, int parts) {
  const int64_t items = output_tiles_of(p) * ((p.max_rows + kRows - 1) / kRows) * parts;
  if (items > 0x7fffffff || p.max_rows > 65535) return 0;
  return items < processors() ? items : processors();
}

}  // namespace tenon::product
#endif
