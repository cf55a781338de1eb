// The forms of the product for many rows that use Hopper's products of four warps.
#ifndef TENON_PRODUCT_WARPGROUP_ROWS_H
#define TENON_PRODUCT_WARPGROUP_ROWS_H

#include "product/plan.h"

namespace tenon::product {

// Tiles of a block, and what they compute per microsecond on a multiprocessor.
enum WarpgroupShape { ROWS_32, ROWS_64, ROWS_128, WIDE, WARPGROUP_SHAPES };
constexpr Tile kWarpgroupTiles[WARPGROUP_SHAPES] = {{128, 32, 1}, {128, 64, 1}, {128, 128, 1}, {256, 128, 1}};
constexpr double kWarpgroupFlops[WARPGROUP_SHAPES] = {3.0e6, 4.0e6, 4.6e6, 4.6e6};

int launch_warpgroup_rows(const tenon_product& p, WarpgroupShape shape, int parts, void* stream);

// The same in wide tiles with rows quantised, for weights in E4M3; the work space must be as large as is said here.
int launch_quantised_rows(const tenon_product& p, int parts, void* stream);
int64_t quantised_rows_workspace(const tenon_product& p, int parts);

}  // namespace tenon::product
#endif
