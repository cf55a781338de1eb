// y = x · wᵀ for many rows with the products of four warps (wgmma) of sm_90a.
//
//   group 0 (producers)  64 inputs of rows (operand B) and of packed weights at a time → ring of stages in shared memory
//   groups 1, 2          half of the outputs each: packed weights → bf16 → operand A, 64 outputs × rows of sums, or twice that
//   groups 3, 4          with few rows: the same for every other stage
//
// Blocks stay and take tiles of outputs × rows in turn; producers run ahead into the next tile. One thread has rows copied and
// one weights, where it can from before the kernel ahead has ended. While a stage is multiplied, its group makes the next one's
// operand A, and other groups dequantise, scale or store. Dequantising is what takes most time with few rows.
//
// The packed form gives lane (g, t) neighbouring inputs where operand A wants two of each eight: weights are loaded from shared
// memory as that, so that rows may lie there in their own order.
#include "abi/kernel_table.h"
#include "device/fragment.cuh"
#include "device/platform.cuh"
#include "matrix_engine.cuh"
#include "ring_place.cuh"
#include "row_tiles.cuh"
#include "tensor_copy.cuh"
#include "warpgroup_rows.h"

namespace tenon::product {
namespace {

constexpr int kDepth = 64;
constexpr int kPackedRow = 64;  // bytes of the packed form of outputs g and g + 8: 16 of each lane (g, t)

template <int kTypeOf, int kShapeOf>
struct Form {
  static constexpr int kType = kTypeOf, kShape = kShapeOf;
  static constexpr Tile kTile = kWarpgroupTiles[kShape];
  static constexpr int kRows = kTile.rows, kTiles = kTile.outputs / 16;
  static constexpr int kHalves = kTile.outputs / 128;  // of 64 outputs, of a group
  static constexpr int kPairs = kRows <= 64 ? 2 : 1;    // of groups
  static constexpr int kThreads = (1 + 2 * kPairs) * kGroupThreads;
  static constexpr bool kScaled = kType == TENON_E4M3;
  static constexpr int kUnits = kScaled ? 2 : 4;  // of 512 bytes: 16 outputs and kDepth inputs
  static constexpr int kRowBytes = kRows * kDepth * 2, kTileBytes = kUnits * 512, kWeightBytes = kTiles * kTileBytes;
  static constexpr int kStageBytes = kRowBytes + kWeightBytes;
  // a block may have 227 KB, barriers among them, and 65,536 registers
  static constexpr int kSlabs = 2 * kPairs, kRoom = 226 * 1024 - kSlabs * kSlabBytes - kAlignment;
  // Each stage belongs to the same pair of groups for ever. Else a pair could ask for a stage's next turn while copies of the
  // turn before, the other pair's, have not landed: to the barrier that is the turn before that, and it lets the pair through.
  static constexpr int kFitting = kRoom / kStageBytes / kPairs * kPairs, kStages = kFitting < 8 ? kFitting : 8;
  static constexpr int kSharedBytes = kStages * kStageBytes + kSlabs * kSlabBytes + kAlignment;
  static constexpr int kProducerRegisters = 40, kConsumerRegisters = kPairs == 1 ? 232 : 104;
  static_assert(kTile.blocks == 1 && kStages >= 4 && kStages % kPairs == 0 && kStageBytes % kAlignment == 0);
};

// Stages as barriers in shared memory.
template <typename F>
struct Ring {
  unsigned char* stages;
  uint64_t *full, *empty;  // [kStages]

