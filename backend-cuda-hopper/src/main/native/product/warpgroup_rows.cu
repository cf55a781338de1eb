// y = x · wᵀ for many rows with the products of four warps (wgmma) of sm_90a.
//
//   group 0 (producer)   rows, 64 inputs at a time → ring of stages in shared memory (operand B)
//   groups 1, 2          128 outputs each: packed weights → registers → bf16 → operand A, twice 64 × 128 sums
//
// Blocks stay and take tiles of 256 outputs × 128 rows in turn; the producer runs ahead into the next tile. While one
// group dequantises, scales or stores, the other keeps the tensor cores busy: they share nothing but the ring.
//
// The packed form gives lane (g, t) eight neighbouring inputs where operand A wants two of each eight: four lanes exchange
// them before they are dequantised, so that rows may lie in shared memory in their own order.
#include "abi/kernel_table.h"
#include "device/fragment.cuh"
#include "device/platform.cuh"
#include "matrix_engine.cuh"
#include "row_tiles.cuh"
#include "warpgroup_rows.h"

namespace tenon::product {
namespace {

constexpr int kDepth = 64;
constexpr int kStages = 8, kStageBytes = kRows * kDepth * 2;
constexpr int kLag = 4;  // stages that the producer asks for before it waits for the first of them
constexpr int kSharedBytes = kStages * kStageBytes + 2 * kSlabBytes + kAlignment;

// Two products' operands A from a part of 32 inputs in E4M3: lane t's words are pairs 0 … 3 of chunk t of eight inputs;
// afterwards they are pair t of chunks 0 … 3.
__device__ __forceinline__ void prepare(uint4 packed, int t, uint32_t (&first)[4], uint32_t (&second)[4]) {
  uint32_t word[4] = {packed.x, packed.y, packed.z, packed.w};
#pragma unroll
  for (int bit = 1; bit <= 2; bit *= 2) {
    const bool upper = t & bit;
#pragma unroll
    for (int i = 0; i < 4; i++) {
      if (i & bit) continue;
      const uint32_t other = __shfl_xor_sync(0xffffffffu, upper ? word[i] : word[i | bit], bit);
      word[i] = upper ? other : word[i];
      word[i | bit] = upper ? word[i | bit] : other;
    }
  }
  first[0] = widened(word[0]), first[1] = widened(word[0] << 8), first[2] = widened(word[1]), first[3] = widened(word[1] << 8);
  second[0] = widened(word[2]), second[1] = widened(word[2] << 8), second[2] = widened(word[3]), second[3] = widened(word[3] << 8);
}

// One product's operand A from a part of 16 inputs in BF16. Lanes 1 and 2 of four loaded each other's bytes, so that
// neighbours hold the same pairs of both chunks of eight.
__device__ __forceinline__ void prepare(uint4 packed, int t, uint32_t (&to)[4]) {
  const bool odd = t & 1;
  const uint32_t low = __shfl_xor_sync(0xffffffffu, odd ? packed.x : packed.z, 1);
  const uint32_t high = __shfl_xor_sync(0xffffffffu, odd ? packed.y : packed.w, 1);
  to[0] = odd ? low : packed.x;
  to[1] = odd ? high : packed.y;
  to[2] = odd ? packed.z : low;
  to[3] = odd ? packed.w : high;
}

// The producer's thread copies unit `threadIdx.x % 8` of every 16th row.
__device__ __forceinline__ void produce(const tenon_product& p, const Work& work, int rows, unsigned char* ring, uint64_t* full,
                                        uint64_t* empty) {
  const int unit = threadIdx.x % 8, within = threadIdx.x / 8;
  const int place = within * 128 + ((unit ^ (within & 7)) * 16);
  const __nv_bfloat16* none = reinterpret_cast<const __nv_bfloat16*>(p.x);
  const int apart = 16 * static_cast<int>(p.x_stride);
  uint32_t asked = 0;
  for (int index = blockIdx.x; index < work.items(); index += gridDim.x) {
    const Item item = work.item(index);
    const int first_input = item.first_stretch * kStretch + unit * 8;
    const int inputs_left = static_cast<int>(p.weights.inputs) - first_input, rows_left = rows - item.first_row - within;
    const __nv_bfloat16* x = none + (item.first_row + within) * p.x_stride + first_input;
    const int steps = item.stretches * (kStretch / kDepth);
    for (int step = 0; step < steps; step++) {
      const uint32_t slot = asked % kStages;
      barrier_wait(&empty[slot], asked / kStages % 2 ^ 1);
      unsigned char* to = ring + slot * kStageBytes + place;
      const bool within_inputs = step * kDepth < inputs_left;
#pragma unroll
      for (int i = 0; i < kRows / 16; i++) {
        const bool valid = within_inputs && i * 16 < rows_left;
        copy_async16(to + i * 2048, valid ? x + (i * apart + step * kDepth) : none, valid);
      }
      copy_commit();
      asked++;
      if (asked >= kLag) {
        copy_wait<kLag - 1>();
        publish_to_products();
        barrier_arrive(&full[(asked - kLag) % kStages]);
      }
    }
  }
  copy_wait<0>();
  publish_to_products();
  for (uint32_t i = asked < kLag ? 0 : asked - kLag + 1; i < asked; i++) barrier_arrive(&full[i % kStages]);
}

template <int kType>
struct Packed {
  static constexpr int kUnits = kType == TENON_E4M3 ? 2 : 4;  // of a lane, of one tile and kDepth inputs
  uint4 of[2][kUnits];
};

__device__ __forceinline__ void scale_sums(float (&sums)[64], float factor) {
  if (factor == 1.0f) return;
#pragma unroll
  for (int i = 0; i < 64; i++) sums[i] *= factor;
}

template <int kType>
__device__ __forceinline__ void consume(const tenon_product& p, const Work& work, int rows, const unsigned char* ring, float* slab,
                                        uint64_t* full, uint64_t* empty) {
  constexpr bool kScaled = kType == TENON_E4M3;
  constexpr int kBuffers = kScaled ? 2 : 1;  // steps whose weights are on their way
  constexpr int kPartUnits = kScaled ? 32 : 64;
  const int group = threadIdx.x / kGroupThreads - 1, lane = threadIdx.x % 32, warp = threadIdx.x / 32 % 4, t = lane % 4;
  const int tiles = (p.weights.outputs + 15) / 16;
  const uint32_t tile_units = work.stretches * 4 * kPartUnits;
  // lanes 1 and 2 of four change places where elements have two bytes
  const int from_lane = kScaled ? lane : (lane & ~3) | (t & 1) << 1 | t >> 1;
  uint32_t taken = 0;
  for (int index = blockIdx.x; index < work.items(); index += gridDim.x) {
    const Item item = work.item(index);
    const int steps = item.stretches * (kStretch / kDepth);
    uint32_t first_unit[2], first_scale[2];
#pragma unroll
    for (int j = 0; j < 2; j++) {
      // tiles beyond the last repeat it; their sums are dropped
      const uint32_t tile = min(item.first_tile + (group * 2 + j) * 4 + warp, tiles - 1);
      first_unit[j] = tile * tile_units + item.first_stretch * 4 * kPartUnits + from_lane;
      first_scale[j] = tile * work.stretches + item.first_stretch;
    }
    const uint4* weights = reinterpret_cast<const uint4*>(p.weights.data);
    const float* scales = reinterpret_cast<const float*>(p.weights.scales);
    Packed<kType> packed[kBuffers];
    const auto ask = [&](Packed<kType>& to, int step) {
      if (step >= steps) return;
#pragma unroll
      for (int j = 0; j < 2; j++) {
#pragma unroll
        for (int i = 0; i < Packed<kType>::kUnits; i++) to.of[j][i] = stream_load(weights + (first_unit[j] + step * (Packed<kType>::kUnits * 32)) + i * 32);
      }
    };
#pragma unroll
    for (int b = 0; b < kBuffers; b++) ask(packed[b], b);
    float sums[2][64] = {};
    float scale[2] = {1, 1}, next_scale[2] = {1, 1};
    if (kScaled && steps > 0) {
#pragma unroll
      for (int j = 0; j < 2; j++) next_scale[j] = usable(scales[first_scale[j]]);
    }
#pragma unroll 1
    for (int stretch = 0; stretch < item.stretches; stretch++) {
      if (kScaled) {
#pragma unroll
        for (int j = 0; j < 2; j++) {
          if (stretch > 0) scale_sums(sums[j], scale[j] / next_scale[j]);
          scale[j] = next_scale[j];
          next_scale[j] = usable(scales[first_scale[j] + min(stretch + 1, item.stretches - 1)]);
        }
      }
#pragma unroll kBuffers
      for (int half = 0; half < 2; half++) {
        const int step = stretch * 2 + half;
        Packed<kType>& now = packed[half % kBuffers];
        uint32_t a[2][4][4];
#pragma unroll
        for (int j = 0; j < 2; j++) {
          if constexpr (kScaled) {
            prepare(now.of[j][0], t, a[j][0], a[j][1]);
            prepare(now.of[j][1], t, a[j][2], a[j][3]);
          } else {
#pragma unroll
            for (int i = 0; i < 4; i++) prepare(now.of[j][i], t, a[j][i]);
          }
        }
        ask(now, step + kBuffers);
        const uint32_t slot = taken % kStages;
        barrier_wait(&full[slot], taken / kStages % 2);
        const unsigned char* stage = ring + slot * kStageBytes;
#pragma unroll
        for (int j = 0; j < 2; j++) {
          warpgroup::pin(sums[j]);
#pragma unroll
          for (int k = 0; k < 4; k++) warpgroup::pin(a[j][k]);
        }
        warpgroup_begin();
#pragma unroll
        for (int k = 0; k < 4; k++) {
          const uint64_t b = warpgroup::rows_of_128_bytes(stage, k);
          warpgroup::multiply(sums[0], a[0][k], b);
          warpgroup::multiply(sums[1], a[1][k], b);
        }
        warpgroup_commit();
        warpgroup_wait();
        warpgroup::pin(sums[0]);
        warpgroup::pin(sums[1]);
        if (lane == 0) barrier_arrive(&empty[slot]);
        taken++;
      }
    }
    const Target to = target_of(p, work.parts, item.part);
#pragma unroll
    for (int j = 0; j < 2; j++) {
      if (kScaled) scale_sums(sums[j], scale[j]);
      hand_over(sums[j], slab, group, to, item.first_row, rows, item.first_tile * 16 + (group * 2 + j) * 64);
    }
  }
}

template <int kType>
__global__ void __launch_bounds__(kThreads, 1) warpgroup_rows(tenon_product p, int output_tiles, int parts) {
  TENON_DYNAMIC_SHARED(unsigned char, unaligned);
  __shared__ uint64_t full[kStages], empty[kStages];
  unsigned char* ring = unaligned + (kAlignment - reinterpret_cast<uintptr_t>(unaligned) % kAlignment) % kAlignment;
  if (threadIdx.x == 0) {
    for (int i = 0; i < kStages; i++) {
      barrier_init(&full[i], kGroupThreads);
      barrier_init(&empty[i], 8);  // the consumers' warps
    }
    barrier_init_done();
  }
  __syncthreads();
  release_successor();
  wait_for_predecessor();
  const int rows = min(*reinterpret_cast<const int32_t*>(p.count), static_cast<int32_t>(p.max_rows));
  const Work work = {output_tiles, (rows + kRows - 1) / kRows, parts, static_cast<int>((p.weights.inputs + kStretch - 1) / kStretch)};
  if (threadIdx.x < kGroupThreads) {
    warpgroup_gives_registers<40>();
    produce(p, work, rows, ring, full, empty);
  } else {
    warpgroup_takes_registers<232>();
    const int group = threadIdx.x / kGroupThreads - 1;
    float* slab = reinterpret_cast<float*>(ring + kStages * kStageBytes + group * kSlabBytes);
    consume<kType>(p, work, rows, ring, slab, full, empty);
  }
}

}  // namespace

int launch_warpgroup_rows(const tenon_product& p, int parts, void* stream) {
  const unsigned blocks = blocks_of(p, parts);
  if (blocks == 0) return cudaErrorInvalidValue;
  const auto kernel = p.weights.type == TENON_E4M3 ? warpgroup_rows<TENON_E4M3> : warpgroup_rows<TENON_BF16>;
  const int failed = enqueue(kernel, blocks, kThreads, kSharedBytes, stream, Start::EARLY, p, output_tiles_of(p), parts);
  return failed || parts == 1 ? failed : launch_join(p, parts, stream);
}

}  // namespace tenon::product
