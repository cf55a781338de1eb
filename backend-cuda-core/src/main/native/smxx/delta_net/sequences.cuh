// What a sequence of the step has to do in a delta net, and where its channels are.
#ifndef TENON_DELTA_NET_SEQUENCES_CUH
#define TENON_DELTA_NET_SEQUENCES_CUH

#include "../../abi/kernel_table.h"
#include "../../device/delta_math.cuh"

namespace tenon::delta {

constexpr int kTaps = 4;
constexpr int kHistory = kTaps - 1;
constexpr int kChunk = 64;
// Committed rows up to which a sequence goes step by step.
constexpr int kMostSteps = 32;

template <typename T>
__host__ __device__ __forceinline__ T* at(tenon_address address) {
  return reinterpret_cast<T*>(address);
}

struct Sequence {
  int slot, first, end;  // rows first … end − 1 of the step
  int active, replay, committed;
  bool fresh;            // starts from a zero state, whatever the slot holds
  bool chunked;          // its committed rows go in chunks, after its replay
};

// Groups of decodes keep their order of operations whatever the rest of the step does: only this sequence decides.
__device__ __forceinline__ bool goes_in_chunks(int slot, int active, int committed) {
  return slot >= 0 && active == committed && committed > kMostSteps;
}

__device__ __forceinline__ Sequence sequence_at(const tenon_rows& rows, int index) {
  Sequence s;
  const int* offsets = at<const int>(rows.sequence_offsets);
  s.slot = at<const int>(rows.sequence_slots)[index];
  s.first = offsets[index];
  s.end = offsets[index + 1];
  s.active = s.slot < 0 ? 0 : at<const int>(rows.sequence_active)[index];
  s.replay = at<const int>(rows.sequence_replay)[index];
  s.committed = at<const int>(rows.sequence_committed)[index];
  s.fresh = s.active > 0 && at<const int>(rows.positions)[s.first] == 0;
  if (s.active == 0 || s.fresh) s.replay = 0;
  s.committed = min(s.committed, s.active);
  s.chunked = goes_in_chunks(s.slot, s.active, s.committed);
  return s;
}

// Sizes that follow from those given.
struct Sizes {
  int repeat, key_width, value_width, channels, group;

  __host__ __device__ explicit Sizes(const tenon_delta_net& p)
      : repeat(static_cast<int>(p.value_heads / p.key_heads)),
        key_width(static_cast<int>(p.key_heads * p.key_dim)),
        value_width(static_cast<int>(p.value_heads * p.value_dim)),
        channels(2 * key_width + value_width),
        group(static_cast<int>(2 * p.key_dim + 2 * repeat * p.value_dim)) {}
};

// State of a head: element (key k, column c) lies at ((k / 16) · value_dim + c) · 16 + k % 16, so that four threads
// read the 16 keys of a column and a warp's access is contiguous.
__device__ __forceinline__ int64_t state_index(int key, int column, int value_dim) {
  return (static_cast<int64_t>(key >> 4) * value_dim + column) * 16 + (key & 15);
}

}  // namespace tenon::delta

#endif
