// A row of logits as its slot's rules change it (dev.tenon.spi.backend.SlotSampling), before anything is drawn.
#ifndef TENON_SAMPLING_ROW_CUH
#define TENON_SAMPLING_ROW_CUH

#include "../step/slots.cuh"
#include "noise.cuh"

namespace tenon::sampling {

using step::at;

constexpr float kGreedyBelow = 1e-5f;

// What a row is for. The same in all threads of a block; what the slot says is read where it is needed, since registers
// are what bounds how many blocks run at once.
struct Row {
  tenon_judged judged;
  const tenon_slot* slot;
  const float* logits;
  const uint32_t* mask;   // null where all ids are allowed
  const int32_t* drafts;  // drafts 1 … judged.index that stand before what is drawn
  int vocabulary;

  __device__ __forceinline__ bool draws() const { return judged.index >= 0; }
  // Alternatives wanted; −1: no log-probabilities, or so many that the host takes them from the whole row.
  __device__ __forceinline__ int reported() const {
    const int wanted = draws() ? slot->logprobs : judged.next >= 0 ? slot->prompt_logprobs : -1;
    return wanted > TENON_ALTERNATIVES ? -1 : wanted;
  }
  __device__ __forceinline__ int outputs() const { return slot->outputs + judged.index; }
  __device__ __forceinline__ bool greedy() const { return slot->temperature < kGreedyBelow; }
  __device__ __forceinline__ float inverse() const { return __fdiv_rn(1.0f, slot->temperature); }
  __device__ __forceinline__ int top_k() const {
    return slot->top_k > 0 && slot->top_k < vocabulary ? slot->top_k : 0;
  }
  __device__ __forceinline__ bool filtered() const { return top_k() > 0 || slot->top_p < 1 || slot->min_p > 0; }
};

// Whether logit row `index` is for anything; if so, what.
__device__ __forceinline__ bool load_row(const tenon_sample& params, int index, Row& row) {
  const tenon_step& step = params.step;
  if (index >= at<int32_t>(step.rows.counts)[2]) return false;
  row.judged = at<tenon_judged>(step.judged)[index];
  if (row.judged.slot < 0) return false;
  row.slot = step::record(step.slots, row.judged.slot);
  row.vocabulary = static_cast<int>(step.slots.vocabulary);
  row.logits = at<float>(params.logits) + index * params.stride;
  const int32_t* masked = at<int32_t>(params.masked);
  const int mask = masked[0] > 0 ? masked[1 + index] : -1;
  row.mask = mask < 0 ? nullptr : at<uint32_t>(params.masks) + int64_t(mask) * step::bitmap_words(step.slots);
  row.drafts = at<int32_t>(step.rows.ids) + at<int32_t>(step.rows.selected)[index] - row.judged.index + 1;
  return true;
}

// What applies to the ids of a row; pointers are null where nothing does.
struct Rules {
  const uint32_t *allowed, *mask, *ends, *seen, *counted, *biased;
  const int32_t* counts;
  const float* biases;
  const int32_t* drafts;
  int drafted, usable;  // ids from `usable` on are −∞
  float repetition, presence, frequency;
};

__device__ __forceinline__ bool ends_forbidden(const Row& row) {
  return (row.slot->flags >> TENON_ENDS & 1) && row.outputs() < row.slot->min_tokens;
}

// Whether any rule but that of usable ids applies, banned words left aside.
__device__ __forceinline__ bool ruled(const Row& row) {
  constexpr int kRules = 1 << TENON_ALLOWED | 1 << TENON_SEEN | 1 << TENON_COUNTED | 1 << TENON_BIASED;
  return (row.slot->flags & kRules) != 0 || row.mask || ends_forbidden(row);
}

__device__ __forceinline__ Rules rules(const tenon_slots& slots, const Row& row) {
  const int slot = row.judged.slot, flags = row.slot->flags;
  const auto bits = [&](int which) { return flags >> which & 1 ? step::bitmap(slots, slot, which) : nullptr; };
  return {bits(TENON_ALLOWED),
          row.mask,
          ends_forbidden(row) ? bits(TENON_ENDS) : nullptr,
          bits(TENON_SEEN),
          bits(TENON_COUNTED),
          bits(TENON_BIASED),
          step::counts(slots, slot),
          step::biases(slots, slot),
          row.drafts,
          row.judged.index,
          min(row.slot->usable_ids, row.vocabulary),
          row.slot->repetition,
          row.slot->presence,
          row.slot->frequency};
}

// Ids that would complete a banned word, found by all threads of a block.
struct Banned {
  int count;
  int ids[TENON_BANS];
};

// Hash of the output with the first `drafts` drafts of the row.
__device__ __forceinline__ uint64_t hash_with_drafts(const Row& row, int drafts) {
  uint64_t hash = row.slot->hash;
  for (int i = 0; i < drafts; i++) hash = step::hash_with(hash, row.drafts[i]);
  return hash;
}

__device__ __forceinline__ void find_banned(const tenon_slots& slots, const Row& row, Banned& banned) {
  if (threadIdx.x == 0) banned.count = 0;
  __syncthreads();
  if ((row.slot->flags & TENON_BANNED) == 0) return;
  const int outputs = row.outputs();
  const uint64_t hash = hash_with_drafts(row, row.judged.index);
  for (int i = threadIdx.x; i < row.slot->bans; i += blockDim.x) {
    const tenon_ban ban = step::bans(slots, row.judged.slot)[i];
    const int start = outputs - ban.before;
    if (start < 0) continue;
    const uint64_t earlier = start <= row.slot->outputs ? step::hashes(slots, row.judged.slot)[start % TENON_HASHES]
                                                       : hash_with_drafts(row, start - row.slot->outputs);
    if (step::hash_of_last(hash, ban.before == 0 ? hash : earlier, ban.power) == ban.hash) {
      banned.ids[atomicAdd(&banned.count, 1)] = ban.id;
    }
  }
  __syncthreads();
}

// The logit of an id after all rules but temperature, top-k, top-p and min-p. In the order and the precision of the
// definition: nothing is contracted.
__device__ __forceinline__ float adjusted(const Rules& rules, const Banned& banned, float logit, int id) {
  if (id >= rules.usable || logit != logit) return -INFINITY;
  if (rules.allowed && !step::has(rules.allowed, id)) return -INFINITY;
  if (rules.mask && !step::has(rules.mask, id)) return -INFINITY;
  if (rules.ends && step::has(rules.ends, id)) return -INFINITY;
  for (int i = 0; i < banned.count; i++) {
    if (banned.ids[i] == id) return -INFINITY;
  }
  float value = logit;
  if (rules.seen || rules.counted) {
    int drafted = 0;
    for (int i = 0; i < rules.drafted; i++) drafted += rules.drafts[i] == id;
    if (rules.seen && (drafted > 0 || step::has(rules.seen, id))) {
      value = value > 0 ? __fdiv_rn(value, rules.repetition) : __fmul_rn(value, rules.repetition);
    }
    if (rules.counted) {
      const int count = drafted + (step::has(rules.counted, id) ? rules.counts[id] : 0);
      if (count > 0) value = __fsub_rn(value, __fadd_rn(__fmul_rn(rules.frequency, float(count)), rules.presence));
    }
  }
  if (rules.biased && step::has(rules.biased, id)) value = __fadd_rn(value, rules.biases[id]);
  return value;
}

// Integers in the order of the numbers; 0 for −∞, which is never drawn.
__device__ __forceinline__ uint32_t order_key(float value) {
  if (!(value > -INFINITY)) return 0;
  const uint32_t bits = __float_as_uint(value + 0.0f);
  return bits & 0x80000000u ? ~bits : bits | 0x80000000u;
}

__device__ __forceinline__ float value_of(uint32_t key) {
  if (key == 0) return -INFINITY;
  return __uint_as_float(key & 0x80000000u ? key & 0x7fffffffu : ~key);
}

// Greater where the value is greater, or the id lower.
__device__ __forceinline__ uint64_t entry(uint32_t key, int id) { return uint64_t(key) << 32 | ~static_cast<uint32_t>(id); }
__device__ __forceinline__ uint32_t key_of(uint64_t entry) { return static_cast<uint32_t>(entry >> 32); }
__device__ __forceinline__ int id_of(uint64_t entry) { return static_cast<int>(~static_cast<uint32_t>(entry)); }

// What a block of the first pass found in its share of a row.
struct Split {
  uint64_t greatest;  // entry of the greatest adjusted logit, 0 if all are −∞
  double score;       // of the id drawn, where nothing is filtered
  double mass;        // Σ e^((logit − greatest) / temperature), where top-p needs it
  double raw_mass;    // Σ e^(logit − greatest), of the logits as they are
  int32_t id;         // drawn
  uint32_t bound;     // every entry with at least this key is listed
  int32_t listed;     // entries, or −1: too many
  uint32_t raw_greatest;  // key, of the logits as they are
  uint32_t raw_bound;
  int32_t raw_listed;
  int32_t unused[2];
};
static_assert(sizeof(Split) == 64);

__host__ __device__ inline int splits(int64_t vocabulary) {
  return static_cast<int>((vocabulary + TENON_SPLIT_IDS - 1) / TENON_SPLIT_IDS);
}

__host__ __device__ inline int64_t space(int64_t rows, int64_t vocabulary) {
  return rows * splits(vocabulary) * int64_t(sizeof(Split) + 2 * TENON_SPLIT_LIST * sizeof(uint64_t));
}

__device__ __forceinline__ Split* row_splits(const tenon_sample& params, int index) {
  return at<Split>(params.workspace) + int64_t(index) * splits(params.step.slots.vocabulary);
}

// Entries that a split listed; list 0 of adjusted logits, 1 of the logits as they are.
__device__ __forceinline__ uint64_t* split_list(const tenon_sample& params, int index, int split, int list) {
  const int parts = splits(params.step.slots.vocabulary);
  uint64_t* lists = reinterpret_cast<uint64_t*>(at<Split>(params.workspace) + params.step.rows.max_selected * parts);
  return lists + ((int64_t(index) * parts + split) * 2 + list) * TENON_SPLIT_LIST;
}

}  // namespace tenon::sampling
#endif