  // By one thread; a __syncthreads() must follow.
  __device__ void init() const {
    for (int i = 0; i < F::kStages; i++) {
      barrier_init(&full[i], 2);
      barrier_init(&empty[i], 8 * kWarpArrivals);  // the warps of two groups
    }
    barrier_init_done();
  }
  __device__ unsigned char* stage(uint32_t slot) const { return stages + slot * F::kStageBytes; }
};

__device__ __forceinline__ int steps_of(const Item& item) { return item.stretches * (kStretch / kDepth); }

// Has something copied for every stage in turn, by one thread: copy(item, step, the stage's first byte, its barrier).
template <typename F, typename Copy>
__device__ __forceinline__ void produce(const Work<F::kShape>& work, const Ring<F>& ring, const Copy& copy) {
  RingPlace<F::kStages> place;
  for (int index = blockIdx.x; index < work.items(); index += gridDim.x) {
    const Item item = work.item(index);
    const int steps = steps_of(item);
    for (int step = 0; step < steps; step++) {
      barrier_wait(&ring.empty[place.slot], place.turn ^ 1);
      copy(item, item.first_stretch * (kStretch / kDepth) + step, ring.stage(place.slot), &ring.full[place.slot]);
      place.advance();
    }
  }
}

// Scales of 16 outputs: lane i has that of stretch i of 32, and by how much sums in units of the one before it change. All at
// once, since a load per stretch would be waited for.
struct Scales {
  float own, change;

  __device__ void load(const float* scales, int stretch, int stretches) {
    const int at = min(stretch + static_cast<int>(threadIdx.x) % 32, stretches - 1);
    own = usable(scales[at]);
    change = usable(scales[max(at - 1, 0)]) / own;
  }
};

// A warp's operands A of a stage.
template <typename F>
struct Operands {
  uint32_t of[F::kHalves][4][4];

