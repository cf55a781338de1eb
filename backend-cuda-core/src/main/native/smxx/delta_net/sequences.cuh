// What a sequence of the step has to do in a delta net, and where the inputs of a value head are.
#ifndef TENON_DELTA_NET_SEQUENCES_CUH
#define TENON_DELTA_NET_SEQUENCES_CUH

#include "../../abi/kernel_table.h"
#include "../../device/delta_math.cuh"

namespace tenon::delta {

constexpr int kTaps = 4;
constexpr int kHistory = kTaps - 1;
constexpr int kChunk = 64;
constexpr int kMostValueDim = 128;
// Committed rows up to which a sequence goes step by step. A step of so few rows then needs one kernel only.
constexpr int kMostSteps = 64;

template <typename T>
__host__ __device__ __forceinline__ T* at(tenon_address address) {
  return reinterpret_cast<T*>(address);
}

struct Sequence {
  int slot, first, end;  // rows first … end − 1 of the step
  int active, replay, committed;
  bool chunked;  // goes in chunks
};

// Only the sequence itself decides, so that its results do not depend on what else the step holds. Pending rows before
// a long prompt do not occur in practice; they keep the prompt step by step, which is slow and right.
__device__ __forceinline__ bool goes_in_chunks(int slot, int active, int replay, int committed) {
  return slot >= 0 && replay == 0 && active == committed && committed > kMostSteps;
}

__device__ __forceinline__ Sequence sequence_at(const tenon_rows& rows, int index) {
  Sequence s;
  const int* offsets = at<const int>(rows.sequence_offsets);
  s.slot = at<const int>(rows.sequence_slots)[index];
  s.first = offsets[index];
  s.end = offsets[index + 1];
  s.active = at<const int>(rows.sequence_active)[index];
  s.replay = at<const int>(rows.sequence_replay)[index];
  s.committed = at<const int>(rows.sequence_committed)[index];
  s.chunked = goes_in_chunks(s.slot, s.active, s.replay, s.committed);
  if (s.slot < 0) s.active = 0;
  s.committed = min(s.committed, s.active);
  return s;
}

// Whether a sequence with active rows starts from zero, whatever its slot holds.
__device__ __forceinline__ bool is_fresh(const tenon_rows& rows, const Sequence& s) {
  return at<const int>(rows.positions)[s.first] == 0;
}

// A value head's channels are its key head's q and k and its own v: `width` of them. Window and pending inputs are kept
// per value head, so that a head's block is alone with them; q and k lie there once per value head.
struct Head {
  int index, key_head, in_group, repeat, heads;
  int key_dim, value_dim, width, key_width;
  int group_first;  // of the key head in a projected row

  __device__ __forceinline__ Head(const tenon_delta_net& p, int key_head, int in_group, int repeat)
      : index(key_head * repeat + in_group),
        key_head(key_head),
        in_group(in_group),
        repeat(repeat),
        heads(static_cast<int>(p.value_heads)),
        key_dim(static_cast<int>(p.key_dim)),
        value_dim(static_cast<int>(p.value_dim)),
        width(2 * key_dim + value_dim),
        key_width(static_cast<int>(p.key_heads) * key_dim),
        group_first(key_head * 2 * (key_dim + repeat * value_dim)) {}

  // Column of one of its channels in a projected row.
  __device__ __forceinline__ int column(int channel) const {
    return group_first + channel + (channel < 2 * key_dim ? 0 : in_group * value_dim);
  }

  // Column of an element of the output gate.
  __device__ __forceinline__ int gate_column(int element) const {
    return group_first + 2 * key_dim + (repeat + in_group) * value_dim + element;
  }

  // Index of a channel among all of the convolution.
  __device__ __forceinline__ int tap_index(int channel) const {
    if (channel < key_dim) return key_head * key_dim + channel;
    if (channel < 2 * key_dim) return key_width + key_head * key_dim + channel - key_dim;
    return 2 * key_width + index * value_dim + channel - 2 * key_dim;
  }

  __device__ __forceinline__ bf16* window(const tenon_delta_net& p, int slot) const {
    return at<bf16>(p.window) + times(slot * heads + index, kHistory * width);
  }

  __device__ __forceinline__ bf16* pending(const tenon_delta_net& p, int slot) const {
    return at<bf16>(p.pending_inputs) + times(slot * heads + index, static_cast<int>(p.max_pending) * width);
  }

  // Log decay of a pending row; β follows `heads` further.
  __device__ __forceinline__ float* pending_gates(const tenon_delta_net& p, int slot, int row) const {
    return at<float>(p.pending_gates) + times(slot * static_cast<int>(p.max_pending) + row, 2 * heads) + index;
  }

  template <typename State>
  __device__ __forceinline__ State* state(const tenon_delta_net& p, int slot) const {
    return at<State>(p.state) + times(slot * heads + index, key_dim * value_dim);
  }

  __device__ __forceinline__ const bf16* projected(const tenon_delta_net& p, int row) const {
    return at<const bf16>(p.projected) + times(row, static_cast<int>(p.projected_stride));
  }

  __device__ __forceinline__ bf16* out(const tenon_delta_net& p, int row) const {
    return at<bf16>(p.out) + times(row, heads * value_dim) + index * value_dim;
  }

  // b of a row of the step; a follows `repeat` further.
  __device__ __forceinline__ const float* gate_inputs(const tenon_delta_net& p, int row) const {
    return at<const float>(p.gates) + times(row, static_cast<int>(p.gates_stride)) + key_head * 2 * repeat + in_group;
  }

 private:
  __device__ __forceinline__ static int64_t times(int a, int b) { return static_cast<int64_t>(a) * b; }
};

// The head of a block in a grid of (value heads per key head, key heads, …). What follows from it is worked out again at
// each call, and does not stay in registers.
__device__ __forceinline__ Head own_head(const tenon_delta_net& p) {
  return Head(p, again(blockIdx.y), again(blockIdx.x), gridDim.x);
}

// State of a head: element (key k, column c) lies at ((k / 16) · value_dim + c) · 16 + k % 16, so that four threads
// read the 16 keys of a column and a warp's access is contiguous.
__device__ __forceinline__ int state_index(int key, int column, int value_dim) {
  return ((key >> 4) * value_dim + column) * 16 + (key & 15);
}

}  // namespace tenon::delta

#endif
