// Gate and up, and down, with weights and rows in E4M3 (wgmma of sm_90a), for experts of many rows.
//
//   group 0 (producers)  up to 128 quantised rows and their scales, 128 inputs at a time → ring of stages in shared memory;
//                        ask for the weights of as many inputs to be brought into the L2 cache
//   groups 1, 2          128 outputs each: packed weights → operand A, sums in registers (product/quantised_engine.cuh)
//
// Tasks are those of warpgroup_experts.cuh. A task of gate and up makes 128 inner values of its rows, a stretch of down's
// inputs: its two groups find the greatest of each row together, then quantise what they have.
#ifndef TENON_MOE_QUANTISED_EXPERTS_CUH
#define TENON_MOE_QUANTISED_EXPERTS_CUH

#include "../product/quantised_engine.cuh"
#include "results.cuh"
#include "tasks.cuh"

namespace tenon::moe {

constexpr int kQuantisedBytes = quantised::kStages * quantised::kStagePitch + 2 * kSlabBytes + kPanelAlignment;

// Quantised rows as operand B, stretch by stretch.
struct QuantisedRows {
  const unsigned char* bytes;
  const float* scales;
  int stretches;
};

template <bool kDown>
__device__ __forceinline__ QuantisedRows quantised_rows(const Plan& plan, bool shared) {
  const int stretches = (inputs_of(plan, kDown, shared) + kStretch - 1) / kStretch;
  const void* bytes = !kDown ? plan.permuted : shared ? plan.shared_inner : plan.inner;
  const float* scales = !kDown ? plan.permuted_scales : shared ? plan.shared_inner_scales : plan.inner_scales;
  return {reinterpret_cast<const unsigned char*>(bytes), scales, stretches};
}

// Where a tile's weights and scales for a task begin, counted in stretches of one tile from the beginning of the stack; tiles
// beyond the last repeat it, their sums are dropped.
struct TileSource {
  int stretch;
  bool shared;
};

template <bool kDown>
__device__ __forceinline__ Factor stack_of(const Plan& plan, bool shared) {
  return kDown ? down_of(plan, 0, shared) : gate_up_of(plan, 0, shared);
}

template <bool kDown>
__device__ __forceinline__ TileSource tile_source(const Plan& plan, const Task& task, int tile) {
  const Factor stack = stack_of<kDown>(plan, task.shared);
  const int stretches = (stack.inputs + kStretch - 1) / kStretch;
  return {(task.expert * stack.tiles + min(task.span * kTaskTiles + tile, stack.tiles - 1)) * stretches, task.shared};
}

template <bool kDown>
__device__ __forceinline__ const uint4* weights_of(const Plan& plan, const TileSource& tile) {
  return stack_of<kDown>(plan, tile.shared).data + int64_t(tile.stretch) * kStretch;
}

// The place in its operand of a task's row, −1 where it has no such row.
template <bool kDown>
__device__ __forceinline__ int row_of(const Plan& plan, const Task& task, int at) {
  if (at >= task.count) return -1;
  if (kDown || task.shared) return task.position + at;
  return plan.lists[int64_t(task.expert) * plan.p.max_rows + task.first + at] >> kListShift;
}

// A thread copies unit `threadIdx.x % 8` of every eighth row.
template <bool kDown>
__device__ __forceinline__ void copy_rows(const Plan& plan, Walk<kDown> walk, const quantised::Ring& ring) {
  constexpr int kEach = kTaskRows / quantised::kRowsApart;
  const int unit = threadIdx.x % 8, within = threadIdx.x / 8, place = within * kStretch + (unit ^ within) * 16;
  uint32_t index = 0;
  for (; walk.has(); walk.advance()) {
    const Task task = walk.task();
    const QuantisedRows rows = quantised_rows<kDown>(plan, task.shared);
    uint32_t stretch_of[kEach];  // of all rows' stretches, one after another
#pragma unroll
    for (int i = 0; i < kEach; i++) stretch_of[i] = max(row_of<kDown>(plan, task, within + i * quantised::kRowsApart), 0) * rows.stretches;
    const unsigned char* from = rows.bytes + unit * 16;
    const int used = quantised::rows_of_thread(task.count);
#pragma unroll 1
    for (int stretch = 0; stretch < rows.stretches; stretch++) {
      unsigned char* to = ring.begin(index) + place;
#pragma unroll
      for (int i = 0; i < kEach; i++) {
        const int at = i * quantised::kRowsApart;
        if (i < used) copy_async16(to + at * kStretch, from + uint64_t(stretch_of[i]) * kStretch, within + at < task.count);
      }
      ring.copies_rows(index++);
      from += kStretch;
    }
  }
  ring.begin(index);
  ring.copies_rows(index);
}

// A warp copies the scales and says what the stages are; sixteen lanes see to a tile of the weights each.
template <bool kDown>
__device__ __forceinline__ void describe(const Plan& plan, Walk<kDown> walk, const quantised::Ring& ring) {
  const int lane = threadIdx.x % 32;
  const bool sees_tile = lane < kTaskTiles;
  uint32_t index = 0;
  TileSource tile = {};
  if (walk.has() && sees_tile) tile = tile_source<kDown>(plan, walk.task(), lane);
  while (walk.has()) {
    const Task task = walk.task();
    walk.advance();
    TileSource next = tile;
    if (walk.has() && sees_tile) next = tile_source<kDown>(plan, walk.task(), lane);
    const QuantisedRows rows = quantised_rows<kDown>(plan, task.shared);
    int scale[kTaskRows / 32];  // of all rows' scales
#pragma unroll
    for (int i = 0; i < kTaskRows / 32; i++) scale[i] = max(row_of<kDown>(plan, task, lane + i * 32), 0) * rows.stretches;
    const float* scales = rows.scales;
#pragma unroll 1
    for (int left = rows.stretches; left > 0; left--) {
      const bool last = left == 1;
      unsigned char* stage = ring.begin(index);
      if (sees_tile) {
        prefetch_second_level(weights_of<kDown>(plan, tile), kTileOutputs * kStretch);
        copy_async4(stage + quantised::kTileScalesAt + lane * 4, stack_of<kDown>(plan, tile.shared).scales + tile.stretch);
        tile.stretch++;
        if (last) tile = next;
        reinterpret_cast<const uint4**>(stage + quantised::kNextAt)[lane] = weights_of<kDown>(plan, tile);
      }
      if (lane == 0) *reinterpret_cast<quantised::Head<Task>*>(stage + quantised::kHeadAt) = {task.count, last, task};
#pragma unroll
      for (int i = 0; i < kTaskRows / 32; i++) {
        copy_async4(stage + quantised::scale_place(lane + i * 32), scales + scale[i], lane + i * 32 < task.count);
      }
      scales++;
      ring.describes(index++);
    }
  }
  unsigned char* stage = ring.begin(index);
  if (lane == 0) reinterpret_cast<quantised::Head<Task>*>(stage + quantised::kHeadAt)->count = 0;
  ring.describes(index);
}

// The greatest magnitudes of a task's rows, as bits of floats, which keep their order. Of three in turn, one is in use, one
// may still be read by warps that are not done with the task before, and one is cleared for the task to come.
struct Greatest {
  uint32_t (*of)[kTaskRows];  // [3]
  int turn;

