// y = x · wᵀ: checks the parameters and chooses the form.
#include "plan.h"

#include "../../device/platform.cuh"
#include "../entry_points.h"

using namespace tenon::product;

namespace {

Plan plan_within(const tenon_product& p) { return plan(p, p.workspace ? p.workspace_bytes : 0); }

}  // namespace

int tenon_product_launch(const void* params, void* stream) {
  const tenon_product& p = *static_cast<const tenon_product*>(params);
  const bool types = (p.weights.type == TENON_BF16 || p.weights.type == TENON_E4M3) &&
                     (p.y_type == TENON_BF16 || p.y_type == TENON_F32);
  if (!types || p.weights.inputs % 8 || p.x_stride % 8 || p.x % 16) return cudaErrorInvalidValue;
  if (p.max_rows == 0 || p.weights.outputs == 0) return cudaSuccess;
  return few_rows_fit(p) ? launch_few_rows(p, stream) : launch_many_rows(p, plan_within(p), stream);
}

int tenon_product_add_norm_launch(const void* params, void* stream) {
  const tenon_product_add_norm& p = *static_cast<const tenon_product_add_norm*>(params);
  return launch_add_norm(p, few_rows_fit(p.product) ? 1 : plan_within(p.product).parts, stream);
}

int64_t tenon_product_workspace(const void* params) {
  const tenon_product& p = *static_cast<const tenon_product*>(params);
  return p.max_rows == 0 || few_rows_fit(p) ? 0 : partial_bytes(p, plan(p, INT64_MAX).parts);
}
