// What blocks of four-warp products work on: shares of the work list, in turn, and where a lane's weights of one lie.
#ifndef TENON_MOE_TASKS_CUH
#define TENON_MOE_TASKS_CUH

#include "../product/matrix_engine.cuh"
#include "moe/launch.cuh"

namespace tenon::moe {

constexpr int kEngineThreads = 3 * kGroupThreads;
constexpr int kTaskRows = 128, kTaskTiles = 16;
constexpr int kPanelAlignment = 1024;

// A share of the work: rows of one expert and 256 of its outputs.
struct Task {
  bool shared;
  int expert, first, count, position, span;
};

// The tasks of one block, in order. Every thread walks by itself.
template <bool kDown>
class Walk {
 public:
  __device__ Walk(const Plan& plan, int routed_spans, int shared_spans, int rows, int items)
      : plan_(plan), routed_spans_(routed_spans), shared_spans_(shared_spans), rows_(rows), index_(blockIdx.x) {
    of_shared_ = plan.shared_items > 0 ? (rows + kTaskRows - 1) / kTaskRows * shared_spans : 0;
    total_ = of_shared_ + items * routed_spans;
  }
  __device__ bool has() const { return index_ < total_; }
  __device__ void advance() { index_ += gridDim.x; }
  __device__ Task task() const {
    if (index_ < of_shared_) {
      const int first = index_ / shared_spans_ * kTaskRows;
      return {true, 0, first, min(kTaskRows, rows_ - first), first, index_ % shared_spans_};
    }
    const int index = index_ - of_shared_;
    const Item item = plan_.items[index / routed_spans_];
    return {false, item.expert, item.first, item.count, item.position, index % routed_spans_};
  }

 private:
  const Plan& plan_;
  int routed_spans_, shared_spans_, rows_, index_, of_shared_, total_;
};

__device__ __forceinline__ int inputs_of(const Plan& plan, bool down, bool shared) {
  return !down ? plan.p.hidden : shared ? plan.p.shared_inner : plan.p.inner;
}

// Where a lane's weights and scales of a task lie: those of the first of two tiles, and how far on the second's are.
struct Source {
  const uint4* weights;
  const float* scales;
  int weights_apart, scales_apart, stretches;
};

template <bool kDown>
__device__ __forceinline__ Source source_of(const Plan& plan, const Task& task) {
  const int group = threadIdx.x / kGroupThreads - 1, warp = threadIdx.x / 32 % 4;
  const Factor factor = kDown ? down_of(plan, task.expert, task.shared) : gate_up_of(plan, task.expert, task.shared);
  const int stretches = (factor.inputs + kStretch - 1) / kStretch;
  // gates and their ups come together in a thread; tiles beyond the last repeat it, their sums are dropped
  const int first = task.span * kTaskTiles + (kDown ? group * 8 + warp : group * 8 + warp * 2);
  const int tile = min(first, factor.tiles - 1), apart = min(first + (kDown ? 4 : 1), factor.tiles - 1) - tile;
  return {factor.data + int64_t(tile) * stretches * 128 + threadIdx.x % 32, factor.scales + int64_t(tile) * stretches,
          apart * stretches * 128, apart * stretches, stretches};
}

inline Spans first_spans(const tenon_moe& p) { return {divided(p.inner, 128), divided(p.shared_inner, 128)}; }

inline Spans second_spans(const tenon_moe& p) { return {divided(p.hidden, 256), divided(p.hidden, 256)}; }

}  // namespace tenon::moe
#endif
