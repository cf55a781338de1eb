// Parameters of the operations on slots, and the layout of what passes between the host and the device with a step.
//
//   set_up (outside a recording)   take_over ──► forward ──► sample ──► draft 0 ──► draft 1 …
//
// The host writes batches and setups into pinned memory and copies them to fixed addresses; the results are copied
// back from fixed addresses. All integers there are int32, little-endian, and offsets count int32 words from the
// beginning of the batch or bytes from the beginning of the setups.
#ifndef TENON_ABI_STEP_KERNELS_H
#define TENON_ABI_STEP_KERNELS_H

#include "kernel_table.h"

#ifdef __cplusplus
extern "C" {
#endif

enum {
  TENON_BANS = 2048,         // words that a slot may ban
  TENON_HASHES = 4096,       // output positions whose hash is kept: the longest banned word
  TENON_BITMAP_BITS = 128,   // bitmaps are padded to so many ids
  TENON_ALTERNATIVES = 32,   // log-probabilities reported from the device; more are taken from whole rows on the host
  TENON_SPLIT_IDS = 4096,    // ids of a row that one block looks at
  TENON_SPLIT_LIST = 64      // greatest ids that it lists
};

// Bitmaps of a slot, one bit per id.
enum tenon_bitmap {
  TENON_ALLOWED = 0,  // ids that may be drawn, where only some may
  TENON_ENDS,         // ids that end the sequence
  TENON_SEEN,         // ids of prompt and output, kept where the repetition penalty needs them
  TENON_COUNTED,      // ids of the output; `counts` of other ids mean nothing
  TENON_BIASED,       // ids with a bias; `biases` of other ids mean nothing
  TENON_BITMAPS
};

// What a slot uses, in `flags`: bit i is bitmap i, and:
enum { TENON_BANNED = 1 << TENON_BITMAPS };

// A sequence's place, 128 bytes in device memory.
typedef struct tenon_slot {
  int32_t position;    // positions 0 … position − 1 are committed; the last token stands at `position`
  int32_t last_token;
  int32_t drafts;      // drafts for the next decode
  int32_t accepted;    // pending rows that the next step replays
  int32_t outputs;     // tokens output so far
  int32_t ended;
  int32_t flags;
  float temperature, top_p, min_p;
  float repetition, presence, frequency;
  int32_t top_k;       // 0 for all
  int32_t usable_ids;
  int32_t min_tokens, max_tokens;
  int32_t logprobs, prompt_logprobs;  // alternatives wanted, −1 for no log-probabilities
  int32_t bans;
  int64_t seed;
  uint64_t hash;       // of the output: hash · TENON_HASH_BASE + token + 1, modulo 2^61 − 1
  int32_t unused[8];
} tenon_slot;

#define TENON_HASH_BASE 1315423911004217ULL

// A word that must not come up: `id` is forbidden where the `before` tokens before it hash to `hash`.
typedef struct tenon_ban {
  int32_t before, id;
  uint64_t hash;
  uint64_t power;  // TENON_HASH_BASE ^ before
} tenon_ban;

// All slots.
typedef struct tenon_slots {
  int64_t slots, vocabulary, page_size, table_width, most_drafts;
  tenon_address records;      // tenon_slot [slots]
  tenon_address page_tables;  // int32 [slots][table_width], -1 where none
  tenon_address drafts;       // int32 [slots][most_drafts]
  tenon_address bitmaps;      // uint32 [slots][TENON_BITMAPS][4 · ceil(vocabulary / 128)]
  tenon_address counts;       // int32 [slots][vocabulary] occurrences in the output
  tenon_address biases;       // f32 [slots][vocabulary]
  tenon_address bans;         // tenon_ban [slots][TENON_BANS]
  tenon_address hashes;       // uint64 [slots][TENON_HASHES]: after n outputs, at n % TENON_HASHES
} tenon_slots;

// A sequence that takes over a slot. Bitmaps given by `flags` follow each other at `bitmaps_at`.
typedef struct tenon_setup {
  tenon_slot record;
  int32_t slot;
  int32_t bitmaps_at;
  int32_t biases, biases_at;  // ids, then values
  int32_t counts, counts_at;  // ids, then occurrences
  int32_t bans_at;            // tenon_ban [record.bans], at a multiple of 8
  int32_t hashes, hashes_at;  // of the last so many output positions, at a multiple of 8
  int32_t unused[7];
} tenon_setup;

typedef struct tenon_set_up {
  tenon_slots slots;
  int64_t count;
  tenon_address setups;  // tenon_setup [count], then what they refer to
} tenon_set_up;

// Words at the beginning of a batch. Arrays are where their word says.
enum tenon_batch {
  TENON_BATCH_ROWS = 0,
  TENON_BATCH_SEQUENCES,
  TENON_BATCH_SELECTED,
  TENON_BATCH_PAGES,         // triples
  TENON_BATCH_PAGES_AT,      // [3 · pages] slot, index, page
  TENON_BATCH_SLOTS_AT,      // [sequences]
  TENON_BATCH_KINDS_AT,      // [sequences] tenon_kind
  TENON_BATCH_STARTS_AT,     // [sequences]
  TENON_BATCH_OFFSETS_AT,    // [sequences + 1]
  TENON_BATCH_NEXT_AT,       // [sequences] token after a prefill's last row, or −1
  TENON_BATCH_HOST_DRAFTS_AT,  // [sequences]
  TENON_BATCH_SELECTED_AT,   // [selected] rows whose logits are wanted
  TENON_BATCH_TOKENS_AT,     // [rows]
  TENON_BATCH_HEAD = 16
};

enum tenon_kind { TENON_PREFILL = 0, TENON_PREFILL_LAST = 1, TENON_DECODE = 2 };

// What a logit row is for, known before the logits are.
typedef struct tenon_judged {
  int32_t slot;      // −1: for nothing
  int32_t sequence;
  int32_t index;     // which of the sequence's outputs of this step it draws, or −1: none
  int32_t next;      // token whose log-probability is reported (a prompt's), or −1
} tenon_judged;

// Words of the results: first a head, then `2 + width + (width − 1)` words per sequence: how many tokens were emitted,
// how the sequence ended (0 not, 1 by a token, 2 by its length), the tokens, the drafts.
enum { TENON_RESULT_FAULT = 0, TENON_RESULT_HEAD = 4 };
enum { TENON_FAULT_NONE = 0, TENON_FAULT_START = 1 };  // a prompt's rows do not start where its slot stands

// Log-probabilities of a logit row.
typedef struct tenon_logprobs {
  int32_t token;  // −1: none
  float logprob;
  int32_t rank;
  int32_t alternatives;
  int32_t ids[TENON_ALTERNATIVES];
  float logprobs[TENON_ALTERNATIVES];
} tenon_logprobs;

// What the operations of a step share.
typedef struct tenon_step {
  tenon_slots slots;
  tenon_address batch;
  tenon_rows rows;       // target rows
  tenon_address judged;  // tenon_judged [max_selected]
  tenon_address chosen;  // int32 [max_selected] tokens drawn
  tenon_address drawn;   // int32 [max_sequences] first logit row that a sequence draws from, or −1
  tenon_address results;
  int64_t width;         // 1 + drafts
} tenon_step;

typedef struct tenon_take_over {
  tenon_step step;
} tenon_take_over;

// Judges every logit row, decides what is accepted, advances the slots; then lays out the rows of drafting pass 0.
typedef struct tenon_sample {
  tenon_step step;
  tenon_address logits;    // f32 [selected][stride]
  int64_t stride;
  tenon_address masked;    // int32: number of masks, then per logit row the index of its mask or −1
  tenon_address masks;     // uint32 [..][4 · ceil(vocabulary / 128)]
  tenon_address logprobs;  // tenon_logprobs [max_selected]
  tenon_rows draft_rows;   // of pass 0; unused where width is 1
  tenon_address workspace; // see tenon_sample_workspace
  int64_t workspace_bytes;
} tenon_sample;

// Sets each sequence's draft of a pass to the greatest logit; then lays out the rows of the next pass.
typedef struct tenon_draft {
  tenon_step step;
  int64_t pass;
  tenon_address logits;    // f32 [sequences][stride]
  int64_t stride;
  tenon_rows next_rows;    // of pass + 1; unused after the last
  tenon_address arrivals;  // int32 [max_sequences], zero before and after
  tenon_address workspace; // see tenon_draft_workspace
  int64_t workspace_bytes;
} tenon_draft;

#ifdef __cplusplus
}
static_assert(sizeof(tenon_slot) == 128 && sizeof(tenon_setup) == 192 && sizeof(tenon_ban) == 24, "");
#endif
#endif
