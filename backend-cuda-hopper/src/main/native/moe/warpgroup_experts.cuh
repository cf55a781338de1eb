// Gate and up, and down, with the products of four warps (wgmma) of sm_90a, for experts of many rows in E4M3.
//
//   group 0 (producer)   up to 128 rows, 64 inputs at a time → ring of stages in shared memory (operand B)
//   groups 1, 2          128 outputs each: packed weights → registers → bf16 → operand A, sums in registers
//
// Blocks stay and take tasks in turn: an item of the work list and a span of 256 outputs. Weights of the next task are
// asked for while the last inputs of this one are multiplied, and the producer runs ahead. Items of up to 64 rows use
// products of half the width. Rows were permuted (route.cuh), so that a lane's packed weights are operand A as they lie;
// gate_up leaves its results permuted for down.
#ifndef TENON_MOE_WARPGROUP_EXPERTS_CUH
#define TENON_MOE_WARPGROUP_EXPERTS_CUH

#include "../product/matrix_engine.cuh"
#include "product/output.cuh"
#include "results.cuh"
#include "tasks.cuh"

namespace tenon::moe {

constexpr int kStepInputs = 64;
constexpr int kLag = 4;  // stages that the producer asks for before it waits for the first of them
constexpr int kRingStages = 8, kRingStageBytes = kTaskRows * kStepInputs * 2;
constexpr int kEngineBytes = kRingStages * kRingStageBytes + 2 * kSlabBytes + kPanelAlignment;

__device__ __forceinline__ int steps_of(int inputs) { return (inputs + kStretch - 1) / kStretch * 2; }

// The producer's thread copies unit `threadIdx.x % 8` of every 16th row.
template <bool kDown>
__device__ __forceinline__ void produce(const Plan& plan, Walk<kDown> walk, unsigned char* ring, uint64_t* full, uint64_t* empty) {
  const int unit = threadIdx.x % 8, within = threadIdx.x / 8;
  const int place = within * 128 + ((unit ^ (within & 7)) * 16);
  uint32_t asked = 0;
  for (; walk.has(); walk.advance()) {
    const Task task = walk.task();
    const int inputs = inputs_of(plan, kDown, task.shared), steps = steps_of(inputs);
    const bf16* base = reinterpret_cast<const bf16*>(!kDown ? plan.permuted : task.shared ? plan.shared_inner : plan.inner);
    const int32_t* list = plan.lists + task.expert * plan.p.max_rows + task.first;
    int row[kTaskRows / 16];
#pragma unroll
    for (int i = 0; i < kTaskRows / 16; i++) {
      const int at = within + i * 16;
      row[i] = at >= task.count ? -1 : kDown || task.shared ? task.position + at : list[at] >> kListShift;
    }
    const int used = task.count <= 64 ? 4 : 8;
#pragma unroll 1
    for (int step = 0; step < steps; step++) {
      const uint32_t slot = asked % kRingStages;
      barrier_wait(&empty[slot], asked / kRingStages % 2 ^ 1);
      unsigned char* to = ring + slot * kRingStageBytes + place;
      const int input = step * kStepInputs + unit * 8;
#pragma unroll
      for (int i = 0; i < kTaskRows / 16; i++) {
        const bool valid = row[i] >= 0 && input < inputs;
        if (i < used) copy_async16(to + i * 2048, base + (valid ? int64_t(row[i]) * inputs + input : 0), valid);
      }
      copy_commit();
      asked++;
      if (asked >= kLag) {
        copy_wait<kLag - 1>();
        publish_to_products();
        barrier_arrive(&full[(asked - kLag) % kRingStages]);
      }
    }
  }
  copy_wait<0>();
  publish_to_products();
  for (uint32_t i = asked < kLag ? 0 : asked - kLag + 1; i < asked; i++) barrier_arrive(&full[i % kRingStages]);
}

// A lane's weights of two tiles and one step.
struct Weights {
  uint4 of[2][2];
};

__device__ __forceinline__ void ask(Weights& to, const uint4* from, int apart) {
#pragma unroll
  for (int i = 0; i < 2; i++) {
    to.of[0][i] = stream_load(from + i * 32);
    to.of[1][i] = stream_load(from + apart + i * 32);
  }
}

// Two neighbouring lanes' values of outputs g and g ^ 1 become one lane's pair: of row 2t where g is even, 2t + 1 where odd.
__device__ __forceinline__ uint32_t paired(float even_row, float odd_row, bool odd) {
  const float other = __shfl_xor_sync(kAllLanes, odd ? even_row : odd_row, 4);
  return odd ? two_bf16(other, odd_row) : two_bf16(even_row, other);
}

// Gates in sums[0], ups in sums[1] become 16 values of a row of `inner`, in permuted places.
template <int kSums>
__device__ __forceinline__ void store_inner(const Plan& plan, const Task& task, const float (&sums)[2][kSums]) {
  const int lane = threadIdx.x % 32, g = lane / 4, t = lane % 4;
  const int inner = task.shared ? plan.p.shared_inner : plan.p.inner;
  const int pair = task.span * (kTaskTiles / 2) + (threadIdx.x / kGroupThreads - 1) * 4 + threadIdx.x / 32 % 4;
  uint32_t* words = reinterpret_cast<uint32_t*>(task.shared ? plan.shared_inner : plan.inner);
  const int row = 2 * t + (g & 1), place = pair / 2 * 16 + g / 2 * 4 + pair % 2 * 2;
#pragma unroll
  for (int n = 0; n < kSums / 4; n++) {
    if (n * 8 >= task.count) break;
    uint32_t two[2];
#pragma unroll
    for (int i = 0; i < 2; i++) {
      const int c = 4 * n + 2 * i;
      two[i] = paired(silu(sums[0][c]) * sums[1][c], silu(sums[0][c + 1]) * sums[1][c + 1], g & 1);
    }
    if (n * 8 + row < task.count && pair * 16 < inner) {
      *reinterpret_cast<uint2*>(words + (int64_t(task.position + n * 8 + row) * inner) / 2 + place) = make_uint2(two[0], two[1]);
    }
  }
}

// What a consumer has on its way.
struct Ahead {
  Weights packed[2];  // of the next two steps
  float scale[2];     // of the next stretch
  uint32_t taken;     // stages of the ring
};

// Multiplies one task; kSums is 32 for up to 64 rows, else 64. Asks for the first weights of the task after it.
template <bool kDown, int kSums>
__device__ __forceinline__ void multiply_task(const Plan& plan, const Task& task, const Source& source, const Source& after,
                                              const unsigned char* ring, float* slab, uint64_t* full, uint64_t* empty, Ahead& ahead) {
  float sums[2][kSums] = {};
  float scale[2] = {1, 1};
#pragma unroll 1
  for (int stretch = 0; stretch < source.stretches; stretch++) {
    const bool last = stretch + 1 == source.stretches;
    const float* scales = last ? after.scales : source.scales + stretch + 1;
    const uint4* weights = last ? after.weights : source.weights + (stretch + 1) * 128;
    const int weights_apart = last ? after.weights_apart : source.weights_apart;
#pragma unroll
    for (int j = 0; j < 2; j++) {
      if (stretch > 0) warpgroup::scale_sums(sums[j], __fdividef(scale[j], ahead.scale[j]));
      scale[j] = ahead.scale[j];
      ahead.scale[j] = product::usable(scales[j * (last ? after.scales_apart : source.scales_apart)]);
    }
#pragma unroll
    for (int step = 0; step < 2; step++) {
      uint32_t a[2][4][4];
#pragma unroll
      for (int j = 0; j < 2; j++) {
#pragma unroll
        for (int i = 0; i < 2; i++) {
          FragmentA first, second;
          unpack(ahead.packed[step].of[j][i], first, second);
#pragma unroll
          for (int w = 0; w < 4; w++) a[j][2 * i][w] = first.word[w], a[j][2 * i + 1][w] = second.word[w];
        }
      }
      ask(ahead.packed[step], weights + step * 64, weights_apart);
      const uint32_t slot = ahead.taken % kRingStages;
      barrier_wait(&full[slot], ahead.taken / kRingStages % 2);
      const unsigned char* stage = ring + slot * kRingStageBytes;
#pragma unroll
      for (int j = 0; j < 2; j++) warpgroup::pin(sums[j]);
#pragma unroll
      for (int j = 0; j < 2; j++) {
#pragma unroll
        for (int k = 0; k < 4; k++) warpgroup::pin(a[j][k]);
      }
      warpgroup_begin();
#pragma unroll
      for (int k = 0; k < 4; k++) {
#pragma unroll
        for (int j = 0; j < 2; j++) warpgroup::multiply(sums[j], a[j][k], warpgroup::rows_of_128_bytes(stage, k));
      }
      warpgroup_commit();
      warpgroup_wait();
#pragma unroll
      for (int j = 0; j < 2; j++) warpgroup::pin(sums[j]);
      if (threadIdx.x % 32 == 0) barrier_arrive(&empty[slot]);
      ahead.taken++;
    }
  }
#pragma unroll
  for (int j = 0; j < 2; j++) {
    warpgroup::scale_sums(sums[j], scale[j]);
    if (kDown) store_results(plan, task, sums[j], j, slab);
  }
  if (!kDown) store_inner(plan, task, sums);
}

template <bool kDown>
__device__ __forceinline__ void consume(const Plan& plan, Walk<kDown> walk, const unsigned char* ring, float* slab, uint64_t* full,
                                        uint64_t* empty) {
  if (!walk.has()) return;
  Task task = walk.task();
  Source source = source_of<kDown>(plan, task);
  Ahead ahead = {};
#pragma unroll
  for (int b = 0; b < 2; b++) ask(ahead.packed[b], source.weights + b * 64, source.weights_apart);
#pragma unroll
  for (int j = 0; j < 2; j++) ahead.scale[j] = product::usable(source.scales[j * source.scales_apart]);
  for (bool more = true; more;) {
    walk.advance();
    more = walk.has();
    // where there is no other task, what is asked for is not used
    const Source after = source_of<kDown>(plan, more ? walk.task() : task);
    if (task.count <= 64) {
      multiply_task<kDown, 32>(plan, task, source, after, ring, slab, full, empty, ahead);
    } else {
      multiply_task<kDown, 64>(plan, task, source, after, ring, slab, full, empty, ahead);
    }
    if (more) task = walk.task();  // once more: it was not worth the registers meanwhile
    source = after;
  }
}

template <bool kDown>
__global__ void __launch_bounds__(kEngineThreads, 1) warpgroup_experts(Plan plan, Spans spans) {
  TENON_DYNAMIC_SHARED(unsigned char, unaligned);
  __shared__ uint64_t full[kRingStages], empty[kRingStages];
  unsigned char* ring = unaligned + (kPanelAlignment - reinterpret_cast<uintptr_t>(unaligned) % kPanelAlignment) % kPanelAlignment;
  if (threadIdx.x == 0) {
    for (int i = 0; i < kRingStages; i++) {
      barrier_init(&full[i], kGroupThreads);
      barrier_init(&empty[i], 8);  // the consumers' warps
    }
    barrier_init_done();
  }
  __syncthreads();
  wait_for_predecessor();
  release_successor();
  const Walk<kDown> walk(plan, spans.routed, spans.shared, rows_of(plan), *plan.items_count);
  if (threadIdx.x < kGroupThreads) {
    warpgroup_gives_registers<56>();
    produce<kDown>(plan, walk, ring, full, empty);
  } else {
    warpgroup_takes_registers<224>();
    const int group = threadIdx.x / kGroupThreads - 1;
    consume<kDown>(plan, walk, ring, reinterpret_cast<float*>(ring + kRingStages * kRingStageBytes + group * kSlabBytes), full, empty);
  }
}

inline int launch_warpgroup_experts(const Plan& plan, void* stream) {
  const unsigned blocks = card().multiprocessors;
  const int failed = enqueue(warpgroup_experts<false>, blocks, kEngineThreads, kEngineBytes, stream, Start::EARLY, plan, first_spans(plan.p));
  if (failed != cudaSuccess) return failed;
  return enqueue(warpgroup_experts<true>, blocks, kEngineThreads, kEngineBytes, stream, Start::EARLY, plan, second_spans(plan.p));
}

}  // namespace tenon::moe
#endif
