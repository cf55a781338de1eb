// The head of a step: page entries of the batch, then rows and sequences as the model's operations read them.
//
// Every block writes all page entries (they are few, and equal) and so needs no other block before it looks them up.
#include "slots.cuh"

namespace tenon::step {
namespace {

constexpr int kThreads = 256;

// What a sequence does in this step.
struct Part {
  int slot, kind, first, count, active, position;
  bool mismatched;  // a prompt's rows do not start where its slot stands
};

struct Batch {
  const int32_t* words;
  const int32_t *slots, *kinds, *starts, *offsets, *next, *host_drafts, *selected, *tokens;
  __device__ explicit Batch(const int32_t* batch)
      : words(batch),
        slots(array(batch, TENON_BATCH_SLOTS_AT)),
        kinds(array(batch, TENON_BATCH_KINDS_AT)),
        starts(array(batch, TENON_BATCH_STARTS_AT)),
        offsets(array(batch, TENON_BATCH_OFFSETS_AT)),
        next(array(batch, TENON_BATCH_NEXT_AT)),
        host_drafts(array(batch, TENON_BATCH_HOST_DRAFTS_AT)),
        selected(array(batch, TENON_BATCH_SELECTED_AT)),
        tokens(array(batch, TENON_BATCH_TOKENS_AT)) {}
};

__device__ Part part(const tenon_slots& slots, const Batch& batch, int sequence) {
  Part part;
  part.slot = batch.slots[sequence];
  part.kind = batch.kinds[sequence];
  part.first = batch.offsets[sequence];
  part.count = batch.offsets[sequence + 1] - part.first;
  const tenon_slot& slot = *record(slots, part.slot);
  part.position = slot.position;
  part.active = part.count;
  part.mismatched = false;
  if (part.kind == TENON_DECODE) {
    if (batch.host_drafts[sequence] == 0) part.active = min(part.count, 1 + slot.drafts);
  } else {
    part.mismatched = part.position != batch.starts[sequence];
  }
  if (slot.ended || part.mismatched) part.active = 0;
  while (part.active > 0 && !covers(slots, part.slot, part.position + part.active - 1)) part.active--;
  return part;
}

// The sequence that a row belongs to.
__device__ int sequence_of(const Batch& batch, int sequences, int row) {
  int low = 0, high = sequences - 1;
  while (low < high) {
    const int middle = (low + high + 1) / 2;
    if (batch.offsets[middle] <= row) {
      low = middle;
    } else {
      high = middle - 1;
    }
  }
  return low;
}

__device__ int row_id(const tenon_slots& slots, const Batch& batch, const Part& part, int sequence, int row) {
  const int i = row - part.first;
  if (part.kind != TENON_DECODE || (i > 0 && batch.host_drafts[sequence] > 0)) return batch.tokens[row];
  const tenon_slot& slot = *record(slots, part.slot);
  if (i == 0) return slot.last_token;
  return i <= slot.drafts ? drafts(slots, part.slot)[i - 1] : 0;
}

__device__ tenon_judged judged(const Batch& batch, const Part& part, int sequence, int row) {
  const int i = row - part.first;
  tenon_judged judged = {part.slot, sequence, -1, -1};
  if (i >= part.active) {
    judged.slot = -1;
  } else if (part.kind == TENON_DECODE) {
    judged.index = i;
  } else if (part.kind == TENON_PREFILL_LAST && i == part.active - 1) {
    judged.index = 0;
  } else {
    judged.next = i + 1 < part.count ? batch.tokens[row + 1] : batch.next[sequence];
  }
  return judged;
}

__global__ void __launch_bounds__(kThreads) take_over(const tenon_take_over params) {
  wait_for_predecessor();
  release_successor();
  const tenon_step& step = params.step;
  const tenon_slots& slots = step.slots;
  const Batch batch(at<const int32_t>(step.batch));
  const int rows = batch.words[TENON_BATCH_ROWS], sequences = batch.words[TENON_BATCH_SEQUENCES];
  const int selected = batch.words[TENON_BATCH_SELECTED], pages = batch.words[TENON_BATCH_PAGES];
  const int32_t* triples = array(batch.words, TENON_BATCH_PAGES_AT);
  for (int i = threadIdx.x; i < pages; i += kThreads) {
    at<int32_t>(slots.page_tables)[triples[3 * i] * slots.table_width + triples[3 * i + 1]] = triples[3 * i + 2];
  }
  __syncthreads();

  const int thread = blockIdx.x * kThreads + threadIdx.x, threads = gridDim.x * kThreads;
  if (thread == 0) {
    int32_t* counts = at<int32_t>(step.rows.counts);
    counts[0] = rows;
    counts[1] = sequences;
    counts[2] = selected;
    at<int32_t>(step.rows.sequence_offsets)[sequences] = rows;
    if (sequences == 0) at<int32_t>(step.results)[TENON_RESULT_FAULT] = TENON_FAULT_NONE;
  }
  for (int row = thread; row < rows; row += threads) {
    const int b = sequence_of(batch, sequences, row);
    const Part of = part(slots, batch, b);
    const bool active = row - of.first < of.active;
    at<int32_t>(step.rows.ids)[row] = row_id(slots, batch, of, b, row);
    at<int32_t>(step.rows.positions)[row] = active ? of.position + row - of.first : 0;
    at<int32_t>(step.rows.slots)[row] = active ? of.slot : -1;
    at<int32_t>(step.rows.sequence)[row] = b;
  }
  for (int j = thread; j < selected; j += threads) {
    const int row = batch.selected[j], b = sequence_of(batch, sequences, row);
    at<int32_t>(step.rows.selected)[j] = row;
    const tenon_judged of = judged(batch, part(slots, batch, b), b, row);
    at<tenon_judged>(step.judged)[j] = of;
    if (of.index == 0) at<int32_t>(step.drawn)[b] = j;
  }
  for (int b = thread; b < sequences; b += threads) {
    const Part of = part(slots, batch, b);
    if (of.active == 0 || of.kind == TENON_PREFILL) at<int32_t>(step.drawn)[b] = -1;
    at<int32_t>(step.rows.sequence_slots)[b] = of.slot;
    at<int32_t>(step.rows.sequence_offsets)[b] = of.first;
    at<int32_t>(step.rows.sequence_active)[b] = of.active;
    at<int32_t>(step.rows.sequence_replay)[b] = of.active > 0 ? record(slots, of.slot)->accepted : 0;
    at<int32_t>(step.rows.sequence_committed)[b] = of.kind == TENON_DECODE ? min(1, of.active) : of.active;
  }
  // The first block alone says whether any sequence is mismatched, so that nobody has to clear the word before.
  if (blockIdx.x == 0 && sequences > 0) {
    int faults = 0;
    for (int b = threadIdx.x; b < sequences; b += kThreads) faults |= part(slots, batch, b).mismatched;
    faults = __syncthreads_or(faults);
    if (threadIdx.x == 0) at<int32_t>(step.results)[TENON_RESULT_FAULT] = faults ? TENON_FAULT_START : TENON_FAULT_NONE;
  }
}

}  // namespace
}  // namespace tenon::step

int tenon_take_over_launch(const void* params, void* stream) {
  using namespace tenon::step;
  const tenon_take_over& given = *static_cast<const tenon_take_over*>(params);
  const int64_t rows = given.step.rows.max_rows > given.step.rows.max_sequences ? given.step.rows.max_rows
                                                                                : given.step.rows.max_sequences;
  const unsigned blocks = static_cast<unsigned>(rows <= kThreads ? 1 : (rows + kThreads - 1) / kThreads);
  return tenon::enqueue(take_over, dim3(blocks), dim3(kThreads), 0, stream, tenon::Start::EARLY, given);
}
