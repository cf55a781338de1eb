// A kernel library without kernels, for tests: FAKE_ABI changes the version that it claims; pack_matrix copies its
// source's address to its target, gather is not offered, embed fails, moe has as many candidates as rows.
#include <stdlib.h>

#include "step_kernels.h"

static int pack(const void* params, void* stream) {
  const tenon_pack_matrix* p = params;
  (void)stream;
  *(int64_t*)p->data = p->source;
  return 0;
}
static int fail(const void* params, void* stream) {
  (void)params;
  (void)stream;
  return 700;
}
static int nothing(const void* params, void* stream) {
  (void)params;
  (void)stream;
  return 0;
}
static int64_t space(const void* params) { return ((const tenon_product*)params)->max_rows * 100; }

static int64_t choices(const void* params, int64_t* words, int64_t room) {
  const int64_t rows = ((const tenon_moe*)params)->max_rows;
  for (int64_t i = 0; i < rows && i < room; i++) words[i] = 100 + i;
  return rows;
}

#define WORDS(type) (int32_t)(sizeof(type) / 8)
static const tenon_operation operations[TENON_OPERATIONS] = {
    {"pack_matrix", WORDS(tenon_pack_matrix), pack, 0, 0},
    {"fill", WORDS(tenon_fill), nothing, 0, 0},
    {"embed", WORDS(tenon_embed), fail, 0, 0},
    {"add_norm", WORDS(tenon_add_norm), nothing, 0, 0},
    {"gather", WORDS(tenon_gather), 0, 0, 0},
    {"product", WORDS(tenon_product), nothing, space, 0},
    {"attention_prepare", WORDS(tenon_attention_prepare), nothing, 0, 0},
    {"attention", WORDS(tenon_attention), nothing, 0, 0},
    {"delta_net", WORDS(tenon_delta_net), nothing, 0, 0},
    {"moe", WORDS(tenon_moe), nothing, 0, choices},
    {"silu_product", WORDS(tenon_silu_product), nothing, 0, 0},
    {"take_over", WORDS(tenon_take_over), nothing, 0, 0},
    {"sample", WORDS(tenon_sample), nothing, 0, 0},
    {"set_up", WORDS(tenon_set_up), nothing, 0, 0},
    {"draft", WORDS(tenon_draft), nothing, 0, 0},
    {"join_columns", WORDS(tenon_join_columns), nothing, 0, 0},
    {"product_add_norm", WORDS(tenon_product_add_norm), nothing, 0, 0},
    {"moe_add_norm", WORDS(tenon_moe_add_norm), nothing, 0, 0},
    {"peer_sum", WORDS(tenon_peer_sum), nothing, 0, 0},
};

const tenon_kernel_table* tenon_kernels(void) {
  static tenon_kernel_table table;
  const char* abi = getenv("FAKE_ABI");
  table.abi = abi ? atoi(abi) : TENON_KERNEL_ABI;
  table.operations = TENON_OPERATIONS;
  table.target = "fake";
  table.operation = operations;
  return &table;
}