  __device__ uint32_t* now() const { return of[turn]; }
  __device__ uint32_t* next() const { return of[turn == 2 ? 0 : turn + 1]; }
  __device__ void advance() { turn = turn == 2 ? 0 : turn + 1; }
};

// Each lane begins with values of the columns 8n + 2t (2n) and 8n + 2t + 1 (2n + 1); afterwards the eight lanes of one t
// have the greatest of eight lanes for an eighth of those columns each, from `first` on.
template <int kCount, int kBit = 16, int kLeft = kCount / 2>
__device__ __forceinline__ int greatest_of_lanes(float (&value)[kCount]) {
  const bool upper = threadIdx.x & kBit;
#pragma unroll
  for (int i = 0; i < kLeft; i++) {
    const float other = __shfl_xor_sync(kAllLanes, upper ? value[i] : value[i + kLeft], kBit);
    value[i] = fmaxf(upper ? value[i + kLeft] : value[i], other);
  }
  const int first = upper ? kLeft : 0;
  if constexpr (kBit == 4) {
    return first;
  } else {
    return first + greatest_of_lanes<kCount, kBit / 2, kLeft / 2>(value);
  }
}

// Four lanes g … g + 3 have four bytes each; the i-th of them gets everyone's i-th.
__device__ __forceinline__ uint32_t transposed(uint32_t word) {
  const uint32_t next = __shfl_xor_sync(kAllLanes, word, 4);
  word = __byte_perm(word, next, threadIdx.x & 4 ? 0x3715 : 0x6240);
  const uint32_t far = __shfl_xor_sync(kAllLanes, word, 8);
  return __byte_perm(word, far, threadIdx.x & 8 ? 0x3276 : 0x5410);
}

// Gates in sums[0], ups in sums[1] become 16 values of the rows' stretch of 128 in `inner`.
template <int kSums>
__device__ __forceinline__ void store_quantised(const Plan& plan, const Task& task, float (&sums)[2][kSums], Greatest& greatest) {
  const int lane = threadIdx.x % 32, g = lane / 4, t = lane % 4, consumer = threadIdx.x - kGroupThreads;
  const int inner = task.shared ? plan.p.shared_inner : plan.p.inner, stretches = (inner + kStretch - 1) / kStretch;
  const int pair = consumer / 32;
  const bool present = (task.span * (kTaskTiles / 2) + pair) * 16 < inner;
  float most[kSums / 2];
#pragma unroll
  for (int n = 0; n < kSums / 4; n++) {
#pragma unroll
    for (int i = 0; i < 4; i++) {
      float& value = sums[0][4 * n + i];
      value = present ? silu(value) * sums[1][4 * n + i] : 0.0f;
      most[2 * n + i % 2] = i < 2 ? fabsf(value) : fmaxf(most[2 * n + i % 2], fabsf(value));
    }
  }
  const int first = greatest_of_lanes(most);
#pragma unroll
  for (int i = 0; i < kSums / 16; i++) {
    const int column = (first + i) / 2 * 8 + 2 * t + (first + i) % 2;
    atomicMax(greatest.now() + column, __float_as_uint(most[i]));
  }
  if (consumer < kTaskRows) greatest.next()[consumer] = 0;
  block_barrier_sync(3, 2 * kGroupThreads);
  const int64_t row_bytes = int64_t(stretches) * kStretch;
  if (consumer < task.count) {
    float* scales = task.shared ? plan.shared_inner_scales : plan.inner_scales;
    scales[int64_t(task.position + consumer) * stretches + task.span] = quantised_scale(__uint_as_float(greatest.now()[consumer]));
  }
  // four lanes' bytes of a row make a word: the i-th lane stores the row 2t + i % 2, outputs g / 4 · 4 … and, for i ≥ 2, those + 8
  const int row = 2 * t + g % 2, input = pair * 16 + g / 4 * 4 + g / 2 % 2 * 8;
  unsigned char* to = reinterpret_cast<unsigned char*>(task.shared ? plan.shared_inner : plan.inner) +
                      (task.position + row) * row_bytes + task.span * kStretch + quantised_place(input);
#pragma unroll
  for (int n = 0; n < kSums / 4; n++) {
    if (n * 8 >= task.count) break;
    const uint2 bits = *reinterpret_cast<const uint2*>(greatest.now() + n * 8 + 2 * t);
    const float even = __fdividef(kMostE4m3, quantised_magnitude(__uint_as_float(bits.x)));
    const float odd = __fdividef(kMostE4m3, quantised_magnitude(__uint_as_float(bits.y)));
    const float* value = &sums[0][4 * n];
    const uint32_t word = transposed(four_e4m3(value[0] * even, value[1] * odd, value[2] * even, value[3] * odd));
    if (n * 8 + row < task.count) *reinterpret_cast<uint32_t*>(to + n * 8 * row_bytes) = word;
  }
  greatest.advance();
}

// The sums of a task become inner values or results.
template <bool kDown>
struct Store {
  const Plan& plan;
  float* slab;
  Greatest greatest;

