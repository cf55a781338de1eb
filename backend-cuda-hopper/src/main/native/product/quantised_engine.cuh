// Products of weights and rows that are both E4M3: the ring between a producer of stages and two groups of four warps that
// multiply them.
//
// A stage holds 128 inputs of up to 128 rows (device/quantise.cuh) and all that its consumers need to know: scales of rows
// and weights, the task, and where the weights of the stage after it are, so that consumers ask for these in time and keep
// their registers for sums. A lane's packed weights are operand A but for two outputs whose bytes alternate. Sums over the
// 128 inputs are made in parts of few rows, some in turn: while one is multiplied, another is scaled and added to the sums
// that stay.
#ifndef TENON_PRODUCT_QUANTISED_ENGINE_CUH
#define TENON_PRODUCT_QUANTISED_ENGINE_CUH

#include "device/quantise.cuh"
#include "matrix_engine.cuh"

namespace tenon::quantised {

constexpr int kStageRows = 128, kStageTiles = 16;
// Places in a stage, whose rows come first.
constexpr int kScalesAt = kStageRows * kStretch, kTileScalesAt = kScalesAt + kStageRows * 4, kNextAt = kTileScalesAt + kStageTiles * 4,
              kHeadAt = kNextAt + kStageTiles * 8;
constexpr int kStagePitch = kHeadAt / 1024 * 1024 + 1024;  // the matrix engine wants multiples of 1,024
constexpr int kStages = 6;       // producers are so far ahead, and the weights that they ask for wait in the L2 cache
constexpr int kRowThreads = 64;  // that copy rows
constexpr int kRowsApart = kRowThreads / 8;
constexpr int kPartRows = 32;    // rows of a product; so many are multiplied even where a task has fewer
constexpr int kInFlight = 2;     // parts of the sums in turn

// How many rows each of its threads copies for a task, those beyond the last as zeros.
__device__ __forceinline__ int rows_of_thread(int count) { return (max(count, 64) + kPartRows - 1) / kPartRows * kPartRows / kRowsApart; }

// What a stage belongs to; count 0 ends the work.
template <typename Task>
struct Head {
  int count;  // rows
  int last;   // whether it is the task's last stage
  Task task;
};

// Where the scale of a row lies, so that the four that a lane needs for 16 columns of a product lie together.
__device__ __forceinline__ int scale_place(int row) {
  return kScalesAt + (row / 16 * 16 + row / 2 % 4 * 4 + row / 8 % 2 * 2 + row % 2) * 4;
}

// A lane's weights of 64 outputs and 128 inputs: as they are loaded, then operand A of four products.
struct Weights {
  uint32_t word[4][4];

  __device__ void ask(const uint4* from) {
#pragma unroll
    for (int k = 0; k < 4; k++) {
      const uint4 four = stream_load(from + k * 32);
      word[k][0] = four.x, word[k][1] = four.y, word[k][2] = four.z, word[k][3] = four.w;
    }
  }
  __device__ void arrange() {
#pragma unroll
    for (int k = 0; k < 4; k++) {
      const uint32_t x = word[k][0], y = word[k][1], z = word[k][2], w = word[k][3];
      word[k][0] = __byte_perm(x, y, 0x7531), word[k][1] = __byte_perm(x, y, 0x6420);
      word[k][2] = __byte_perm(z, w, 0x7531), word[k][3] = __byte_perm(z, w, 0x6420);
    }
  }
  __device__ void pin() {
#pragma unroll
    for (int k = 0; k < 4; k++) warpgroup::pin(word[k]);
  }
};

// Stages as barriers in shared memory. Of the producers' four warps, two copy rows, one copies scales and says what the stage
// is, and one makes stages visible to the matrix engine once they are there: the fence that it takes waits for all that its
// thread has asked for, so a thread that copies would have no copies under way while it fences.
struct Ring {
  unsigned char* stages;
  uint64_t *landed, *full, *empty;  // [kStages]

