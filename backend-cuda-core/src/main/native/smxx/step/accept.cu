// The end of sampling, one block per sequence: the rows of a decode count as long as each drew the draft that follows;
// the slot advances; the rows of drafting pass 0 are laid out.
#include "accept.h"
#include "slots.cuh"

namespace tenon::step {
namespace {

constexpr int kThreads = 128;

// A sequence that emits tokens.
struct Emission {
  const tenon_slots& slots;
  int slot;
  int32_t* result;
  int flags, outputs, min_tokens, max_tokens;
  int emitted, end, last;

  // Takes over a token that was drawn.
  __device__ __forceinline__ void emit(int token) {
    result[2 + emitted++] = token;
    last = token;
    outputs++;
    if (flags >> TENON_SEEN & 1) bitmap(slots, slot, TENON_SEEN)[token >> 5] |= 1u << (token & 31);
    if (flags >> TENON_COUNTED & 1) {
      uint32_t* bits = bitmap(slots, slot, TENON_COUNTED) + (token >> 5);
      const uint32_t before = *bits;
      *bits = before | 1u << (token & 31);
      int32_t* count = counts(slots, slot) + token;
      *count = before >> (token & 31) & 1 ? *count + 1 : 1;
    }
    if (flags & TENON_BANNED) {
      uint64_t* hash = &record(slots, slot)->hash;
      *hash = hash_with(*hash, token);
      hashes(slots, slot)[outputs & (TENON_HASHES - 1)] = *hash;
    }
    const bool ending = (flags >> TENON_ENDS & 1) && has(bitmap(slots, slot, TENON_ENDS), token);
    if (ending && outputs > min_tokens) {
      end = 1;
    } else if (outputs >= max_tokens) {
      end = 2;
    }
  }
};

// What the rows of a sequence brought: how many of them are part of its text.
__device__ __forceinline__ int advance(const tenon_step& step, int sequence, int kind, int slot, int first, int active) {
  int32_t* result = step::result(step, sequence);
  tenon_slot& state = *record(step.slots, slot);
  Emission of = {step.slots, slot, result, state.flags, state.outputs, state.min_tokens, state.max_tokens, 0, 0, 0};
  int processed = active;
  if (active > 0) {
    const int32_t* chosen = at<int32_t>(step.chosen) + at<int32_t>(step.drawn)[sequence];
    const int32_t* ids = at<int32_t>(step.rows.ids) + first;
    const int most = kind == TENON_DECODE ? active : kind == TENON_PREFILL_LAST ? 1 : 0;
    int row = 0;
    bool goes_on = most > 0;
    while (goes_on) {
      of.emit(chosen[row]);
      goes_on = row + 1 < most && of.end == 0 && of.last == ids[row + 1];
      row += goes_on;
    }
    if (kind == TENON_DECODE) {
      processed = row + 1;
      state.drafts = 0;
    }
    state.accepted = row;
    state.position += processed;
    if (of.emitted > 0) {
      state.last_token = of.last;
      state.outputs = of.outputs;
      state.ended = of.end != 0;
    }
  }
  result[0] = of.emitted;
  result[1] = of.end;
  for (int i = of.emitted; i < step.width; i++) result[2 + i] = 0;
  for (int i = 0; i < step.width - 1; i++) result[2 + step.width + i] = 0;
  return processed;
}

__global__ void __launch_bounds__(kThreads) accept(const tenon_sample params) {
  __shared__ int shared_processed, shared_following;
  wait_for_predecessor();
  release_successor();
  const tenon_step& step = params.step;
  const tenon_rows& target = step.rows;
  const tenon_rows& shifted = params.draft_rows;
  const int b = blockIdx.x, sequences = at<int32_t>(target.counts)[1];
  const bool drafting = step.width > 1;
  if (drafting && b == 0 && threadIdx.x == 0) {
    int32_t* counts = at<int32_t>(shifted.counts);
    counts[0] = at<int32_t>(target.counts)[0];
    counts[1] = counts[2] = sequences;
  }
  if (b >= sequences) return;
  const int32_t* batch = at<int32_t>(step.batch);
  const int kind = array(batch, TENON_BATCH_KINDS_AT)[b];
  const int slot = at<int32_t>(target.sequence_slots)[b];
  const int first = at<int32_t>(target.sequence_offsets)[b], end = at<int32_t>(target.sequence_offsets)[b + 1];
  if (threadIdx.x == 0) {
    shared_processed = advance(step, b, kind, slot, first, at<int32_t>(target.sequence_active)[b]);
    shared_following =
        kind == TENON_PREFILL ? array(batch, TENON_BATCH_NEXT_AT)[b] : record(step.slots, slot)->last_token;
  }
  if (!drafting) return;
  __syncthreads();
  const int processed = shared_processed;
  for (int row = first + threadIdx.x; row < end; row += kThreads) {
    const int i = row - first;
    const bool active = i < processed;
    const int next = i + 1 < processed ? at<int32_t>(target.ids)[row + 1] : shared_following;
    at<int32_t>(shifted.ids)[row] = active ? next : 0;
    at<int32_t>(shifted.positions)[row] = active ? at<int32_t>(target.positions)[row] : 0;
    at<int32_t>(shifted.slots)[row] = active ? slot : -1;
  }
  if (threadIdx.x == 0) {
    at<int32_t>(shifted.sequence_active)[b] = processed;
    at<int32_t>(shifted.sequence_committed)[b] = processed;
    at<int32_t>(shifted.sequence_replay)[b] = 0;
    at<int32_t>(shifted.selected)[b] = first + max(0, processed - 1);
  }
}

}  // namespace

int enqueue_accept(const tenon_sample& params, void* stream) {
  const unsigned blocks = static_cast<unsigned>(params.step.rows.max_sequences);
  return enqueue(accept, dim3(blocks), dim3(kThreads), 0, stream, Start::EARLY, params);
}

}  // namespace tenon::step
