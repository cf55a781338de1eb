// The table that a kernel library hands to the engine: one entry per operation, and the parameters of each.
//
// Every parameter is one 64-bit word (an address in device memory, a signed integer, or a double), so that the Java
// side passes an array of words and nothing depends on padding. A library says how many words each operation takes;
// the engine refuses a library whose numbers differ from its own.
//
// Operations enqueue work on the given stream and return; they may be called while the stream is captured. They never
// allocate, never synchronise and never read device memory on the host: what a step holds is known on the device only,
// so grids are sized for the greatest number of rows and blocks without work return at once.
#ifndef TENON_ABI_KERNEL_TABLE_H
#define TENON_ABI_KERNEL_TABLE_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define TENON_KERNEL_ABI 8

typedef int64_t tenon_address;  // device memory; 0 is "not given"

// Element types, as in the packed forms.
enum tenon_type { TENON_F32 = 0, TENON_BF16 = 1, TENON_E4M3 = 2 };

// The rows that an operation works on; no sequence has more than `max_sequence_rows` of them (0: than `max_rows`). `counts` holds {rows, sequences, selected} as int32. Arrays are int32.
// An inactive row has slot -1: it is computed like any other (its id is valid, its position 0) but writes no state.
typedef struct tenon_rows {
  int64_t max_rows, max_sequences, max_selected, max_sequence_rows;
  tenon_address counts;
  tenon_address ids;        // [rows]
  tenon_address positions;  // [rows]
  tenon_address slots;      // [rows], -1 where inactive
  tenon_address sequence;   // [rows] index of the row's sequence
  tenon_address sequence_slots;      // [sequences]
  tenon_address sequence_offsets;    // [sequences + 1] first row
  tenon_address sequence_active;     // [sequences] active rows, a prefix of the sequence's rows
  tenon_address sequence_replay;     // [sequences] pending rows to replay in recurrent layers
  tenon_address sequence_committed;  // [sequences] active rows that advance the state; the rest become pending
  tenon_address selected;            // [selected] rows whose logits are wanted
} tenon_rows;

static inline int64_t tenon_most_of_a_sequence(const tenon_rows* rows) {
  return rows->max_sequence_rows > 0 && rows->max_sequence_rows < rows->max_rows ? rows->max_sequence_rows : rows->max_rows;
}

// A packed matrix [outputs, inputs]; see pack_matrix for its form. Outputs are padded to 16, inputs to 128.
typedef struct tenon_matrix {
  int64_t type;      // TENON_BF16 or TENON_E4M3
  int64_t outputs, inputs;
  tenon_address data;
  tenon_address scales;  // f32, per 128 inputs within each 16 outputs: [ceil(outputs/16)][ceil(inputs/128)]; E4M3 only
} tenon_matrix;

// Packs rows of a checkpoint's matrix into the form that the tensor cores read: tiles of 16 outputs; within a tile,
// stretches of 32 (E4M3) or 16 (BF16) inputs of 512 bytes each, 16 bytes per lane of a warp, in the order of the
// fragment A of mma.m16n8k16 (two of them for E4M3). Tile t of outputs begins at byte t * ceil(inputs/128) * 128 * 16 *
// bytes. Padding is zero. F32 and F16 sources become BF16 before they come here.
typedef struct tenon_pack_matrix {
  tenon_address source;      // [rows, inputs] row-major, bf16 or e4m3, contiguous, in device memory
  int64_t type, rows, inputs;
  tenon_address scales;      // f32 [.., source_scale_columns] block scales of the whole matrix, E4M3 only
  int64_t scale_columns, scale_block_rows, scale_block_columns, scale_first_row, scale_first_column;
  tenon_address data;        // packed data of the target matrix
  tenon_address target_scales;
  int64_t target_inputs;     // inputs of the target (≥ inputs)
  int64_t target_row;        // row r of the source becomes output target_row + r * target_stride_groups...
  int64_t target_group, target_stride;  // ... precisely target_row + (r / target_group) * target_stride + r % target_group
} tenon_pack_matrix;

