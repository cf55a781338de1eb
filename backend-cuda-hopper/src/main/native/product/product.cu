// y = x · wᵀ on Hopper: as everywhere, with two more forms to choose from for many rows.
#include "product/product.h"

#include "device/platform.cuh"
#include "entry_points.h"
#include "warpgroup_rows.h"

using namespace tenon::product;

namespace {

// Quantising costs time per input, and pays per output: 12288 × 2048 and 9216 × 2048 were faster so from 256 rows on, 2048 × 4096
// up to 2,048 rows slower.
bool may_quantise(const tenon_product& p) {
  return p.quantised && p.weights.type == TENON_E4M3 && p.max_rows >= 256 && p.weights.outputs >= 2 * p.weights.inputs;
}

// How a launch with this work space goes: in a tile of Hopper's own, or in the common one where that is faster.
struct Choice {
  bool own;
  WarpgroupShape shape;
  Plan common;
  int parts;
};

// A smaller work space than asked for means fewer parts.
Choice choose(const tenon_product& p, int64_t space) {
  const Plan common = plan(p, space);
  Choice best = {false, WIDE, common, common.parts};
  double least = micros(p, common.size, common.parts);
  for (int shape = 0; shape < WARPGROUP_SHAPES; shape++) {
    // rows are quantised in wide tiles only, and more than half of those would be idle with up to 64 rows
    if (shape == WIDE ? p.max_rows <= kWarpgroupTiles[WIDE].rows / 2 : may_quantise(p)) continue;
    for (int parts = 1; parts <= 8 && (parts == 1 || parts * 2 <= stretches(p)); parts *= 2) {
      if (partial_bytes(p, parts) > space) break;
      const double estimate = micros(p, kWarpgroupTiles[shape], kWarpgroupFlops[shape], parts);
      if (estimate < least) {
        least = estimate;
        best = {true, static_cast<WarpgroupShape>(shape), common, parts};
      }
    }
  }
  return best;
}

int64_t space_of(const tenon_product& p) { return p.workspace ? p.workspace_bytes : 0; }

}  // namespace

int tenon_product_launch(const void* params, void* stream) {
  const tenon_product& p = *static_cast<const tenon_product*>(params);
  const bool types = (p.weights.type == TENON_BF16 || p.weights.type == TENON_E4M3) &&
                     (p.y_type == TENON_BF16 || p.y_type == TENON_F32);
  if (!types || p.weights.inputs % 8 || p.x_stride % 8 || p.x % 16) return cudaErrorInvalidValue;
  if (p.max_rows == 0 || p.weights.outputs == 0) return cudaSuccess;
  if (few_rows_fit(p)) return launch_few_rows(p, stream);
  const Choice choice = choose(p, space_of(p));
  if (!choice.own) return launch_many_rows(p, choice.common, stream);
  const bool quantises = may_quantise(p) && quantised_rows_workspace(p, choice.parts) <= space_of(p);
  return quantises ? launch_quantised_rows(p, choice.parts, stream) : launch_warpgroup_rows(p, choice.shape, choice.parts, stream);
}

int tenon_product_add_norm_launch(const void* params, void* stream) {
  const tenon_product_add_norm& p = *static_cast<const tenon_product_add_norm*>(params);
  return launch_add_norm(p, few_rows_fit(p.product) ? 1 : choose(p.product, space_of(p.product)).parts, stream);
}

int64_t tenon_product_workspace(const void* params) {
  const tenon_product& p = *static_cast<const tenon_product*>(params);
  if (p.max_rows == 0 || few_rows_fit(p)) return 0;
  const Choice choice = choose(p, INT64_MAX);
  return choice.own && may_quantise(p) ? quantised_rows_workspace(p, choice.parts) : partial_bytes(p, choice.parts);
}