  // What a lane adds to the first byte of a warp's first tile. E4M3: it is to name one of 32 rows of 16 bytes: those of
  // lanes t of the packed form are a matrix, whose row g has pairs of inputs of outputs g and g + 8. BF16: it loads its first
  // pair of inputs for outputs g and g + 8.
  __device__ static int lane_offset() {
    const int lane = threadIdx.x % 32, g = F::kScaled ? lane % 8 : lane / 4, t = F::kScaled ? lane / 8 : lane % 4 / 2;
    return g * kPackedRow + (t ^ g / 2) * 16 + (F::kScaled ? 0 : lane % 2 * 8);
  }
  __device__ void read(const unsigned char* weights) {
#pragma unroll
    for (int j = 0; j < F::kHalves; j++) {
#pragma unroll
      for (int i = 0; i < F::kUnits; i++) {
        const unsigned char* unit = weights + j * 4 * F::kTileBytes + i * 512;
        if constexpr (F::kScaled) {
          uint32_t word[4];
          load_matrices(word, unit);
#pragma unroll
          for (int w = 0; w < 4; w++) {
            of[j][i * 2 + w / 2][w % 2 * 2] = widened(word[w]);
            of[j][i * 2 + w / 2][w % 2 * 2 + 1] = widened(word[w] << 8);
          }
        } else {
          // the other pair of a lane is of the eight inputs after these, two places further on or back
          const uint2 first = *reinterpret_cast<const uint2*>(unit);
          const uint2 second = *reinterpret_cast<const uint2*>(reinterpret_cast<const unsigned char*>(reinterpret_cast<uintptr_t>(unit) ^ 32));
          of[j][i][0] = first.x, of[j][i][1] = first.y, of[j][i][2] = second.x, of[j][i][3] = second.y;
        }
      }
    }
  }
  __device__ void pin() {
#pragma unroll
    for (int j = 0; j < F::kHalves; j++) {
#pragma unroll
      for (int k = 0; k < 4; k++) warpgroup::pin(of[j][k]);
    }
  }
};

template <typename F>
__device__ __forceinline__ void consume(const tenon_product& p, const Work<F::kShape>& work, int rows, const Ring<F>& ring, float* slabs) {
  constexpr int kHalves = F::kHalves, kPairs = F::kPairs;
  const int group = threadIdx.x / kGroupThreads - 1, warp = threadIdx.x / 32 % 4;
  const int last = static_cast<int>((p.weights.outputs + 15) / 16) - 1, first_tile = group % 2 * kHalves * 4 + warp;
  const int weights_at = F::kRowBytes + first_tile * F::kTileBytes + Operands<F>::lane_offset();
  const uint64_t first_stage = warpgroup::rows_of_128_bytes(ring.stages, 0);
  RingPlace<F::kStages> place;
  if (group >= 2) place.advance();
  for (int index = blockIdx.x; index < work.items(); index += gridDim.x) {
    const Item item = work.item(index);
    Scales scales[kHalves];
    const auto load_scales = [&](int stretch) {
#pragma unroll
      for (int j = 0; j < kHalves; j++) {
        const int tile = min(item.first_tile + first_tile + j * 4, last);
        scales[j].load(reinterpret_cast<const float*>(p.weights.scales) + (int64_t(tile) * work.stretches + item.first_stretch), stretch, item.stretches);
      }
    };
    const int steps = steps_of(item) / kPairs;
    float sums[kHalves][F::kRows / 2] = {};
    Operands<F> operands[2];  // of this step and of the next
    if (steps > 0) {
      if (F::kScaled) load_scales(0);
      barrier_wait(&ring.full[place.slot], place.turn);
      operands[0].read(ring.stage(place.slot) + weights_at);
    }
#pragma unroll 1
    for (int first = 0; first < steps; first += 2) {
#pragma unroll
      for (int which = 0; which < 2; which++) {
        const int step = first + which, stretch = kPairs == 1 ? first / 2 : step;
        if (kPairs == 2 && step >= steps) break;
        if (F::kScaled && step > 0 && (kPairs == 2 || which == 0)) {
          if (stretch % 32 == 0) load_scales(stretch);
#pragma unroll
          for (int j = 0; j < kHalves; j++) warpgroup::scale_sums(sums[j], __shfl_sync(0xffffffffu, scales[j].change, stretch % 32));
        }
        const uint64_t stage = warpgroup::operand_at(first_stage, place.slot * F::kStageBytes);
        uint64_t* empty = &ring.empty[place.slot];
        Operands<F>& now = operands[which];
#pragma unroll
        for (int j = 0; j < kHalves; j++) warpgroup::pin(sums[j]);
        now.pin();
        warpgroup_begin();
#pragma unroll
        for (int k = 0; k < 4; k++) {
#pragma unroll
          for (int j = 0; j < kHalves; j++) warpgroup::multiply(sums[j], now.of[j][k], warpgroup::operand_at(stage, k * 32));
        }
        warpgroup_commit();
#pragma unroll
        for (int i = 0; i < kPairs; i++) place.advance();
        if (step + 1 < steps) {
          barrier_wait(&ring.full[place.slot], place.turn);
          operands[which ^ 1].read(ring.stage(place.slot) + weights_at);
          operands[which ^ 1].pin();
        }
        warpgroup_wait();
#pragma unroll
        for (int j = 0; j < kHalves; j++) warpgroup::pin(sums[j]);
        now.pin();
        if (arrives_for_warp()) barrier_arrive(empty);  // all lanes have read
      }
    }
    const Target to = target_of(p, work.parts, item.part);
#pragma unroll
    for (int j = 0; j < kHalves; j++) {
      if (F::kScaled && steps > 0) warpgroup::scale_sums(sums[j], __shfl_sync(0xffffffffu, scales[j].own, (item.stretches - 1) % 32));
      hand_over<kPairs>(sums[j], slabs + group * kSlabFloats, group, to, item.first_row, rows, (item.first_tile + group % 2 * kHalves * 4 + j * 4) * 16);
    }
  }
}

// Waits for what runs ahead, since how many rows are real may come from there.
__device__ __forceinline__ int counted(const tenon_product& p) {
  wait_for_predecessor();
  return min(*reinterpret_cast<const int32_t*>(p.count), static_cast<int32_t>(p.max_rows));
}

// The first tile of rows is gone through even if none is real: its weights may be on their way.
template <typename F>
__device__ __forceinline__ Work<F::kShape> work_of(const tenon_product& p, int rows, int parts) {
  return Work<F::kShape>::of(p, max(rows, 1), parts);
}

template <int kType, int kShape>
__global__ void __launch_bounds__(Form<kType, kShape>::kThreads, 1)
    warpgroup_rows(tenon_product p, int parts, const __grid_constant__ TensorMap x, const __grid_constant__ TensorMap weights) {
  using F = Form<kType, kShape>;
  TENON_DYNAMIC_SHARED(unsigned char, unaligned);
  __shared__ uint64_t full[F::kStages], empty[F::kStages];
  const int gap = (kAlignment - reinterpret_cast<uintptr_t>(unaligned) % kAlignment) % kAlignment;
  const Ring<F> ring = {unaligned + gap, full, empty};
  if (threadIdx.x == 0) ring.init();
  __syncthreads();
  release_successor();
  if (threadIdx.x < kGroupThreads) {
    warpgroup_gives_registers<F::kProducerRegisters>();
    if (threadIdx.x == 0) {
      produce<F>(work_of<F>(p, counted(p), parts), ring, [&](const Item& item, int step, unsigned char* stage, uint64_t* barrier) {
        barrier_arrive_expecting(barrier, F::kRowBytes);
        copy_box(stage, x, step * kDepth, item.first_row, 0, barrier);
      });
    } else if (threadIdx.x == 32) {
      // weights do not depend on what runs ahead, nor does which are this block's where all rows are of one tile
      const int rows = p.max_rows <= F::kRows ? 1 : counted(p);
      produce<F>(work_of<F>(p, rows, parts), ring, [&](const Item& item, int step, unsigned char* stage, uint64_t* barrier) {
        barrier_arrive_expecting(barrier, F::kWeightBytes);
        copy_box(stage + F::kRowBytes, weights, 0, step * (F::kTileBytes / kPackedRow), item.first_tile, barrier);
      });
    }
  } else {
    warpgroup_takes_registers<F::kConsumerRegisters>();
    const int rows = counted(p);
    consume(p, work_of<F>(p, rows, parts), rows, ring, reinterpret_cast<float*>(ring.stages + F::kStages * F::kStageBytes));
  }
}

template <int kType, int kShape>
int launch(const tenon_product& p, int parts, void* stream) {
  using F = Form<kType, kShape>;
  const unsigned blocks = blocks_of(p, F::kTile, parts);
  if (blocks == 0) return cudaErrorInvalidValue;
  const uint64_t row_bytes = p.x_stride * 2, packed_rows = uint64_t(stretches(p)) * (kStretch / kDepth) * (F::kTileBytes / kPackedRow);
  TensorMap x, weights;
  int failed = describe(x, {p.x, 2, {uint64_t(p.weights.inputs), uint64_t(p.max_rows), 1}, {row_bytes, row_bytes * p.max_rows},
                            {kDepth, F::kRows, 1}});
  if (failed) return failed;
  failed = describe(weights, {p.weights.data, 1, {kPackedRow, packed_rows, uint64_t(tiles(p))}, {kPackedRow, packed_rows * kPackedRow},
                              {kPackedRow, F::kTileBytes / kPackedRow, F::kTiles}});
  if (failed) return failed;
  failed = enqueue(warpgroup_rows<kType, kShape>, blocks, F::kThreads, F::kSharedBytes, stream, Start::EARLY, p, parts, x, weights);
  return failed || parts == 1 ? failed : launch_join(p, parts, stream);
}

template <int kType>
int launch(const tenon_product& p, Plan plan, void* stream) {
  switch (plan.size) {
    case ROWS_32: return launch<kType, ROWS_32>(p, plan.parts, stream);
    case ROWS_64: return launch<kType, ROWS_64>(p, plan.parts, stream);
    case ROWS_128: return launch<kType, ROWS_128>(p, plan.parts, stream);
    default: return launch<kType, WIDE>(p, plan.parts, stream);
  }
}

}  // namespace

int launch_warpgroup_rows(const tenon_product& p, Plan plan, void* stream) {
  return p.weights.type == TENON_E4M3 ? launch<TENON_E4M3>(p, plan, stream) : launch<TENON_BF16>(p, plan, stream);
}

}  // namespace tenon::product
