// What blocks of four-warp products work on: shares of the work list, in turn.
#ifndef TENON_MOE_TASKS_CUH
#define TENON_MOE_TASKS_CUH

#include "../product/matrix_engine.cuh"
#include "moe/launch.cuh"

namespace tenon::moe {

constexpr int kTaskTiles = 16;

// A share of the work: rows of one expert and a span of its outputs.
struct Task {
  bool shared;
  int expert, first, count, position, span;
};

// The tasks of one block, in order. Every producer walks by itself. The work list may be read before the kernel between route
// and this one has ended.
template <bool kDown>
class Walk {
 public:
  __device__ Walk(const Plan& plan, const Spans& spans) : plan_(plan), spans_(spans), rows_(rows_of(plan)), index_(blockIdx.x) {
    of_shared_ = plan.shared_items > 0 ? (rows_ + kTaskRows - 1) / kTaskRows * spans.shared : 0;
    total_ = of_shared_ + read_items_count(plan) * spans.routed;
  }
  __device__ bool has() const { return index_ < total_; }
  __device__ void advance() { index_ += gridDim.x; }
  __device__ Task task() const {
    if (index_ < of_shared_) {
      const int first = index_ / spans_.shared * kTaskRows;
      return {true, 0, first, min(kTaskRows, rows_ - first), first, index_ % spans_.shared};
    }
    const int index = index_ - of_shared_;
    const Item item = read_item(plan_, index / spans_.routed);
    return {false, item.expert, item.first, item.count, item.position, index % spans_.routed};
  }

 private:
  const Plan& plan_;
  const Spans& spans_;
  int rows_, index_, of_shared_, total_;
};

// What consumers need to know of a task, 16 bytes.
struct Head {
  int position, count, span;
  int flags;  // 1: of the shared expert, 2: another task follows

  __device__ bool shared() const { return flags & 1; }
  __device__ bool more() const { return flags & 2; }
};

__device__ __forceinline__ Head head_of(const Task& task, bool more) { return {task.position, task.count, task.span, task.shared + 2 * more}; }

__device__ __forceinline__ int inputs_of(const Plan& plan, bool down, bool shared) {
  return !down ? plan.p.hidden : shared ? plan.p.shared_inner : plan.p.inner;
}
__device__ __forceinline__ int stretches_of(const Plan& plan, bool down, bool shared) {
  return (inputs_of(plan, down, shared) + kStretch - 1) / kStretch;
}

// Spans of the outputs of gate and up, and of down, for tasks of so many tiles.
inline Spans first_spans(const tenon_moe& p, int tiles) { return {divided(p.inner, tiles * 8), divided(p.shared_inner, tiles * 8)}; }

inline Spans second_spans(const tenon_moe& p, int tiles) { return {divided(p.hidden, tiles * 16), divided(p.hidden, tiles * 16)}; }

}  // namespace tenon::moe
#endif