  __device__ unsigned char* stage(uint32_t index) const { return stages + index % kStages * kStagePitch; }
  // By one thread; a __syncthreads() must follow.
  __device__ void init() const {
    for (int i = 0; i < kStages; i++) {
      barrier_init(&landed[i], kRowThreads + 2 * 32);
      barrier_init(&full[i], 1);
      barrier_init(&empty[i], 8);  // the consumers' warps
    }
    barrier_init_done();
  }
  // For producers: waits until a stage may be written.
  __device__ unsigned char* begin(uint32_t index) const {
    barrier_wait(&empty[index % kStages], index / kStages % 2 ^ 1);
    return stage(index);
  }
  // Rows have been asked for.
  __device__ void copies_rows(uint32_t index) const { barrier_arrive_after_copies(&landed[index % kStages]); }
  // Scales have been asked for, and the rest is written.
  __device__ void describes(uint32_t index) const {
    barrier_arrive_after_copies(&landed[index % kStages]);
    barrier_arrive(&landed[index % kStages]);
  }
};

// The warp that makes stages visible. One thread does it all: nothing that follows would wait for another one that were
// still to read whether this stage is the last.
template <typename Task>
__device__ __forceinline__ void publish(const Ring& ring) {
  if (threadIdx.x % 32 != 0) return;
  for (uint32_t index = 0;; index++) {
    barrier_wait(&ring.landed[index % kStages], index / kStages % 2);
    const int count = reinterpret_cast<const Head<Task>*>(ring.stage(index) + kHeadAt)->count;
    publish_to_products();
    barrier_arrive(&ring.full[index % kStages]);
    if (count == 0) return;
  }
}

// sums += scale · the rows' scales · part, for the rows of that part.
template <int kSums, int kPartSums>
__device__ __forceinline__ void promote(float (&sums)[kSums], const float (&part)[kPartSums], float scale, const unsigned char* stage, int which) {
  const float4* scales = reinterpret_cast<const float4*>(stage + kScalesAt) + which * (kPartSums / 2) + threadIdx.x % 4;
#pragma unroll
  for (int n = 0; n < kPartSums / 4; n += 2) {
    const float4 four = scales[n / 2 * 4];
    const float factor[4] = {scale * four.x, scale * four.y, scale * four.z, scale * four.w};
#pragma unroll
    for (int i = 0; i < 8; i++) {
      float& sum = sums[which * kPartSums + n * 4 + i];
      sum = fmaf(factor[i / 4 * 2 + i % 2], part[n * 4 + i], sum);
    }
  }
}

// Adds the products of a stage to the sums of twice 64 outputs × kSums rows, and asks for the weights of the next one.
// tile: that of this warp's first 16 outputs among the stage's, and how far on the second 16 are.
template <int kSums>
__device__ __forceinline__ void multiply_stage(float (&sums)[2][kSums], Weights (&weights)[2], const unsigned char* stage, int tile, int apart) {
  constexpr int kEach = kSums * 2 / kPartRows, kParts = 2 * kEach;
  float part[kInFlight][kPartRows / 2];
#pragma unroll
  for (int i = 0; i < kParts + kInFlight - 1; i++) {
    if (i < kParts) {
      const int j = i / kEach, which = i % kEach;
      if (which == 0) weights[j].arrange();
      weights[j].pin();
      warpgroup_begin();
#pragma unroll
      for (int k = 0; k < 4; k++) {
        const uint64_t b = warpgroup::rows_of_128_bytes(stage + which * kPartRows * kStretch, k);
        warpgroup::multiply_e4m3(part[i % kInFlight], weights[j].word[k], b, k > 0);
      }
      warpgroup_commit();
    }
    const int done = i - (kInFlight - 1);
    if (done >= 0) {
      const int j = done / kEach, which = done % kEach, at = tile + j * apart;
      if (i < kParts) {
        warpgroup_wait<kInFlight - 1>();
      } else {
        warpgroup_wait<0>();
      }
      warpgroup::pin(part[done % kInFlight]);
      if (which == kEach - 1) {
        weights[j].pin();  // they are read until here
        weights[j].ask(reinterpret_cast<const uint4* const*>(stage + kNextAt)[at] + threadIdx.x % 32);
      }
      promote(sums[j], part[done % kInFlight], reinterpret_cast<const float*>(stage + kTileScalesAt)[at], stage, which);
    }
  }
}

// Multiplies one task of up to 2 · kSums rows, whose first stage is full.
template <int kSums, typename Task, typename Store>
__device__ __forceinline__ void multiply_task(const Ring& ring, uint32_t& taken, Weights (&weights)[2], int tile, int apart, Store& store) {
  float sums[2][kSums] = {};
#pragma unroll 1
  for (;;) {
    const unsigned char* stage = ring.stage(taken);
    const Head<Task>& head = *reinterpret_cast<const Head<Task>*>(stage + kHeadAt);
    multiply_stage(sums, weights, stage, tile, apart);
    const Task task = head.task;
    const bool last = head.last;
    __syncwarp();
    if (threadIdx.x % 32 == 0) barrier_arrive(&ring.empty[taken % kStages]);
    taken++;
    if (last) {
      store(task, sums);
      return;
    }
    barrier_wait(&ring.full[taken % kStages], taken / kStages % 2);
  }
}

// The consumers' side. The weights of the first stage have been asked for; store(task, sums) is called with the sums of a
// task, [2][32], [2][48] or [2][64].
template <typename Task, typename Store>
__device__ __forceinline__ void consume(const Ring& ring, Weights (&weights)[2], int tile, int apart, Store store) {
  for (uint32_t taken = 0;;) {
    barrier_wait(&ring.full[taken % kStages], taken / kStages % 2);
    const int count = reinterpret_cast<const Head<Task>*>(ring.stage(taken) + kHeadAt)->count;
    if (count == 0) return;
    if (count <= 64) {
      multiply_task<32, Task>(ring, taken, weights, tile, apart, store);
    } else if (count <= 96) {
      multiply_task<48, Task>(ring, taken, weights, tile, apart, store);
    } else {
      multiply_task<64, Task>(ring, taken, weights, tile, apart, store);
    }
  }
}

}  // namespace tenon::quantised
#endif
