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

#include "../product/ring_place.cuh"
#include "../product/shared_place.cuh"
#include "../product/tensor_copy.cuh"
#include "inner_terms.cuh"
#include "results.cuh"

namespace tenon::moe {

constexpr int kRowThreads = 64, kRowsApart = kRowThreads / 8, kRowsEach = kTaskRows / kRowsApart;
constexpr int kBoxRows = 8, kBoxBytes = kBoxRows * kStretch;  // of a copy of down's rows
constexpr int kPanelBytes = kTaskRows * kStretch;             // rows, one term
constexpr int kTileBytes = kTileOutputs * kStretch, kWeightsBytes = kTaskTiles * kTileBytes;
constexpr int kPanelAlignment = 1024;

template <bool kDownOf, int kTermsOf>
struct Engine {
  static constexpr bool kDown = kDownOf;
  static constexpr int kTerms = kTermsOf;
  static constexpr int kGroups = kInnerGroups;  // that multiply
  static constexpr int kThreads = (1 + kGroups) * kGroupThreads;
  static constexpr int kRowsBytes = kTerms * kPanelBytes, kStageBytes = kRowsBytes + kWeightsBytes;
  static constexpr int kExchangeBytes = kDown ? 0 : kTaskTiles * kExchangeFloats * 4;
  // 8 KB are for what stands beside the ring
  static constexpr int kRoom = (227 - 8) * 1024 - kExchangeBytes - kPanelAlignment;
  static constexpr int kStages = kRoom / kStageBytes;
  static_assert(kStages >= 4);
  static constexpr int kSharedBytes = kStages * kStageBytes + kExchangeBytes + kPanelAlignment;
  // A block has what it was launched with: what producers give must be enough for all who take, or these wait for ever.
  static constexpr int kLaunchRegisters = 65536 / kThreads / 8 * 8, kProducerRegisters = 64, kConsumerRegisters = 104;
  static_assert(kGroups * (kConsumerRegisters - kLaunchRegisters) <= kLaunchRegisters - kProducerRegisters);
};

// By whether a task is of the shared expert.
struct Maps {
  TensorMap weights[2], rows[2];
};

// What stands beside the stages.
template <typename E>
struct Control {
  float rows[E::kStages][kTaskRows];    // scales of rows, at scale_place
  float tiles[E::kStages][kTaskTiles];  // and of tiles
  Head heads[E::kStages];
  uint64_t landed[E::kStages], full[E::kStages], empty[E::kStages];  // landed: gathered rows, scales and the head

  // By one thread; a __syncthreads() must follow.
  __device__ void init() {
    constexpr int kDescribed = kRowThreads + 1;  // scales by all of them, the head by one
    for (int i = 0; i < E::kStages; i++) {
      barrier_init(&landed[i], kDescribed);
      barrier_init(&full[i], E::kDown ? 2 + kDescribed : 2);    // weights, rows
      barrier_init(&empty[i], E::kGroups * 4 * kWarpArrivals);  // the consumers' warps
    }
    barrier_init_done();
  }
};

template <typename E>
struct EngineRing {
  unsigned char* stages;
  Control<E>& control;

