// Sampling: two passes over logit rows, then acceptance.
#include "choose.cuh"
#include "scan.cuh"
#include "../step/accept.h"

int64_t tenon_sample_workspace(const void* params) {
  const tenon_sample& given = *static_cast<const tenon_sample*>(params);
  return tenon::sampling::space(given.step.rows.max_selected, given.step.slots.vocabulary);
}

int tenon_sample_launch(const void* params, void* stream) {
  using namespace tenon::sampling;
  const tenon_sample& given = *static_cast<const tenon_sample*>(params);
  if (given.workspace_bytes < tenon_sample_workspace(params)) return cudaErrorInvalidValue;
  const unsigned rows = static_cast<unsigned>(given.step.rows.max_selected);
  const unsigned parts = static_cast<unsigned>(splits(given.step.slots.vocabulary));
  if (rows > 0) {
    const int scanned = tenon::enqueue(scan, dim3(parts, rows), dim3(kScanThreads), 0, stream, tenon::Start::EARLY, given);
    if (scanned != 0) return scanned;
    const int chosen = tenon::enqueue(choose, dim3(rows), dim3(kChooseThreads), sizeof(Space), stream,
                                      tenon::Start::EARLY, given);
    if (chosen != 0) return chosen;
  }
  return tenon::step::enqueue_accept(given, stream);
}