// Fills bytes for weights that are made up: bf16 and f32 uniform in low … high, e4m3 spread like a normal weight, with a
// standard deviation of 111. The i-th word of 32 bits depends on (seed, i) only. The target is aligned to 16 bytes.
typedef struct tenon_fill {
  tenon_address target;
  int64_t type, elements, seed;
  double low, high;
} tenon_fill;

// out[row] = table[ids[row] - first] in bf16, zero where the id is not in the share. table: bf16 [share, hidden] row-major.
typedef struct tenon_embed {
  tenon_rows rows;
  tenon_address table;
  int64_t first, share, hidden;
  tenon_address out;  // bf16 [rows, hidden]
} tenon_embed;

// How ranks sum through memory that their cards write to directly. region[r]: where rank r's region lies in this rank's address
// space: TENON_PEER_HEAD_BYTES + 4 · ranks · rows_most + 2 · ranks · most bytes, zero in the beginning. The word at
// TENON_PEER_LEAVE, in bytes, of a region is the host's: where it is not 0 no sum of that rank waits for others any more, and
// what it leaves is not a sum.
enum { TENON_PEER_RANKS = 8, TENON_PEER_BLOCKS = 32, TENON_PEER_HEAD_BYTES = 4096, TENON_PEER_LEAVE = 9 * 4 * TENON_PEER_BLOCKS };
typedef struct tenon_peers {
  int64_t ranks, rank;      // 0 ranks: nothing is summed
  int64_t rows_most, most;  // bytes of elements: of rows that join the residual stream, and of others; multiples of 16
  tenon_address region[TENON_PEER_RANKS];
} tenon_peers;

// residual (f32) = [start ? 0 : residual] + pending (bf16 [rows, hidden], 0: none); normed (bf16) = rms_norm(residual) * scale.
// With peers pending is this rank's part, and what is added the sum of all ranks' (in f32, in their order); every rank enqueues
// the same, of max_rows · hidden · 2 bytes at most peers.rows_most.
typedef struct tenon_add_norm {
  int64_t max_rows;
  tenon_address counts;
  int64_t hidden, start;
  tenon_address residual, pending;
  tenon_address scale;  // f32 [hidden]
  double epsilon;
  tenon_address normed;
  int64_t normed_stride;  // elements from a row of normed to the next
  tenon_peers peers;
} tenon_add_norm;

// out[i] = in[selected[i]], bf16 rows.
typedef struct tenon_gather {
  tenon_rows rows;
  int64_t width;
  tenon_address in, out;
} tenon_gather;

// y = x · wᵀ (+ bias), f32 accumulation, block scales applied in f32.
typedef struct tenon_product {
  int64_t max_rows;
  tenon_address count;  // int32, the number of rows
  tenon_matrix weights;
  tenon_address x;      // bf16 [rows, x_stride]
  int64_t x_stride;
  tenon_address bias;   // f32 [outputs] or 0
  int64_t y_type;       // TENON_BF16 or TENON_F32
  tenon_address y;
  int64_t y_stride;
  tenon_address workspace;  // for split sums, or 0
  int64_t workspace_bytes;
  int64_t unfinished;       // 1: product_add_norm comes next with these words and this workspace, so sums may be left to it
} tenon_product;

// What follows a product whose result is a block's output: it, or the parts of its sums where they were left, joins the
// residual stream, of which the norm is left. norm.pending is its y, bf16.
typedef struct tenon_product_add_norm {
  tenon_product product;
  tenon_add_norm norm;
} tenon_product_add_norm;

// After the projections: norms and rotates q in place and k, writes k and v into the pages.
// projected: bf16 [rows, stride]: query part (per head dim rows of q then, with a gate, dim rows of gate), then k
// [kv_heads · dim], then v. Pages: [page][kv_head][page_size][dim] each for k and v, bf16 or e4m3 (nearest, ±448 at
// most); page sizes are multiples of 16. dim is 64, 128 or 256. Rows without a slot or a page write none.
typedef struct tenon_attention_prepare {
  tenon_rows rows;
  int64_t heads, kv_heads, dim, gated;
  tenon_address projected;
  int64_t stride;
  tenon_address query_norm, key_norm;  // f32 [dim] or 0
  double epsilon;
  tenon_address frequencies;  // f32 [rotary_pairs]
  int64_t rotary_pairs;
  double magnitude;
  tenon_address key_pages, value_pages;
  int64_t page_size;
  tenon_address page_tables;  // int32 [slots][table_width], -1 where none
  int64_t table_width;
  int64_t kv_type;            // TENON_BF16 or TENON_E4M3
  tenon_address counters;     // cleared here for tenon_attention; its workspace function says how many bytes
  int64_t counter_bytes;
} tenon_attention_prepare;