  __device__ unsigned char* stage(uint32_t slot) const { return stages + slot * E::kStageBytes; }
  __device__ float* exchange() const { return reinterpret_cast<float*>(stage(E::kStages)); }
};

// Where the scale of a row lies, so that the four that a lane needs for 16 columns of a product lie together.
__device__ __forceinline__ int scale_place(int row) { return row / 16 * 16 + row / 2 % 4 * 4 + row / 8 % 2 * 2 + row % 2; }

// How many rows are multiplied of a task with so many.
__device__ __forceinline__ int used_rows(int count) { return count <= 8 ? 8 : count <= 16 ? 16 : (count + 15) / 16 * 16; }

// For producers. Calls begin(task, whether another follows), then each(task, next, stretch, slot) for its stages in turn, once
// they may be written; next is the task that follows, or itself, and has been asked for when the task began.
template <typename E, typename Begin, typename Each>
__device__ __forceinline__ void for_stages(const Plan& plan, Walk<E::kDown> walk, const EngineRing<E>& ring, const Begin& begin, const Each& each) {
  if (!walk.has()) return;
  RingPlace<E::kStages> place;
  Task task = walk.task();
  for (bool more = true; more;) {
    walk.advance();
    more = walk.has();
    const Task next = more ? walk.task() : task;
    const int stretches = stretches_of(plan, E::kDown, task.shared);
    begin(task, more);
#pragma unroll 1
    for (int stretch = 0; stretch < stretches; stretch++) {
      barrier_wait(&ring.control.empty[place.slot], place.turn ^ 1);
      each(task, next, stretch, place.slot);
      place.advance();
    }
    task = next;
  }
}

// What kRowThreads threads note of a task's stages: scales of rows and tiles, and the head.
template <typename E>
class Notes {
 public:
  __device__ Notes(const Plan& plan, const EngineRing<E>& ring) : plan_(plan), control_(ring.control), row_(threadIdx.x) {}
  // first: of the row's stretches among all rows'.
  __device__ void begin(const Task& task, bool more, int64_t first) {
    const Factor factor = E::kDown ? down_of(plan_, task.expert, task.shared) : gate_up_of(plan_, task.expert, task.shared);
    head_ = head_of(task, more);
    rows_ = (!E::kDown ? plan_.x_scales : task.shared ? plan_.shared_inner_scales : plan_.inner_scales) + first;
    // tiles beyond the last repeat it, their sums are dropped
    tile_ = factor.scales + int64_t(min(task.span * kTaskTiles + row_ % kTaskTiles, factor.tiles - 1)) * stretches_of(plan_, E::kDown, task.shared);
  }
  __device__ void note(int stretch, uint32_t slot, uint64_t* barrier) const {
    copy_async4(&control_.rows[slot][scale_place(row_)], rows_ + stretch, row_ < head_.count);
    if (row_ < kTaskTiles) copy_async4(&control_.tiles[slot][row_], tile_ + stretch);
    barrier_arrive_after_copies(barrier);
    if (row_ == 0) {
      control_.heads[slot] = head_;
      barrier_arrive(barrier);
    }
  }

