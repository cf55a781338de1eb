// Mixture of experts on Hopper: as everywhere, with products of four warps where an expert has many rows.
#define TENON_MOE_WARPGROUPS
#include "warpgroup_experts.cuh"

int64_t tenon_moe_workspace(const void* params) {
  const tenon_moe& p = *static_cast<const tenon_moe*>(params);
  return tenon::moe::acceptable(p) ? tenon::moe::make_plan(p).bytes : 0;
}

int tenon_moe_launch(const void* params, void* stream) {
  return tenon::moe::launch_mixture(*static_cast<const tenon_moe*>(params), stream, [](const tenon::moe::Plan& plan, void* to) {
    return plan.terms == 1 ? tenon::moe::launch_warpgroup_experts<1>(plan, to) : tenon::moe::launch_warpgroup_experts<2>(plan, to);
  });
}

int tenon_moe_add_norm_launch(const void* params, void* stream) {
  return tenon::moe::launch_add_norm(*static_cast<const tenon_moe_add_norm*>(params), stream);
}

int64_t tenon_moe_candidates(const void* params, int64_t* words, int64_t room) {
  return tenon::moe::candidates(*static_cast<const tenon_moe*>(params), words, room);
}
