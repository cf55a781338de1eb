// y = x · wᵀ for many rows with the products of four warps (wgmma) of sm_90a, rows quantised to the weights' E4M3.
//
//   quantise_rows        rows and their scales → work space
//   group 0 (producers)  quantised rows, 128 inputs at a time → ring of stages in shared memory (operand B)
//   groups 1, 2          128 outputs each: packed weights → operand A, twice 64 × 128 sums (quantised_engine.cuh)
//
// Tiles and their order are those of warpgroup_rows.cu.
#include "abi/kernel_table.h"
#include "quantise_rows.h"
#include "quantised_engine.cuh"
#include "row_tiles.cuh"

namespace tenon::product {
namespace {

using QuantisedWork = Work<WIDE>;
constexpr int kSharedBytes = quantised::kStages * quantised::kStagePitch + 2 * kSlabBytes + kAlignment;

// Where sums of a task belong.
struct Task {
  int first_tile, first_row, end_row, part;
};

// A part without inputs is one stage of zeros.
__device__ __forceinline__ int stages_of(const Item& item) { return max(item.stretches, 1); }

__device__ __forceinline__ int rows_of(const Item& item, int rows) { return min(QuantisedWork::kRows, rows - item.first_row); }

// A thread copies unit `threadIdx.x % 8` of every eighth row.
__device__ __forceinline__ void copy_rows(const QuantisedWork& work, const RowsToQuantise& x, int rows, const quantised::Ring& ring) {
  const int unit = threadIdx.x % 8, within = threadIdx.x / 8, place = within * kStretch + (unit ^ within) * 16;
  const unsigned char* none = reinterpret_cast<const unsigned char*>(x.to);
  const int apart = quantised::kRowsApart * work.stretches * kStretch;
  uint32_t index = 0;
  for (int i = blockIdx.x; i < work.items(); i += gridDim.x) {
    const Item item = work.item(i);
    const int count = rows_of(item, rows), valid = item.stretches > 0 ? count - within : 0;
    const int used = quantised::rows_of_thread(count);
    const unsigned char* from = none + (int64_t(item.first_row + within) * work.stretches + item.first_stretch) * kStretch + unit * 16;
#pragma unroll 1
    for (int left = stages_of(item); left > 0; left--) {
      unsigned char* to = ring.begin(index) + place;
#pragma unroll
      for (int row = 0; row < QuantisedWork::kRows / quantised::kRowsApart; row++) {
        const bool real = row * quantised::kRowsApart < valid;
        if (row < used) copy_async16(to + row * quantised::kRowsApart * kStretch, real ? from + row * apart : none, real);
      }
      ring.copies_rows(index++);
      from += kStretch;
    }
  }
  ring.begin(index);
  ring.copies_rows(index);
}

// Where a tile's weights of an item begin, counted in stretches of one tile; tiles beyond the last repeat it, their sums are
// dropped.
__device__ __forceinline__ int first_stretch(const tenon_product& p, const QuantisedWork& work, const Item& item, int tile) {
  const int last = static_cast<int>((p.weights.outputs + 15) / 16) - 1;
  return min(item.first_tile + tile, last) * work.stretches + min(item.first_stretch, work.stretches - 1);
}

__device__ __forceinline__ const uint4* weights_of(const tenon_product& p, int stretch) {
  return reinterpret_cast<const uint4*>(p.weights.data) + int64_t(stretch) * kStretch;
}

// A warp copies the scales and says what the stages are; sixteen lanes see to a tile of the weights each.
__device__ __forceinline__ void describe(const tenon_product& p, const QuantisedWork& work, const RowsToQuantise& x, int rows,
                                         const quantised::Ring& ring) {
  const int lane = threadIdx.x % 32;
  const bool sees_tile = lane < QuantisedWork::kTiles;
  const float* none = reinterpret_cast<const float*>(x.scales);
  uint32_t index = 0;
  int tile = static_cast<int>(blockIdx.x) < work.items() && sees_tile ? first_stretch(p, work, work.item(blockIdx.x), lane) : 0;
  for (int i = blockIdx.x; i < work.items(); i += gridDim.x) {
    const Item item = work.item(i);
    const int after = i + static_cast<int>(gridDim.x);
    const int next = after < work.items() && sees_tile ? first_stretch(p, work, work.item(after), lane) : tile;
    const int count = rows_of(item, rows), valid = item.stretches > 0 ? count - lane : 0;
    const float* from = none + int64_t(item.first_row + lane) * work.stretches + item.first_stretch;
#pragma unroll 1
    for (int left = stages_of(item); left > 0; left--) {
      unsigned char* stage = ring.begin(index);
      if (sees_tile) {
        prefetch_second_level(weights_of(p, tile), kTileOutputs * kStretch);
        copy_async4(stage + quantised::kTileScalesAt + lane * 4, reinterpret_cast<const float*>(p.weights.scales) + tile);
        tile = left == 1 ? next : tile + 1;
        reinterpret_cast<const uint4**>(stage + quantised::kNextAt)[lane] = weights_of(p, tile);
      }
      if (lane == 0) {
        *reinterpret_cast<quantised::Head<Task>*>(stage + quantised::kHeadAt) = {count, left == 1, {item.first_tile, item.first_row, item.first_row + count, item.part}};
      }
#pragma unroll
      for (int row = 0; row < QuantisedWork::kRows; row += 32) {
        const bool real = row < valid;
        copy_async4(stage + quantised::scale_place(lane + row), real ? from + row * work.stretches : none, real);
      }
      ring.describes(index++);
      from++;
    }
  }
  unsigned char* stage = ring.begin(index);
  if (lane == 0) reinterpret_cast<quantised::Head<Task>*>(stage + quantised::kHeadAt)->count = 0;
  ring.describes(index);
}

struct Store {
  const tenon_product& p;
  int parts;
  float* slab;