 private:
  const Plan& plan_;
  Control<E>& control_;
  int row_;
  Head head_;
  const float *rows_, *tile_;
};

// Entries of the next task's list that a thread needs: of the rows that it copies, and of the one whose scales it notes. They
// come to shared memory while this task's rows are on their way, so that nobody waits for them.
using Entries = int32_t[kRowsEach + 1][kRowThreads];

// Calls each(place among the thread's, place in the task) for all rows of a thread; of rows beyond the last, the last.
template <typename Each>
__device__ __forceinline__ void for_rows(const Task& task, const Each& each) {
  const int thread = threadIdx.x;
#pragma unroll 3
  for (int i = 0; i <= kRowsEach; i++) each(i, min(i < kRowsEach ? thread / 8 + i * kRowsApart : thread, task.count - 1));
}

__device__ __forceinline__ const int32_t* list_of(const Plan& plan, const Task& task) {
  return plan.lists + task.expert * plan.p.max_rows + task.first;
}

// A thread copies unit `threadIdx.x % 8` of every eighth row; the sums of rows beyond the last are dropped.
template <typename E>
__device__ __forceinline__ void gather_rows(const Plan& plan, const Walk<E::kDown>& walk, const EngineRing<E>& ring, Entries& entries) {
  constexpr int kRowBytes = E::kTerms * kStretch;  // of a stretch
  const int at = panel_offset(threadIdx.x / 8, threadIdx.x % 8), stretches = stretches_of(plan, false, false);
  // the stretch with whose copies the next task's entries come: they are there once its stage is written again
  const int ask = stretches > 1 + E::kStages ? 1 : -1;
  bool asked = false;
  Notes<E> notes(plan, ring);
  uint32_t first[kRowsEach];  // of all rows' stretches
  for_stages<E>(
      plan, walk, ring,
      [&](const Task& task, bool more) {
        if (task.shared) {
          for_rows(task, [&](int i, int index) { entries[i][threadIdx.x] = (task.position + index) << kListShift; });
        } else if (!asked) {
          const int32_t* list = list_of(plan, task);
          for_rows(task, [&](int i, int index) { entries[i][threadIdx.x] = list[index]; });
        }
        asked = false;
        const auto begin_of = [&](int i) { return static_cast<uint32_t>(entries[i][threadIdx.x] >> kListShift) * stretches; };
#pragma unroll
        for (int i = 0; i < kRowsEach; i++) first[i] = begin_of(i);
        notes.begin(task, more, begin_of(kRowsEach));
      },
      [&](const Task& task, const Task& next, int stretch, uint32_t slot) {
        unsigned char* to = ring.stage(slot) + at;
        const unsigned char* from = reinterpret_cast<const unsigned char*>(plan.x) + stretch * kRowBytes + threadIdx.x % 8 * 16;
#pragma unroll
        for (int i = 0; i < kRowsEach; i++) {
          if (i * kRowsApart >= task.count) break;
#pragma unroll
          for (int term = 0; term < E::kTerms; term++) {
            copy_async16(to + term * kPanelBytes + i * kRowsApart * kStretch, from + uint64_t(first[i]) * kRowBytes + term * kStretch);
          }
        }
        if (stretch == ask && !next.shared) {
          const int32_t* list = list_of(plan, next);
          for_rows(next, [&](int i, int index) { copy_async4(&entries[i][threadIdx.x], list + index); });
          asked = true;
        }
        notes.note(stretch, slot, &ring.control.landed[slot]);
      });
}

template <typename E>
__device__ __forceinline__ void publish_rows(const Plan& plan, Walk<E::kDown> walk, const EngineRing<E>& ring) {
  RingPlace<E::kStages> place;
  for (; walk.has(); walk.advance()) {
    for (int left = stretches_of(plan, false, false); left > 0; left--) {
      barrier_wait(&ring.control.landed[place.slot], place.turn);
      publish_to_products();
      barrier_arrive(&ring.control.full[place.slot]);
      place.advance();
    }
  }
}

// Rows of down follow one another; those beyond a task's last are other experts', whose sums are dropped.
template <typename E>
__device__ __forceinline__ void copy_rows(const Plan& plan, const Walk<E::kDown>& walk, const EngineRing<E>& ring, const TensorMap (&rows)[2]) {
  for_stages<E>(
      plan, walk, ring, [](const Task&, bool) {},
      [&](const Task& task, const Task&, int stretch, uint32_t slot) {
        const int boxes = (task.count + kBoxRows - 1) / kBoxRows;
        barrier_arrive_expecting(&ring.control.full[slot], boxes * E::kTerms * kBoxBytes);
        for (int box = 0; box < boxes; box++) {
#pragma unroll
          for (int term = 0; term < E::kTerms; term++) {
            copy_box(ring.stage(slot) + term * kPanelBytes + box * kBoxBytes, rows[task.shared], 0, task.position + box * kBoxRows,
                     stretch * E::kTerms + term, &ring.control.full[slot]);
          }
        }
      });
}

template <typename E>
__device__ __forceinline__ void note_stages(const Plan& plan, const Walk<E::kDown>& walk, const EngineRing<E>& ring) {
  Notes<E> notes(plan, ring);
  for_stages<E>(
      plan, walk, ring,
      [&](const Task& task, bool more) {
        const int row = task.position + min(static_cast<int>(threadIdx.x), task.count - 1);
        notes.begin(task, more, int64_t(row) * stretches_of(plan, true, task.shared));
      },
      [&](const Task&, const Task&, int stretch, uint32_t slot) { notes.note(stretch, slot, &ring.control.full[slot]); });
}

template <typename E>
__device__ __forceinline__ void copy_weights(const Plan& plan, const Walk<E::kDown>& walk, const EngineRing<E>& ring, const TensorMap (&weights)[2]) {
  for_stages<E>(
      plan, walk, ring, [](const Task&, bool) {},
      [&](const Task& task, const Task&, int stretch, uint32_t slot) {
        const int tiles = E::kDown ? plan.p.hidden / 16 : (task.shared ? plan.p.shared_inner : plan.p.inner) / 8;
        barrier_arrive_expecting(&ring.control.full[slot], kWeightsBytes);
        copy_box(ring.stage(slot) + E::kRowsBytes, weights[task.shared], 0, stretch * kTileOutputs, task.expert * tiles + task.span * kTaskTiles,
                 &ring.control.full[slot]);
      });
}

template <int kRows>
using Rows = std::integral_constant<int, kRows>;

// A lane's 16 bytes of 16 outputs and 32 inputs as operand A: bytes of two outputs alternate.
__device__ __forceinline__ void arrange(uint32_t (&a)[4], const uint4& packed) {
  a[0] = __byte_perm(packed.x, packed.y, 0x7531), a[1] = __byte_perm(packed.x, packed.y, 0x6420);
  a[2] = __byte_perm(packed.z, packed.w, 0x7531), a[3] = __byte_perm(packed.z, packed.w, 0x6420);
}

// A consumer's way through the ring.
template <typename E>
struct Consumer {
  using C = Control<E>;
  SharedPlace control, even, odd;  // its weights of the first stage: of even and of odd 32 inputs
  uint64_t rows;                   // operand B of the first stage
  RingPlace<E::kStages> place;