// Causal attention of every active row over positions 0 … its own, gated by sigmoid(gate) where gated. The positions of
// a sequence's active rows follow one another.
// Sequences with up to 16 active rows are split over their context, longer ones go by tiles of rows.
typedef struct tenon_attention {
  tenon_rows rows;
  int64_t heads, kv_heads, dim, gated;
  double scale;
  tenon_address projected;  // as above, q already prepared
  int64_t stride;
  tenon_address key_pages, value_pages;
  int64_t page_size;
  tenon_address page_tables;
  int64_t table_width;
  int64_t kv_type;  // as above
  tenon_address counters;  // cleared by tenon_attention_prepare with the same rows and heads
  tenon_address out;   // bf16 [rows, heads · dim]; inactive rows are set to 0
  tenon_address workspace;
  int64_t workspace_bytes;
} tenon_attention;

// The whole gated delta net between its projections; formulas in DeltaNetWeights. Rows of a sequence: first the replay
// of `sequence_replay` pending rows, then `sequence_committed` rows advance the state, then the other active rows run on
// a copy and become pending. A sequence whose first row stands at position 0 starts from zero.
typedef struct tenon_delta_net {
  tenon_rows rows;
  int64_t key_heads, value_heads, key_dim, value_dim, conv_width, max_pending;
  tenon_address projected;  // bf16 [rows, projected_stride]: per key head q, k, r values, r z; a multiple of 8 from row to row
  int64_t projected_stride;
  tenon_address gates;      // f32 [rows, gates_stride]: per key head r of b, r of a
  int64_t gates_stride;
  tenon_address convolution;  // f32 [channels][conv_width], channels q, k, v
  tenon_address decay_log, time_bias;  // f32 [value_heads]
  tenon_address norm;       // f32 [value_dim]
  double epsilon;
  int64_t gate_activation;  // 0 silu, 1 sigmoid
  tenon_address window;         // bf16 [slots][value_heads][conv_width - 1][2 · key_dim + value_dim], each head with its q, k, v
  tenon_address pending_inputs; // bf16 [slots][value_heads][max_pending][2 · key_dim + value_dim]
  tenon_address pending_gates;  // f32 [slots][max_pending][2][value_heads]: log decay, beta
  int64_t state_type;           // TENON_F32 or TENON_BF16
  tenon_address state;          // [slots][value_heads][key_dim · value_dim], order the kernel's own
  tenon_address out;            // bf16 [rows, value_heads · value_dim], normed and gated; inactive rows 0
  tenon_address workspace;
  int64_t workspace_bytes;
  // 1 where a kernel that overlapped none before it (Start::AFTER) began after the rows' arrays and the slots were last
  // written and before this operation: they may then be read before the predecessor has ended. Otherwise 0.
  int64_t settled;
} tenon_delta_net;

// Routes rows to experts and computes them, the shared one included, and sums in ascending order of experts:
// out (bf16) = Σ weight · expert + sigmoid(selector) · shared. Packed experts: gate and up interleaved by tiles of 16
// outputs (16 of gate, 16 of up, …) in one matrix [2 · inner, hidden] per expert, one after another; index `held` is the
// shared expert where shared_inner > 0 (then with its own inner size, at shared_gate_up / shared_down).
typedef struct tenon_moe {
  int64_t max_rows;
  tenon_address counts;
  int64_t hidden, inner, experts, experts_per_token, first_expert, held, normalised;
  int64_t type;            // of the experts' matrices
  tenon_address router;    // bf16 packed matrix [experts (+ 1 selector, as the last output), hidden]
  tenon_address gate_up, gate_up_scales, down, down_scales;
  int64_t shared_type, shared_inner;
  tenon_address shared_gate_up, shared_gate_up_scales, shared_down, shared_down_scales;
  tenon_address x;         // bf16 [rows, hidden]
  tenon_address out;       // bf16 [rows, hidden]
  tenon_address workspace;
  int64_t workspace_bytes;
  tenon_address distinct;  // int32 counter of distinct experts visited, added to; 0 for none
  int64_t quantised;       // 1: rows may become E4M3 with a scale per 128 inputs, where weights are E4M3 and that is faster
  int64_t tuned;           // row-count dependent tile parameters, the kernel's own encoding; 0 for the default
  int64_t unfinished;      // 1: moe_add_norm comes next with these words and this workspace, so sums may be left to it
} tenon_moe;

