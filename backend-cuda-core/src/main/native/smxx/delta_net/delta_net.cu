// The gated delta net between its projections.
//
// One kernel takes decodes and short prompts row by row (steps.cuh). Where a step may hold a longer prompt, three more
// take those by chunks of 64 rows (prepare.cuh, advance.cuh, finish.cuh); they find nothing to do in a step of decodes.
#include "../entry_points.h"
#include "advance.cuh"
#include "finish.cuh"
#include "prepare.cuh"
#include "steps.cuh"

namespace tenon::delta {
namespace {

constexpr int kRefused = 1;  // cudaErrorInvalidValue

bool is_offered(const tenon_delta_net& p) {
  const bool keys = p.key_dim == 32 || p.key_dim == 64 || p.key_dim == 128;
  const bool values = p.value_dim >= 32 && p.value_dim <= 128 && p.value_dim % 32 == 0;
  return keys && values && p.conv_width == kTaps && p.key_heads > 0 && p.value_heads % p.key_heads == 0 &&
         p.projected_stride % 8 == 0 && (p.state_type == TENON_F32 || p.state_type == TENON_BF16);
}

int multiprocessors() {
  static const int known = [] {
    int device = 0, count = 1;
    cudaGetDevice(&device);
    cudaDeviceGetAttribute(&count, cudaDevAttrMultiProcessorCount, device);
    return count;
  }();
  return known;
}

template <int KeyDim, int ValueDim, typename State>
int launch_steps(const tenon_delta_net& p, const Space& space, dim3 heads, void* stream) {
  // no more blocks than run at a time, two on a multiprocessor: one that starts later has nothing on its way
  const int64_t most_lanes = 2 * multiprocessors() / p.value_heads;
  const int lanes = static_cast<int>(most_lanes < 1 ? 1 : most_lanes < p.rows.max_sequences ? most_lanes : p.rows.max_sequences);
  const int planners = space.most_chunks > 0 ? 1 : 0;
  const int shared_bytes = static_cast<int>(sizeof(StepMemory<KeyDim>) + sizeof(State) * KeyDim * p.value_dim);
  return enqueue(delta_steps<KeyDim, ValueDim, State>, dim3(heads.x, heads.y, lanes + planners),
                 dim3(static_cast<unsigned>(2 * p.value_dim)), shared_bytes, stream, Start::EARLY, p, space, lanes);
}

template <int KeyDim, typename State>
int launch(const tenon_delta_net& p, void* stream) {
  const Space space = space_of(p);
  if (space.bytes > p.workspace_bytes) return kRefused;
  const dim3 heads(static_cast<unsigned>(p.value_heads / p.key_heads), static_cast<unsigned>(p.key_heads));
  int status = 0;
  if constexpr (KeyDim == 128) {
    status = p.value_dim == 128 ? launch_steps<KeyDim, 128, State>(p, space, heads, stream)
                                : launch_steps<KeyDim, 0, State>(p, space, heads, stream);
  } else {
    status = launch_steps<KeyDim, 0, State>(p, space, heads, stream);
  }
  const unsigned splits = static_cast<unsigned>((p.value_dim + kAdvanceColumns - 1) / kAdvanceColumns);
  const unsigned chunked = static_cast<unsigned>(space.most_chunked < kSegmentSequences ? space.most_chunked : kSegmentSequences);
  for (int first = 0; first < space.most_chunks && status == 0; first += kSegment) {
    status = enqueue(delta_prepare<KeyDim>, dim3(1, heads.y, space.segment), dim3(kPrepareThreads),
                     static_cast<int>(sizeof(PrepareMemory<KeyDim>)), stream, Start::EARLY, p, space, first);
    if (status != 0) return status;
    status = enqueue(delta_advance<KeyDim, State>, dim3(heads.x, heads.y, chunked * splits), dim3(kAdvanceThreads),
                     static_cast<int>(sizeof(AdvanceMemory<KeyDim>)) + kTileAlignment, stream, Start::EARLY, p, space, first);
  }
  if (status != 0 || space.most_chunks == 0) return status;
  return enqueue(delta_finish, dim3(heads.x, heads.y, space.most_chunks), dim3(kFinishThreads), 0, stream, Start::EARLY, p, space);
}

template <int KeyDim>
int launch_of_type(const tenon_delta_net& p, void* stream) {
  return p.state_type == TENON_F32 ? launch<KeyDim, float>(p, stream) : launch<KeyDim, bf16>(p, stream);
}

}  // namespace
}  // namespace tenon::delta

int64_t tenon_delta_net_workspace(const void* params) {
  return tenon::delta::space_of(*static_cast<const tenon_delta_net*>(params)).bytes;
}

int tenon_delta_net_launch(const void* params, void* stream) {
  using namespace tenon::delta;
  const tenon_delta_net& p = *static_cast<const tenon_delta_net*>(params);
  if (!is_offered(p)) return kRefused;
  if (p.rows.max_sequences <= 0) return 0;
  switch (p.key_dim) {
    case 32:
      return launch_of_type<32>(p, stream);
    case 64:
      return launch_of_type<64>(p, stream);
    default:
      return launch_of_type<128>(p, stream);
  }
}
