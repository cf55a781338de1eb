// The form of the product for many rows that uses Hopper's products of four warps.
#ifndef TENON_PRODUCT_WARPGROUP_ROWS_H
#define TENON_PRODUCT_WARPGROUP_ROWS_H

#include "product/plan.h"

namespace tenon::product {

// A block's tile, and what it computes per microsecond on a multiprocessor.
constexpr Tile kWarpgroupTile = {256, 128, 1};
constexpr double kWarpgroupFlops = 4.6e6;

int launch_warpgroup_rows(const tenon_product& p, int parts, void* stream);

}  // namespace tenon::product
#endif
