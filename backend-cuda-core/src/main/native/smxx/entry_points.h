// Entry points of the operations' sources, as the table (table.cu) lists them: `launch` enqueues and returns 0 or a CUDA
// error code, `workspace` says how many bytes of work space a launch with these parameters needs, `candidates` which
// values of `tuned` are possible with them.
#ifndef TENON_ENTRY_POINTS_H
#define TENON_ENTRY_POINTS_H

#include <stdint.h>

int tenon_pack_matrix_launch(const void* params, void* stream);
int tenon_fill_launch(const void* params, void* stream);
int tenon_embed_launch(const void* params, void* stream);
int tenon_add_norm_launch(const void* params, void* stream);
int tenon_gather_launch(const void* params, void* stream);
int tenon_product_launch(const void* params, void* stream);
int64_t tenon_product_workspace(const void* params);
int tenon_product_add_norm_launch(const void* params, void* stream);
int tenon_attention_prepare_launch(const void* params, void* stream);
int64_t tenon_attention_prepare_workspace(const void* params);
int tenon_attention_launch(const void* params, void* stream);
int64_t tenon_attention_workspace(const void* params);
int tenon_silu_product_launch(const void* params, void* stream);
int tenon_moe_launch(const void* params, void* stream);
int64_t tenon_moe_workspace(const void* params);
int64_t tenon_moe_candidates(const void* params, int64_t* words, int64_t room);
int tenon_moe_add_norm_launch(const void* params, void* stream);
int tenon_delta_net_launch(const void* params, void* stream);
int64_t tenon_delta_net_workspace(const void* params);
int tenon_take_over_launch(const void* params, void* stream);
int tenon_sample_launch(const void* params, void* stream);
int64_t tenon_sample_workspace(const void* params);
int tenon_set_up_launch(const void* params, void* stream);
int tenon_draft_launch(const void* params, void* stream);
int64_t tenon_draft_workspace(const void* params);
int tenon_join_columns_launch(const void* params, void* stream);
int tenon_peer_sum_launch(const void* params, void* stream);

#endif
