// y = x · wᵀ on Hopper: as everywhere, with one more form to choose from for many rows.
#include "product/product.h"

#include "device/platform.cuh"
#include "entry_points.h"
#include "warpgroup_rows.h"

using namespace tenon::product;

namespace {

// How a launch with this work space goes: in a tile of Hopper's own, or in a common one where that is faster.
struct Choice {
  bool own;
  Plan plan;
};

Choice choose(const tenon_product& p, int64_t space) {
  const Plan common = plan(p, space), own = fastest(p, kWarpgroupTiles, WARPGROUP_SHAPES, space);
  return own.micros < common.micros ? Choice{true, own} : Choice{false, common};
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
  return choice.own ? launch_warpgroup_rows(p, choice.plan, stream) : launch_many_rows(p, choice.plan, stream);
}

int tenon_product_add_norm_launch(const void* params, void* stream) {
  const tenon_product_add_norm& p = *static_cast<const tenon_product_add_norm*>(params);
  return launch_add_norm(p, few_rows_fit(p.product) ? 1 : choose(p.product, space_of(p.product)).plan.parts, stream);
}

int64_t tenon_product_workspace(const void* params) {
  const tenon_product& p = *static_cast<const tenon_product*>(params);
  return p.max_rows == 0 || few_rows_fit(p) ? 0 : partial_bytes(p, choose(p, INT64_MAX).plan.parts);
}