  template <int kSums>
  __device__ void operator()(const Task& task, float (&sums)[2][kSums]) {
    if (kDown) {
#pragma unroll
      for (int j = 0; j < 2; j++) store_results(plan, task, sums[j], j, slab);
    } else {
      store_quantised(plan, task, sums, greatest);
    }
  }
};

template <bool kDown>
__device__ __forceinline__ void consume_quantised(const Plan& plan, const Walk<kDown>& walk, const quantised::Ring& ring, float* slab,
                                                  const Greatest& greatest) {
  if (!walk.has()) return;
  // gates and their ups come together in a thread
  const int group = threadIdx.x / kGroupThreads - 1, warp = threadIdx.x / 32 % 4;
  const int tile = kDown ? group * 8 + warp : group * 8 + warp * 2, apart = kDown ? 4 : 1;
  quantised::Weights weights[2];
#pragma unroll
  for (int j = 0; j < 2; j++) weights[j].ask(weights_of<kDown>(plan, tile_source<kDown>(plan, walk.task(), tile + j * apart)) + threadIdx.x % 32);
  quantised::consume<Task>(ring, weights, tile, apart, Store<kDown>{plan, slab, greatest});
}

template <bool kDown>
__global__ void __launch_bounds__(kEngineThreads, 1) quantised_experts(Plan plan, Spans spans) {
  TENON_DYNAMIC_SHARED(unsigned char, unaligned);
  __shared__ uint64_t landed[quantised::kStages], full[quantised::kStages], empty[quantised::kStages];
  __shared__ __align__(16) uint32_t greatest[3][kTaskRows];
  const int gap = (kPanelAlignment - reinterpret_cast<uintptr_t>(unaligned) % kPanelAlignment) % kPanelAlignment;
  const quantised::Ring ring = {unaligned + gap, landed, full, empty};
  if (threadIdx.x < kTaskRows) greatest[0][threadIdx.x] = 0;
  if (threadIdx.x == 0) ring.init();
  __syncthreads();
  wait_for_predecessor();
  release_successor();
  const auto walk = [&] { return Walk<kDown>(plan, spans.routed, spans.shared, rows_of(plan), *plan.items_count); };
  if (threadIdx.x < kGroupThreads) {
    warpgroup_gives_registers<kDown ? 56 : 72>();
    const int warp = threadIdx.x / 32;
    if (warp < quantised::kRowThreads / 32) {
      copy_rows<kDown>(plan, walk(), ring);
    } else if (warp == quantised::kRowThreads / 32) {
      describe<kDown>(plan, walk(), ring);
    } else {
      quantised::publish<Task>(ring);
    }
  } else {
    warpgroup_takes_registers<kDown ? 224 : 216>();
    const int group = threadIdx.x / kGroupThreads - 1;
    float* slab = reinterpret_cast<float*>(ring.stages + quantised::kStages * quantised::kStagePitch + group * kSlabBytes);
    consume_quantised<kDown>(plan, walk(), ring, slab, {greatest, 0});
  }
}

inline int launch_quantised_experts(const Plan& plan, void* stream) {
  const unsigned blocks = card().multiprocessors;
  const int failed = enqueue(quantised_experts<false>, blocks, kEngineThreads, kQuantisedBytes, stream, Start::EARLY, plan, first_spans(plan.p));
  if (failed != cudaSuccess) return failed;
  return enqueue(quantised_experts<true>, blocks, kEngineThreads, kQuantisedBytes, stream, Start::EARLY, plan, second_spans(plan.p));
}

}  // namespace tenon::moe
#endif
