// The form of the product for many rows that uses Hopper's products of four warps.
#ifndef TENON_PRODUCT_WARPGROUP_ROWS_H
#define TENON_PRODUCT_WARPGROUP_ROWS_H

#include "product/plan.h"

namespace tenon::product {

// Tiles of a block; with few rows it dequantises for too few of them to keep the tensor cores busy.
enum WarpgroupShape { ROWS_32, ROWS_64, ROWS_128, WIDE, WARPGROUP_SHAPES };
constexpr Tile kWarpgroupTiles[WARPGROUP_SHAPES] = {
    {128, 32, 1, 1.64e6, 1}, {128, 64, 1, 2.87e6, 1}, {128, 128, 1, 3.96e6, 1}, {256, 128, 1, 4.85e6, 1}};

// With a plan of the caller's; its work space must be large enough.
int launch_warpgroup_rows(const tenon_product& p, Plan plan, void* stream);

}  // namespace tenon::product
#endif