// What follows a mixture: its experts' results, summed (or its `out`, where it has done that), join the residual stream,
// of which the norm is left. norm.pending is the mixture's `out`.
typedef struct tenon_moe_add_norm {
  tenon_moe moe;
  tenon_add_norm norm;
} tenon_moe_add_norm;

// y[row] = silu(gate) ⊙ up; gate_up: bf16 [rows, 2 · inner], interleaved by 16 as above.
typedef struct tenon_silu_product {
  int64_t max_rows;
  tenon_address counts;
  int64_t inner;
  tenon_address gate_up, y;
} tenon_silu_product;

// out[row][part · part_columns + c] = in[part][row][c], where that is below `columns`: joins what ranks gathered.
typedef struct tenon_join_columns {
  int64_t max_rows;       // also rows from a part to the next
  tenon_address count;    // int32, the number of rows
  int64_t part_columns, columns;
  int64_t element_bytes;  // 2 or 4
  tenon_address in, out;
} tenon_join_columns;

// Sums bf16 elements over ranks, in place; every rank enqueues the same in the same order. Elements are a multiple of 8, aligned
// to 16 bytes, and at most peers.most bytes.
typedef struct tenon_peer_sum {
  tenon_address address;
  int64_t elements;
  tenon_peers peers;
} tenon_peer_sum;

// Bytes of workspace that an operation needs with these parameters (its addresses may be 0).
typedef int64_t (*tenon_workspace)(const void* params);

// Enqueues; returns 0 or a CUDA error code.
typedef int (*tenon_launch)(const void* params, void* stream);

// Writes up to `room` values of the parameter `tuned` that are possible with these parameters (its addresses may be 0);
// returns how many there are.
typedef int64_t (*tenon_candidates)(const void* params, int64_t* words, int64_t room);

typedef struct tenon_operation {
  const char* name;
  int32_t words;  // sizeof(params) / 8
  tenon_launch launch;        // null where the library does not offer it
  tenon_workspace workspace;  // null where none is needed
  tenon_candidates candidates;  // null where nothing can be tuned
} tenon_operation;

typedef struct tenon_kernel_table {
  int32_t abi;  // TENON_KERNEL_ABI
  int32_t operations;
  const char* target;  // "sm_90a", …
  const tenon_operation* operation;  // in the order of enum tenon_op
} tenon_kernel_table;

// Operations; names are those of the params without the prefix.
enum tenon_op {
  TENON_PACK_MATRIX = 0,
  TENON_FILL,
  TENON_EMBED,
  TENON_ADD_NORM,
  TENON_GATHER,
  TENON_PRODUCT,
  TENON_ATTENTION_PREPARE,
  TENON_ATTENTION,
  TENON_DELTA_NET,
  TENON_MOE,
  TENON_SILU_PRODUCT,
  TENON_TAKE_OVER,  // this and the following: step_kernels.h
  TENON_SAMPLE,
  TENON_SET_UP,
  TENON_DRAFT,
  TENON_JOIN_COLUMNS,  // of this header again, as the following
  TENON_PRODUCT_ADD_NORM,
  TENON_MOE_ADD_NORM,
  TENON_PEER_SUM,
  TENON_OPERATIONS
};

// The one symbol that a kernel library exports.
const tenon_kernel_table* tenon_kernels(void);

#ifdef __cplusplus
}
#endif
#endif
