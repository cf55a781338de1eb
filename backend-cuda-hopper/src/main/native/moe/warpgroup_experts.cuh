// Gate and up, and down, with the products of four warps (wgmma) of sm_90a in E4M3, for experts of many rows.
//
//   group 0 (producers)  up to 64 rows (operand B) and the packed weights of 256 outputs, 128 inputs at a time → ring of stages
//                        in shared memory. Weights, and rows of down, come by tensor copies; rows of gate and up are gathered
//                        by two warps, and another thread makes them visible to the matrix engine: the fence for that waits
//                        for all that its thread has asked for
//   groups 1 … 4         64 outputs each: packed weights → operand A, whose bytes only change places
//
// Rows are sums of one or two terms in E4M3 (device/quantise.cuh), a panel each: with two they lose nothing that bf16 has, and
// no weight is widened. The engine keeps about 14 bits of a sum of E4M3, so sums over 128 inputs, which share their scales,
// join others in registers.
//
// Blocks stay and take tasks in turn: an item of the work list and a span of 256 outputs. Producers run ahead into the next
// task; those of down's weights into the kernel ahead, since the routing ended before gate_up let down start. Products are as
// narrow as a task's rows allow.
#ifndef TENON_MOE_WARPGROUP_EXPERTS_CUH
#define TENON_MOE_WARPGROUP_EXPERTS_CUH

#include <type_traits>

#include "../product/tensor_copy.cuh"
#include "inner_terms.cuh"
#include "results.cuh"

namespace tenon::moe {

constexpr int kRowThreads = 64, kRowsApart = kRowThreads / 8, kRowsEach = kTaskRows / kRowsApart;
constexpr int kBoxRows = 8, kBoxBytes = kBoxRows * kStretch;  // of a copy of down's rows
constexpr int kPanelBytes = kTaskRows * kStretch;             // rows, one term
constexpr int kTileBytes = kTileOutputs * kStretch, kWeightsBytes = kTaskTiles * kTileBytes;
constexpr int kPassRows = 16, kPassFloats = kPassRows * kSlabPitch;  // of results through a group's slab
constexpr int kPanelAlignment = 1024;

template <bool kDownOf, int kTermsOf>
struct Engine {
  static constexpr bool kDown = kDownOf;
  static constexpr int kTerms = kTermsOf;
  static constexpr int kGroups = kInnerGroups;  // that multiply
  static constexpr int kThreads = (1 + kGroups) * kGroupThreads;
  static constexpr int kRowsBytes = kTerms * kPanelBytes, kStageBytes = kRowsBytes + kWeightsBytes;
  static constexpr int kSlab = kDown ? kPassFloats : 4 * kExchangeFloats;  // floats of a group
  static constexpr int kSlabsBytes = kGroups * kSlab * 4;
  // 4 KB are for barriers, scales and the greatest
  static constexpr int kRoom = (227 - 4) * 1024 - kSlabsBytes - kPanelAlignment;
  static constexpr int kStages = kRoom / kStageBytes;
  static_assert(kStages >= 4);
  static constexpr int kSharedBytes = kStages * kStageBytes + kSlabsBytes + kPanelAlignment;
  // A block has what it was launched with: what producers give must be enough for all who take, or these wait for ever.
  static constexpr int kLaunchRegisters = 65536 / kThreads / 8 * 8, kProducerRegisters = 40, kConsumerRegisters = 104;
  static_assert(kGroups * (kConsumerRegisters - kLaunchRegisters) <= kLaunchRegisters - kProducerRegisters);
};

// By whether a task is of the shared expert.
struct Maps {
  TensorMap weights[2], rows[2];
};

// A stage in turn, and which turn that is.
template <typename E>
struct Place {
  uint32_t slot = 0, turn = 0;

  __device__ void advance() {
    if (++slot == E::kStages) slot = 0, turn ^= 1;
  }
};

template <typename E>
struct EngineRing {
  unsigned char* stages;
  float (*scales)[kTaskRows];       // [kStages] of the rows
  uint64_t *landed, *full, *empty;  // [kStages]; landed: of gathered rows

