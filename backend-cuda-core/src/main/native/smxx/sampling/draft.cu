// Drafts: per sequence the greatest logit, the lowest id where equal; then the rows of the next drafting pass.
//
// Blocks share a sequence's ids; the last of them to end knows the draft.
#include "values.cuh"

namespace tenon::sampling {
namespace {

// Sets the draft of a sequence, and its row in the next pass.
__device__ void finish(const tenon_draft& params, int b, int slot, bool wanted, int draft) {
  const tenon_step& step = params.step;
  tenon_slot& record = *step::record(step.slots, slot);
  if (wanted) {
    step::drafts(step.slots, slot)[params.pass] = draft;
    record.drafts = static_cast<int32_t>(params.pass) + 1;
    step::result(step, b)[2 + step.width + params.pass] = draft;
  }
  if (params.pass + 1 >= step.width - 1) return;
  const tenon_rows& next = params.next_rows;
  const int position = record.position + static_cast<int>(params.pass);
  const bool active = wanted && step::covers(step.slots, slot, position);
  at<int32_t>(next.ids)[b] = wanted ? draft : 0;
  at<int32_t>(next.positions)[b] = active ? position : 0;
  at<int32_t>(next.slots)[b] = active ? slot : -1;
  at<int32_t>(next.sequence)[b] = b;
  at<int32_t>(next.sequence_active)[b] = active;
  at<int32_t>(next.sequence_committed)[b] = active;
  at<int32_t>(next.sequence_replay)[b] = 0;
  at<int32_t>(next.sequence_offsets)[b + 1] = b + 1;
  at<int32_t>(next.selected)[b] = b;
}

__global__ void __launch_bounds__(kScanThreads) draft(const tenon_draft params) {
  __shared__ bool last;
  wait_for_predecessor();
  release_successor();
  const tenon_step& step = params.step;
  const int b = blockIdx.y, split = blockIdx.x, parts = gridDim.x;
  const int sequences = at<int32_t>(step.rows.counts)[1];
  if (params.pass + 1 < step.width - 1 && b == 0 && split == 0 && threadIdx.x == 0) {
    int32_t* counts = at<int32_t>(params.next_rows.counts);
    counts[0] = counts[1] = counts[2] = sequences;
    at<int32_t>(params.next_rows.sequence_offsets)[0] = 0;
  }
  if (b >= sequences) return;
  const int slot = at<int32_t>(step.rows.sequence_slots)[b];
  const tenon_slot& record = *step::record(step.slots, slot);
  const bool wanted = step::result(step, b)[0] > 0 && !record.ended;
  if (!wanted) {
    if (split == 0 && threadIdx.x == 0) finish(params, b, slot, false, 0);
    return;
  }
  const float* logits = at<float>(params.logits) + b * params.stride;
  float values[kValues];
  load_values(logits, min(static_cast<int>(step.slots.vocabulary), record.usable_ids), split, parts, values);
  const uint64_t greatest = block_greatest(values, split, parts);
  int32_t* arrivals = at<int32_t>(params.arrivals);
  uint64_t* found = at<uint64_t>(params.workspace) + int64_t(b) * parts;
  if (threadIdx.x == 0) {
    found[split] = greatest;
    __threadfence();
    last = atomicAdd(&arrivals[b], 1) == parts - 1;
    __threadfence();
  }
  __syncthreads();
  if (!last || threadIdx.x >= 32) return;
  uint64_t best = 0;
  for (int i = threadIdx.x; i < parts; i += 32) best = max(best, __ldcg(found + i));
  for (int distance = 16; distance > 0; distance /= 2) best = max(best, __shfl_xor_sync(kAll, best, distance));
  if (threadIdx.x == 0) {
    arrivals[b] = 0;
    finish(params, b, slot, true, best == 0 ? 0 : id_of(best));
  }
}

}  // namespace
}  // namespace tenon::sampling

int64_t tenon_draft_workspace(const void* params) {
  using namespace tenon::sampling;
  const tenon_draft& given = *static_cast<const tenon_draft*>(params);
  return given.step.rows.max_sequences * splits(given.step.slots.vocabulary) * int64_t(sizeof(uint64_t));
}

int tenon_draft_launch(const void* params, void* stream) {
  using namespace tenon::sampling;
  const tenon_draft& given = *static_cast<const tenon_draft*>(params);
  if (given.workspace_bytes < tenon_draft_workspace(params)) return cudaErrorInvalidValue;
  const dim3 grid(static_cast<unsigned>(splits(given.step.slots.vocabulary)),
                  static_cast<unsigned>(given.step.rows.max_sequences));
  return tenon::enqueue(draft, grid, dim3(kScanThreads), 0, stream, tenon::Start::EARLY, given);
}
