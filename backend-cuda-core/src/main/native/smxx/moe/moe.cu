// Mixture of experts: entry points where a generation has no form of its own.
#include "launch.cuh"

int64_t tenon_moe_workspace(const void* params) {
  const tenon_moe& p = *static_cast<const tenon_moe*>(params);
  return tenon::moe::acceptable(p) ? tenon::moe::make_plan(p).bytes : 0;
}

int tenon_moe_launch(const void* params, void* stream) {
  return tenon::moe::launch_mixture(*static_cast<const tenon_moe*>(params), stream,
                                    [](const tenon::moe::Plan&, void*) -> int { return cudaErrorInvalidValue; });
}

int tenon_moe_add_norm_launch(const void* params, void* stream) {
  return tenon::moe::launch_add_norm(*static_cast<const tenon_moe_add_norm*>(params), stream);
}

int64_t tenon_moe_candidates(const void* params, int64_t* words, int64_t room) {
  return tenon::moe::candidates(*static_cast<const tenon_moe*>(params), words, room);
}