  // By one thread; a __syncthreads() must follow.
  __device__ void init() const {
    for (int i = 0; i < E::kStages; i++) {
      barrier_init(&landed[i], kRowThreads);
      barrier_init(&full[i], E::kDown ? 2 + kRowThreads : 2);  // weights, rows; of down: the scales too
      barrier_init(&empty[i], E::kGroups * 4);                 // the consumers' warps
    }
    barrier_init_done();
  }
  __device__ unsigned char* stage(uint32_t slot) const { return stages + slot * E::kStageBytes; }
  __device__ float* slab(int group) const { return reinterpret_cast<float*>(stage(E::kStages)) + group * E::kSlab; }
};

// How many rows are multiplied of a task with so many.
__device__ __forceinline__ int used_rows(int count) { return count <= 8 ? 8 : count <= 16 ? 16 : count <= 32 ? 32 : 64; }

// Calls begin(task), then each(task, stretch, slot) for its stages in turn, once they may be written.
template <typename E, typename Begin, typename Each>
__device__ __forceinline__ void for_stages(const Plan& plan, Walk<E::kDown> walk, const EngineRing<E>& ring, const Begin& begin, const Each& each) {
  Place<E> place;
  for (; walk.has(); walk.advance()) {
    const Task task = walk.task();
    const int stretches = stretches_of(plan, E::kDown, task.shared);
    begin(task);
#pragma unroll 1
    for (int stretch = 0; stretch < stretches; stretch++) {
      barrier_wait(&ring.empty[place.slot], place.turn ^ 1);
      each(task, stretch, place.slot);
      place.advance();
    }
  }
}

// A thread copies unit `threadIdx.x % 8` of every eighth row, rows beyond the last as zeros, and the scale of one row.
template <typename E>
__device__ __forceinline__ void gather_rows(const Plan& plan, const Walk<E::kDown>& walk, const EngineRing<E>& ring) {
  const int unit = threadIdx.x % 8, within = threadIdx.x / 8, at = panel_offset(within, unit);
  const int stretches = stretches_of(plan, false, false);
  const unsigned char* const x = reinterpret_cast<const unsigned char*>(plan.x) + unit * 16;
  uint32_t first[kRowsEach];  // of all rows' stretches, one after another
  uint32_t own = 0;
  for_stages<E>(
      plan, walk, ring,
      [&](const Task& task) {
        const int32_t* list = plan.lists + task.expert * plan.p.max_rows + task.first;
        const auto begin_of = [&](int index) {
          const int row = index >= task.count ? 0 : task.shared ? task.position + index : list[index] >> kListShift;
          return static_cast<uint32_t>(row) * stretches;
        };
#pragma unroll
        for (int i = 0; i < kRowsEach; i++) first[i] = begin_of(within + i * kRowsApart);
        own = begin_of(threadIdx.x);
      },
      [&](const Task& task, int stretch, uint32_t slot) {
        unsigned char* to = ring.stage(slot) + at;
        const int used = used_rows(task.count);
#pragma unroll
        for (int i = 0; i < kRowsEach; i++) {
          if (i * kRowsApart >= used) break;
          const unsigned char* from = x + uint64_t(first[i] + stretch) * (E::kTerms * kStretch);
#pragma unroll
          for (int term = 0; term < E::kTerms; term++) {
            copy_async16(to + term * kPanelBytes + i * kRowsApart * kStretch, from + term * kStretch, within + i * kRowsApart < task.count);
          }
        }
        copy_async4(&ring.scales[slot][threadIdx.x], plan.x_scales + own + stretch, static_cast<int>(threadIdx.x) < task.count);
        barrier_arrive_after_copies(&ring.landed[slot]);
      });
}

template <typename E>
__device__ __forceinline__ void publish_rows(const Plan& plan, Walk<E::kDown> walk, const EngineRing<E>& ring) {
  Place<E> place;
  for (; walk.has(); walk.advance()) {
    for (int left = stretches_of(plan, false, false); left > 0; left--) {
      barrier_wait(&ring.landed[place.slot], place.turn);
      publish_to_products();
      barrier_arrive(&ring.full[place.slot]);
      place.advance();
    }
  }
}

// Rows of down follow one another; those beyond a task's last are other experts', whose sums are dropped.
template <typename E>
__device__ __forceinline__ void copy_rows(const Plan& plan, const Walk<E::kDown>& walk, const EngineRing<E>& ring, const TensorMap (&rows)[2]) {
  for_stages<E>(
      plan, walk, ring, [](const Task&) {},
      [&](const Task& task, int stretch, uint32_t slot) {
        const int boxes = (task.count + kBoxRows - 1) / kBoxRows;
        barrier_arrive_expecting(&ring.full[slot], boxes * E::kTerms * kBoxBytes);
        for (int box = 0; box < boxes; box++) {
#pragma unroll
          for (int term = 0; term < E::kTerms; term++) {
            copy_box(ring.stage(slot) + term * kPanelBytes + box * kBoxBytes, rows[task.shared], 0, task.position + box * kBoxRows,
                     stretch * E::kTerms + term, &ring.full[slot]);
          }
        }
      });
}

// And their scales: a thread each row's.
template <typename E>
__device__ __forceinline__ void copy_scales(const Plan& plan, const Walk<E::kDown>& walk, const EngineRing<E>& ring, int row) {
  for_stages<E>(
      plan, walk, ring, [](const Task&) {},
      [&](const Task& task, int stretch, uint32_t slot) {
        const float* scales = task.shared ? plan.shared_inner_scales : plan.inner_scales;
        const bool exists = row < task.count;
        copy_async4(&ring.scales[slot][row], scales + int64_t(task.position + (exists ? row : 0)) * stretches_of(plan, true, task.shared) + stretch, exists);
        barrier_arrive_after_copies(&ring.full[slot]);
      });
}

template <typename E>
__device__ __forceinline__ void copy_weights(const Plan& plan, const Walk<E::kDown>& walk, const EngineRing<E>& ring, const TensorMap (&weights)[2]) {
  for_stages<E>(
      plan, walk, ring, [](const Task&) {},
      [&](const Task& task, int stretch, uint32_t slot) {
        const int tiles = E::kDown ? plan.p.hidden / 16 : (task.shared ? plan.p.shared_inner : plan.p.inner) / 8;
        barrier_arrive_expecting(&ring.full[slot], kWeightsBytes);
        copy_box(ring.stage(slot) + E::kRowsBytes, weights[task.shared], 0, stretch * kTileOutputs, task.expert * tiles + task.span * kTaskTiles,
                 &ring.full[slot]);
      });
}

template <int kRows>
using Rows = std::integral_constant<int, kRows>;

// The scale of a warp's tile of a task, of the stretch `first` plus the lane's number.
template <bool kDown>
__device__ __forceinline__ float scale_of_tile(const Plan& plan, const Task& task, int first) {
  const Factor factor = kDown ? down_of(plan, task.expert, task.shared) : gate_up_of(plan, task.expert, task.shared);
  const int stretches = stretches_of(plan, kDown, task.shared), tile = threadIdx.x / 32 - kGroupThreads / 32;
  // tiles beyond the last repeat it, their sums are dropped
  return factor.scales[int64_t(min(task.span * kTaskTiles + tile, factor.tiles - 1)) * stretches +
                       min(first + static_cast<int>(threadIdx.x) % 32, stretches - 1)];
}

// A lane's 16 bytes of 16 outputs and 32 inputs as operand A: bytes of two outputs alternate.
__device__ __forceinline__ void arrange(uint32_t (&a)[4], const uint4& packed) {
  a[0] = __byte_perm(packed.x, packed.y, 0x7531), a[1] = __byte_perm(packed.x, packed.y, 0x6420);
  a[2] = __byte_perm(packed.z, packed.w, 0x7531), a[3] = __byte_perm(packed.z, packed.w, 0x6420);
}

// Multiplies one task; kSums is half of the rows that are multiplied. scale: what the lane has of its tile's.
template <typename E, int kSums>
__device__ __forceinline__ void multiply_task(const Plan& plan, const Task& task, float scale, const EngineRing<E>& ring, Place<E>& place,
                                              Greatest& greatest) {
  const int lane = threadIdx.x % 32, tile = threadIdx.x / 32 - kGroupThreads / 32;
  // rows of 128 bytes, permuted like all that comes by tensor copies: those of the k-th 32 inputs are 4k … 4k + 3
  const int weights_at = E::kRowsBytes + tile * kTileBytes + lane / 8 * kStretch + (lane % 8 ^ lane / 8) * 16;
  const uint64_t first_stage = warpgroup::rows_of_128_bytes(ring.stages, 0);
  const int stretches = stretches_of(plan, E::kDown, task.shared);
  float sums[kSums] = {};
#pragma unroll 1
  for (int stretch = 0; stretch < stretches; stretch++) {
    if (stretch > 0 && stretch % 32 == 0) scale = scale_of_tile<E::kDown>(plan, task, stretch);
    barrier_wait(&ring.full[place.slot], place.turn);
    const unsigned char* weights = ring.stage(place.slot);
    uint32_t a[4][4];
#pragma unroll
    for (int k = 0; k < 4; k++) {
      arrange(a[k], *reinterpret_cast<const uint4*>(weights + (weights_at ^ (k % 2) * 64) + k * 4 * kStretch));
    }
    float part[kSums];
    const uint64_t stage = warpgroup::operand_at(first_stage, place.slot * E::kStageBytes);
#pragma unroll
    for (int k = 0; k < 4; k++) warpgroup::pin(a[k]);
    warpgroup_begin();
#pragma unroll
    for (int term = 0; term < E::kTerms; term++) {
#pragma unroll
      for (int k = 0; k < 4; k++) warpgroup::multiply_e4m3(part, a[k], warpgroup::operand_at(stage, term * kPanelBytes + k * 32), term + k > 0);
    }
    warpgroup_commit();
    warpgroup_wait();
    warpgroup::pin(part);
#pragma unroll
    for (int k = 0; k < 4; k++) warpgroup::pin(a[k]);
    const float own = __shfl_sync(kAllLanes, scale, stretch % 32);
    const float2* rows = reinterpret_cast<const float2*>(ring.scales[place.slot]) + lane % 4;
#pragma unroll
    for (int n = 0; n < kSums / 4; n++) {
      const float2 two = rows[n * 4];  // of the columns 8n + 2t + i
      const float factor[2] = {own * two.x, own * two.y};
#pragma unroll
      for (int i = 0; i < 4; i++) sums[4 * n + i] = fmaf(factor[i % 2], part[4 * n + i], sums[4 * n + i]);
    }
    __syncwarp();
    if (lane == 0) barrier_arrive(&ring.empty[place.slot]);
    place.advance();
  }
  float* slab = ring.slab(tile / 4);
  if constexpr (E::kDown) {
    store_results<kPassRows>(plan, task, task.span * kTaskTiles * 16 + tile / 4 * 64, sums, slab);
  } else {
    store_inner<E::kTerms>(plan, task, sums, slab, greatest);
  }
}

template <typename E>
__device__ __forceinline__ void consume(const Plan& plan, Walk<E::kDown> walk, const EngineRing<E>& ring, Greatest greatest) {
  if (!walk.has()) return;
  Task task = walk.task();
  float scale = scale_of_tile<E::kDown>(plan, task, 0);
  Place<E> place;
  for (bool more = true; more;) {
    walk.advance();
    more = walk.has();
    const float next = scale_of_tile<E::kDown>(plan, more ? walk.task() : task, 0);  // on its way meanwhile
    const auto multiply = [&](auto rows) { multiply_task<E, rows.value / 2>(plan, task, scale, ring, place, greatest); };
    const int used = used_rows(task.count);
    if (used == 8) multiply(Rows<8>());
    else if (used == 16) multiply(Rows<16>());
    else if (used == 32) multiply(Rows<32>());
    else multiply(Rows<64>());
    if (more) task = walk.task();  // once more: it was not worth the registers meanwhile
    scale = next;
  }
}

template <typename E>
__global__ void __launch_bounds__(E::kThreads, 1) warpgroup_experts(Plan plan, Spans spans, const __grid_constant__ Maps maps) {
  TENON_DYNAMIC_SHARED(unsigned char, unaligned);
  __shared__ uint64_t landed[E::kStages], full[E::kStages], empty[E::kStages];
  __shared__ __align__(16) float scales[E::kStages][kTaskRows];
  __shared__ uint32_t most[3][kTaskRows];
  const int gap = (kPanelAlignment - reinterpret_cast<uintptr_t>(unaligned) % kPanelAlignment) % kPanelAlignment;
  const EngineRing<E> ring = {unaligned + gap, scales, landed, full, empty};
  if (threadIdx.x < kTaskRows) most[0][threadIdx.x] = 0;
  if (threadIdx.x == 0) ring.init();
  __syncthreads();
  const int warp = threadIdx.x / 32;
  constexpr int kWeightsWarp = 3;
  if (!E::kDown || warp != kWeightsWarp) {
    wait_for_predecessor();
    release_successor();
  }
  const auto walk = [&] { return Walk<E::kDown>(plan, spans); };
  if (threadIdx.x < kGroupThreads) {
    warpgroup_gives_registers<E::kProducerRegisters>();
    if (warp == kWeightsWarp) {
      if (threadIdx.x % 32 == 0) copy_weights<E>(plan, walk(), ring, maps.weights);
    } else if (warp == kRowThreads / 32) {
      if (threadIdx.x % 32 == 0) {
        if constexpr (E::kDown) copy_rows<E>(plan, walk(), ring, maps.rows);
        else publish_rows<E>(plan, walk(), ring);
      }
    } else {
      if constexpr (E::kDown) copy_scales<E>(plan, walk(), ring, threadIdx.x);
      else gather_rows<E>(plan, walk(), ring);
    }
  } else {
    warpgroup_takes_registers<E::kConsumerRegisters>();
    consume<E>(plan, walk(), ring, {most, 0});
  }
}

// Weights [stack] tiles of `inputs` inputs; rows, where there are: [count] of terms.
inline int describe_engine(Maps& maps, bool shared, int64_t weights, int64_t stack, int64_t inputs, int terms, const void* rows, int64_t count) {
  const uint64_t stretches = divided(inputs, kStretch), line = kStretch;
  const int failed = describe(maps.weights[shared], {weights, 1, {line, stretches * kTileOutputs, uint64_t(stack)}, {line, stretches * kTileBytes},
                                                     {kStretch, kTileOutputs, kTaskTiles}});
  if (failed != cudaSuccess || !rows) return failed;
  return describe(maps.rows[shared], {reinterpret_cast<int64_t>(rows), 1, {line, uint64_t(count), stretches * terms}, {stretches * terms * line, line},
                                      {kStretch, kBoxRows, 1}});
}

template <int kTerms>
int launch_warpgroup_experts(const Plan& plan, void* stream) {
  const tenon_moe& p = plan.p;
  Maps first = {}, second = {};
  int failed = describe_engine(first, false, p.gate_up, p.held * (p.inner / 8), p.hidden, kTerms, nullptr, 0);
  if (!failed) failed = describe_engine(second, false, p.down, p.held * (p.hidden / 16), p.inner, kTerms, plan.inner, plan.pairs_most);
  if (!failed && plan.shared_items > 0) {
    failed = describe_engine(first, true, p.shared_gate_up, p.shared_inner / 8, p.hidden, kTerms, nullptr, 0);
    if (!failed) failed = describe_engine(second, true, p.shared_down, p.hidden / 16, p.shared_inner, kTerms, plan.shared_inner, p.max_rows);
  }
  if (failed) return failed;
  const unsigned blocks = card().multiprocessors;
  const auto launch = [&](auto engine, const Spans& spans, const Maps& maps) {
    using E = decltype(engine);
    return enqueue(warpgroup_experts<E>, blocks, E::kThreads, E::kSharedBytes, stream, Start::EARLY, plan, spans, maps);
  };
  failed = launch(Engine<false, kTerms>(), first_spans(p, kTaskTiles), first);
  return failed ? failed : launch(Engine<true, kTerms>(), second_spans(p, kTaskTiles), second);
}

}  // namespace tenon::moe
#endif
