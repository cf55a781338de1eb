// The forms of the product for many rows that use Hopper's products of four warps.
#ifndef TENON_PRODUCT_WARPGROUP_ROWS_H
#define TENON_PRODUCT_WARPGROUP_ROWS_H

#include "product/plan.h"

namespace tenon::product {

// A block's tile, and what it computes per microsecond on a multiprocessor.
constexpr Tile kWarpgroupTile = {256, 128, 1};
constexpr double kWarpgroupFlops = 4.6e6;

int launch_warpgroup_rows(const tenon_product& p, int parts, void* stream);

// The same with rows quantised, for weights in E4M3; the work space must be as large as is said here.
int launch_quantised_rows(const tenon_product& p, int parts, void* stream);
int64_t quantised_rows_workspace(const tenon_product& p, int parts);

}  // namespace tenon::product
#endif