  __device__ explicit Consumer(const EngineRing<E>& ring) {
    const int lane = threadIdx.x % 32, tile = threadIdx.x / 32 - kGroupThreads / 32;
    // lines of 128 bytes, permuted like all that comes by tensor copies: those of the k-th 32 inputs are 4k … 4k + 3
    const int at = E::kRowsBytes + tile * kTileBytes + lane / 8 * kStretch + (lane % 8 ^ lane / 8) * 16;
    control = shared_place(&ring.control);
    even = shared_place(ring.stages + at), odd = shared_place(ring.stages + (at ^ 64));
    rows = warpgroup::rows_of_128_bytes(ring.stages, 0);
  }
  __device__ void wait() const { barrier_wait(control + static_cast<uint32_t>(offsetof(C, full)) + place.slot * 8, place.turn); }
  // The task that a full stage belongs to.
  __device__ Head head() const {
    const uint4 words = load_shared<uint4>(control + static_cast<uint32_t>(offsetof(C, heads)) + place.slot * sizeof(Head));
    return {static_cast<int>(words.x), static_cast<int>(words.y), static_cast<int>(words.z), static_cast<int>(words.w)};
  }

  // sums += the products of a stage.
  template <int kSums>
  __device__ void multiply_stage(float (&sums)[kSums]) {
    constexpr bool kEarly = kSums <= 24;  // else there are no registers for scales meanwhile
    const int lane = threadIdx.x % 32, tile = threadIdx.x / 32 - kGroupThreads / 32;
    const uint32_t stage = place.slot * E::kStageBytes;
    wait();
    uint32_t a[4][4];
#pragma unroll
    for (int k = 0; k < 4; k++) arrange(a[k], load_shared<uint4>((k % 2 ? odd : even) + stage + k * 4 * kStretch));
    const uint64_t b = warpgroup::operand_at(rows, stage);
    float part[kSums];
#pragma unroll
    for (int k = 0; k < 4; k++) warpgroup::pin(a[k]);
    warpgroup_begin();
    // the engine cuts sums off at about 14 bits of the greatest that it adds: small terms first
#pragma unroll
    for (int term = E::kTerms - 1; term >= 0; term--) {
#pragma unroll
      for (int k = 0; k < 4; k++) {
        warpgroup::multiply_e4m3(part, a[k], warpgroup::operand_at(b, term * kPanelBytes + k * 32), term < E::kTerms - 1 || k > 0);
      }
    }
    warpgroup_commit();
    const SharedPlace scales = control + static_cast<uint32_t>(offsetof(C, rows)) + place.slot * (kTaskRows * 4) + lane % 4 * 16;
    float own;
    float4 four[(kSums + 7) / 8];  // of the columns 16n + 2t + i, 16n + 8 + 2t + i
    const auto load_scales = [&] {
      own = load_shared<float>(control + static_cast<uint32_t>(offsetof(C, tiles)) + place.slot * (kTaskTiles * 4) + tile * 4);
#pragma unroll
      for (int n = 0; n < (kSums + 7) / 8; n++) four[n] = load_shared<float4>(scales + n * 64);
    };
    if (kEarly) load_scales();
    warpgroup_wait();
    warpgroup::pin(part);
#pragma unroll
    for (int k = 0; k < 4; k++) warpgroup::pin(a[k]);
    if (!kEarly) load_scales();
#pragma unroll
    for (int n = 0; n < kSums / 4; n++) {
      const float4& scale = four[n / 2];
      const float factor[2] = {own * (n % 2 ? scale.z : scale.x), own * (n % 2 ? scale.w : scale.y)};
#pragma unroll
      for (int i = 0; i < 4; i++) sums[4 * n + i] = fmaf(factor[i % 2], part[4 * n + i], sums[4 * n + i]);
    }
    if (arrives_for_warp()) barrier_arrive(control + static_cast<uint32_t>(offsetof(C, empty)) + place.slot * 8);
    place.advance();
  }
};

// Multiplies one task; kSums is half of the rows that are multiplied.
template <typename E, int kSums>
__device__ __forceinline__ void multiply_task(const Plan& plan, const Head& task, Consumer<E>& consumer, const EngineRing<E>& ring, Greatest& greatest) {
  const int stretches = stretches_of(plan, E::kDown, task.shared());
  float sums[kSums] = {};
#pragma unroll 1
  for (int stretch = 0; stretch < stretches; stretch++) consumer.multiply_stage(sums);
  if constexpr (E::kDown) {
    store_results(plan, task, threadIdx.x / 32 - kGroupThreads / 32, sums);
  } else {
    store_inner<E::kTerms>(plan, task, sums, ring.exchange(), greatest);
  }
}

template <typename E>
__device__ __forceinline__ void consume(const Plan& plan, const EngineRing<E>& ring, Greatest greatest) {
  Consumer<E> consumer(ring);
  for (bool more = true; more;) {
    consumer.wait();
    const Head task = consumer.head();
    const auto multiply = [&](auto rows) { multiply_task<E, rows.value / 2>(plan, task, consumer, ring, greatest); };
    const int used = used_rows(task.count);
    if (used == 8) multiply(Rows<8>());
    else if (used == 16) multiply(Rows<16>());
    else if (used == 32) multiply(Rows<32>());
    else if (used == 48) multiply(Rows<48>());
    else multiply(Rows<64>());
    more = task.more();
  }
}

template <typename E>
__global__ void __launch_bounds__(E::kThreads, 1) warpgroup_experts(Plan plan, Spans spans, const __grid_constant__ Maps maps) {
  TENON_DYNAMIC_SHARED(unsigned char, unaligned);
  __shared__ __align__(16) Control<E> control;
  __shared__ uint32_t most[3][kTaskRows];
  const int gap = (kPanelAlignment - reinterpret_cast<uintptr_t>(unaligned) % kPanelAlignment) % kPanelAlignment;
  const EngineRing<E> ring = {unaligned + gap, control};
  if (threadIdx.x < kTaskRows) most[0][threadIdx.x] = 0;
  if (threadIdx.x == 0) control.init();
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
      if constexpr (E::kDown) note_stages<E>(plan, walk(), ring);
      else {
        __shared__ Entries entries;
        gather_rows<E>(plan, walk(), ring, entries);
      }
    }
  } else {
    warpgroup_takes_registers<E::kConsumerRegisters>();
    if (walk().has()) consume<E>(plan, ring, {most, 0});
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