  template <int kSums>
  __device__ void operator()(const Task& task, float (&sums)[2][kSums]) {
    const int group = threadIdx.x / kGroupThreads - 1;
    const Target to = target_of(p, parts, task.part);
#pragma unroll
    for (int j = 0; j < 2; j++) hand_over(sums[j], slab, group, to, task.first_row, task.end_row, task.first_tile * 16 + (group * 2 + j) * 64);
  }
};

__global__ void __launch_bounds__(kThreads, 1) quantised_rows(tenon_product p, RowsToQuantise x, int parts) {
  TENON_DYNAMIC_SHARED(unsigned char, unaligned);
  __shared__ uint64_t landed[quantised::kStages], full[quantised::kStages], empty[quantised::kStages];
  const int gap = (kAlignment - reinterpret_cast<uintptr_t>(unaligned) % kAlignment) % kAlignment;
  const quantised::Ring ring = {unaligned + gap, landed, full, empty};
  if (threadIdx.x == 0) ring.init();
  __syncthreads();
  release_successor();
  wait_for_predecessor();
  const int rows = min(*reinterpret_cast<const int32_t*>(p.count), static_cast<int32_t>(p.max_rows));
  const QuantisedWork work = QuantisedWork::of(p, rows, parts);
  if (threadIdx.x < kGroupThreads) {
    warpgroup_gives_registers<56>();
    const int warp = threadIdx.x / 32;
    if (warp < quantised::kRowThreads / 32) {
      copy_rows(work, x, rows, ring);
    } else if (warp == quantised::kRowThreads / 32) {
      describe(p, work, x, rows, ring);
    } else {
      quantised::publish<Task>(ring);
    }
  } else {
    warpgroup_takes_registers<224>();
    if (static_cast<int>(blockIdx.x) >= work.items()) return;
    const int group = threadIdx.x / kGroupThreads - 1, warp = threadIdx.x / 32 % 4, tile = group * 8 + warp, apart = 4;
    const Item item = work.item(blockIdx.x);
    quantised::Weights weights[2];
#pragma unroll
    for (int j = 0; j < 2; j++) weights[j].ask(weights_of(p, first_stretch(p, work, item, tile + j * apart)) + threadIdx.x % 32);
    float* slab = reinterpret_cast<float*>(ring.stages + quantised::kStages * quantised::kStagePitch + group * kSlabBytes);
    quantised::consume<Task>(ring, weights, tile, apart, Store{p, parts, slab});
  }
}

int64_t stretches_of(const tenon_product& p) { return p.max_rows * stretches(p); }

}  // namespace

// Scales, then rows, behind the parts' sums: rows of 128 bytes begin at a multiple of 128.
int64_t quantised_rows_workspace(const tenon_product& p, int parts) {
  return (partial_bytes(p, parts) + 127) / 128 * 128 + (stretches_of(p) * 4 + 127) / 128 * 128 + stretches_of(p) * kStretch;
}

int launch_quantised_rows(const tenon_product& p, int parts, void* stream) {
  const unsigned blocks = blocks_of(p, kWarpgroupTiles[WIDE], parts);
  if (blocks == 0) return cudaErrorInvalidValue;
  const int64_t scales = p.workspace + (partial_bytes(p, parts) + 127) / 128 * 128;
  const RowsToQuantise x = {p.x, p.x_stride, static_cast<int>(p.weights.inputs), static_cast<int>(p.max_rows), p.count,
                            scales + (stretches_of(p) * 4 + 127) / 128 * 128, scales};
  const int before = launch_quantise_rows(x, stream);
  if (before != cudaSuccess) return before;
  const int failed = enqueue(quantised_rows, blocks, kThreads, kSharedBytes, stream, Start::EARLY, p, x, parts);
  return failed || parts == 1 ? failed : launch_join(p, parts, stream);
}

}  // namespace tenon::product
