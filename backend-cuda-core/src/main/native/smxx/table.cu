// The table of this library's operations: its one exported symbol.
#include "../abi/step_kernels.h"
#include "entry_points.h"

namespace {

template <typename Params>
constexpr int32_t words = sizeof(Params) / 8;

// In the order of enum tenon_op; an operation without a launch is not offered.
const tenon_operation operations[TENON_OPERATIONS] = {
    {"pack_matrix", words<tenon_pack_matrix>, tenon_pack_matrix_launch, nullptr, nullptr},
    {"fill", words<tenon_fill>, tenon_fill_launch, nullptr, nullptr},
    {"embed", words<tenon_embed>, tenon_embed_launch, nullptr, nullptr},
    {"add_norm", words<tenon_add_norm>, tenon_add_norm_launch, nullptr, nullptr},
    {"gather", words<tenon_gather>, tenon_gather_launch, nullptr, nullptr},
    {"product", words<tenon_product>, tenon_product_launch, tenon_product_workspace, nullptr},
    {"attention_prepare", words<tenon_attention_prepare>, tenon_attention_prepare_launch,
     tenon_attention_prepare_workspace, nullptr},
    {"attention", words<tenon_attention>, tenon_attention_launch, tenon_attention_workspace, nullptr},
    {"delta_net", words<tenon_delta_net>, tenon_delta_net_launch, tenon_delta_net_workspace, nullptr},
    {"moe", words<tenon_moe>, tenon_moe_launch, tenon_moe_workspace, tenon_moe_candidates},
    {"silu_product", words<tenon_silu_product>, tenon_silu_product_launch, nullptr, nullptr},
    {"take_over", words<tenon_take_over>, tenon_take_over_launch, nullptr, nullptr},
    {"sample", words<tenon_sample>, tenon_sample_launch, tenon_sample_workspace, nullptr},
    {"set_up", words<tenon_set_up>, tenon_set_up_launch, nullptr, nullptr},
    {"draft", words<tenon_draft>, tenon_draft_launch, tenon_draft_workspace, nullptr},
    {"join_columns", words<tenon_join_columns>, tenon_join_columns_launch, nullptr, nullptr},
    {"product_add_norm", words<tenon_product_add_norm>, tenon_product_add_norm_launch, nullptr, nullptr},
    {"moe_add_norm", words<tenon_moe_add_norm>, tenon_moe_add_norm_launch, nullptr, nullptr},
    {"peer_sum", words<tenon_peer_sum>, tenon_peer_sum_launch, nullptr, nullptr},
};

const tenon_kernel_table table = {TENON_KERNEL_ABI, TENON_OPERATIONS, TENON_TARGET, operations};

}  // namespace

__attribute__((visibility("default"))) const tenon_kernel_table* tenon_kernels(void) { return &table; }
