// Second pass of sampling: one block per row makes a choice of what the first pass kept, and reports log-probabilities.
#ifndef TENON_SAMPLING_CHOOSE_CUH
#define TENON_SAMPLING_CHOOSE_CUH

#include "block.cuh"
#include "exact.cuh"

namespace tenon::sampling {

// Draws among the listed entries of a row, if top-k, top-p and min-p keep no others; else returns −1.
__device__ __forceinline__ int draw_listed(const tenon_sample& params, int index, const Row& row, float greatest,
                                           float inverse, uint64_t* entries) {
  const int top_k = row.top_k();
  const Gathered gathered = gather(params, index, 0, top_k, entries);
  const int count = top_k > 0 && top_k < gathered.count ? top_k : gathered.count;
  if (count <= 0 || (top_k > count && !gathered.everything)) return -1;
  const bool ended = gathered.everything || top_k > 0;  // nothing beyond these is kept

  // Threads take neighbouring entries, so that masses add up in the order of the definition.
  const int own = (count + kChooseThreads - 1) / kChooseThreads, first = threadIdx.x * own;
  const auto distance = [&](int i) {
    return double(__fmul_rn(__fsub_rn(value_of(key_of(entries[i])), greatest), inverse));
  };
  double mass = 0, listed;
  for (int i = first; i < min(first + own, count); i++) mass += exp(distance(i));
  double before = block_sum_before(mass, listed);
  double total = listed;
  if (!ended && row.slot->top_p < 1) {
    total = 0;
    const Split* found = row_splits(params, index);
    for (int i = 0; i < splits(params.step.slots.vocabulary); i++) {
      if (found[i].greatest != 0) {
        total += found[i].mass * exp((double(value_of(key_of(found[i].greatest))) - greatest) * inverse);
      }
    }
  }
  const double wanted = row.slot->top_p < 1 ? double(row.slot->top_p) * total : INFINITY;
  const double farthest = row.slot->min_p > 0 ? log(double(row.slot->min_p)) : -INFINITY;
  int kept = 0;
  for (int i = first; i < min(first + own, count); i++) {
    kept += before < wanted && distance(i) >= farthest;
    before += exp(distance(i));
  }
  kept = max(1, block_sum(kept));
  if (kept == count && !ended && listed < wanted) return -1;

  Draw draw;
  draw.begin(noise_key(row.slot->seed, row.outputs()), inverse);
  draw.set(greatest, id_of(entries[0]));
  for (int base = threadIdx.x - threadIdx.x % 32; base < kept; base += kChooseThreads) {
    const int i = base + threadIdx.x % 32;
    float value = i < kept ? value_of(key_of(entries[i])) : -INFINITY;
    const int id = i < kept ? id_of(entries[i]) : 0;
    if (!draw.promises(value, id)) value = -INFINITY;
    if (__any_sync(kAll, value > -INFINITY)) draw.look(value, id);
  }
  return block_drawn(draw);
}

// The id that a row draws.
__device__ __forceinline__ int choose_id(const tenon_sample& params, int index, const Row& row, Space& space) {
  const int parts = splits(params.step.slots.vocabulary);
  const Split* found = row_splits(params, index);
  const bool plain = !row.greedy() && !row.filtered();
  uint64_t greatest = 0;
  Draw draw;
  draw.score = -INFINITY;
  draw.id = 0;
  for (int i = threadIdx.x; i < parts; i += kChooseThreads) {
    greatest = max(greatest, found[i].greatest);
    if (plain && found[i].greatest != 0 && (found[i].score > draw.score || (found[i].score == draw.score && found[i].id < draw.id))) {
      draw.score = found[i].score;
      draw.id = found[i].id;
    }
  }
  greatest = block_greatest_of(greatest);
  if (greatest == 0) return 0;  // everything is forbidden
  if (row.greedy()) return id_of(greatest);
  if (plain) {
    for (int step = 16; step > 0; step /= 2) {
      const double score = __shfl_xor_sync(kAll, draw.score, step);
      const int id = __shfl_xor_sync(kAll, draw.id, step);
      if (score > draw.score || (score == draw.score && id < draw.id)) {
        draw.score = score;
        draw.id = id;
      }
    }
    return block_drawn(draw);
  }
  const float inverse = row.inverse(), most = value_of(key_of(greatest));
  const int drawn = draw_listed(params, index, row, most, inverse, space.entries);
  if (drawn >= 0) return drawn;
  find_banned(params.step.slots, row, space.banned);
  if (threadIdx.x == 0) space.rules = rules(params.step.slots, row);
  __syncthreads();
  return draw_exactly({row, most, inverse}, greatest, space);
}

// The greatest logit as it is below an entry; for rows whose lists are of no use.
__device__ __forceinline__ uint64_t next_greatest(const Row& row, uint64_t below) {
  uint64_t best = 0;
  for (int id = threadIdx.x; id < row.vocabulary; id += kChooseThreads) {
    const uint64_t candidate = entry(order_key(row.logits[id]), id);
    if (candidate < below && candidate > best) best = candidate;
  }
  return block_greatest_of(best);
}

// How many logits are greater than a token's. They are all listed if the token's is not below the bound.
__device__ __forceinline__ int greater(const tenon_sample& params, int index, const Row& row, float own) {
  __shared__ int listed[kChooseThreads];
  __shared__ uint32_t greatest[kChooseThreads];
  const uint32_t key = order_key(own);
  const Lists lists = load_lists(params, index, 1, listed, greatest);
  int above = 0;
  if (lists.complete && key >= lists.bound) {
#pragma unroll 4
    for (int place = threadIdx.x; place < lists.entries; place += kChooseThreads) {
      above += key_of(listed_entry(params, index, 1, listed, place)) > key;
    }
  } else {
#pragma unroll 8
    for (int id = threadIdx.x; id < row.vocabulary; id += kChooseThreads) above += row.logits[id] > own;
  }
  return block_sum(above);
}

__device__ __forceinline__ void report(const tenon_sample& params, int index, const Row& row, int token,
                                       uint64_t* entries) {
  tenon_logprobs& to = at<tenon_logprobs>(params.logprobs)[index];
  const int parts = splits(params.step.slots.vocabulary);
  const Split* found = row_splits(params, index);
  uint32_t key = 0;
  for (int i = threadIdx.x; i < parts; i += kChooseThreads) key = max(key, found[i].raw_greatest);
  const double greatest = value_of(block_greatest_of(key));
  double sum = 0;
  for (int i = threadIdx.x; i < parts; i += kChooseThreads) {
    sum += found[i].raw_mass * exp(value_of(found[i].raw_greatest) - greatest);
  }
  const double total = greatest + log(block_sum(sum));
  const float own = row.logits[token];
  const int above = greater(params, index, row, own);
  int alternatives = min(row.reported(), row.vocabulary);
  if (alternatives > 0) {
    const Gathered gathered = gather(params, index, 1, alternatives, entries);
    if (gathered.count >= alternatives || gathered.everything) {
      alternatives = min(alternatives, gathered.count);
    } else {
      uint64_t last = ~uint64_t(0);
      for (int i = 0; i < alternatives; i++) {
        last = next_greatest(row, last);
        if (threadIdx.x == 0) entries[i] = last;
      }
      __syncthreads();
    }
  }
  if (threadIdx.x == 0) {
    to.token = token;
    to.logprob = static_cast<float>(own - total);
    to.rank = above + 1;
    to.alternatives = alternatives;
  }
  if (threadIdx.x < alternatives) {
    to.ids[threadIdx.x] = id_of(entries[threadIdx.x]);
    to.logprobs[threadIdx.x] = static_cast<float>(value_of(key_of(entries[threadIdx.x])) - total);
  }
}

__global__ void __launch_bounds__(kChooseThreads, 2) choose(const tenon_sample params) {
  TENON_DYNAMIC_SHARED(Space, space);
  wait_for_predecessor();
  release_successor();
  const int index = blockIdx.x;
  Row row;
  if (!load_row(params, index, row)) {
    const bool there = index < at<int32_t>(params.step.rows.counts)[2];
    if (there && threadIdx.x == 0) at<tenon_logprobs>(params.logprobs)[index].token = -1;
    return;
  }
  int token = row.judged.next;
  if (row.draws()) {
    token = choose_id(params, index, row, *space);
    if (threadIdx.x == 0) at<int32_t>(params.step.chosen)[index] = token;
  }
  __syncthreads();
  if (row.reported() >= 0) report(params, index, row, token, space->entries);
}

}  // namespace tenon::sampling
#endif
