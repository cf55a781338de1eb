// y = x · wᵀ for many rows on the tensor cores.
//
// A block has a tile of outputs × rows. Packed weights and rows come through a ring of stages in shared memory; a warp
// has 64 outputs × 32 or 64 rows, dequantises its weights in registers and uses them for all its rows. Warps divide the
// tile, or, where it is small, the inputs of each stage ("slices").
//
//            rows →                      stage: kDepth inputs of
//          ┌──────┬──────┐                 weights  [tile of 16 outputs][part of 32 inputs][lane]   packed as they are
//  outputs │warp 0│warp 4│                 rows     [row][16-byte unit ^ reversed bits of row]
//     ↓    │warp 1│warp 5│
//          │  …   │  …   │               block scales: sums are kept in units of the scale of the stretch of 128 inputs at
//          └──────┴──────┘               work; from one stretch to the next they are multiplied by the ratio of the two.
//
// Where tiles are too few to fill the card, blocks take parts of the inputs and leave f32 sums in the work space, which a
// second kernel adds in order.
#include "../../abi/kernel_table.h"
#include "../../device/fragment.cuh"
#include "../../device/platform.cuh"
#include "output.cuh"
#include "plan.h"

namespace tenon::product {
namespace {

constexpr int kWarpTiles = 4;       // tiles of 16 outputs per warp
constexpr int kSlabRows = 32;       // rows that a warp hands over at a time at the end
constexpr int kSlabPitch = 68;      // floats from a row of them to the next: 64 outputs, and no bank twice in a store
constexpr int kGroupedRowTiles = 16;  // row tiles that stay in the L2 cache while the weights pass

// kGroups × 8 rows per warp; kWarpsM × 64 outputs and kWarpsN × kGroups × 8 rows per block; kSlices warps per place.
template <int kTypeOf, int kGroupsOf, int kWarpsMOf, int kWarpsNOf, int kSlicesOf, int kStagesOf>
struct Form {
  static constexpr int kType = kTypeOf, kGroups = kGroupsOf, kWarpsM = kWarpsMOf, kWarpsN = kWarpsNOf;
  static constexpr int kSlices = kSlicesOf, kStages = kStagesOf;
  static constexpr int kWarps = kWarpsM * kWarpsN * kSlices, kThreads = kWarps * 32;
  static constexpr int kTiles = kWarpsM * kWarpTiles, kRows = kWarpsN * kGroups * 8;
  static constexpr int kDepth = kSlices == 1 ? 64 : 32 * kSlices;  // inputs of a stage
  static constexpr int kParts = kDepth / 32, kPartsPerWarp = kParts / kSlices;
  static constexpr int kPartUnits = kType == TENON_E4M3 ? 32 : 64;  // of 16 bytes, of a tile's 32 inputs
  static constexpr int kTileUnits = kParts * kPartUnits;
  static constexpr int kRowUnits = kDepth / 8;
  static constexpr int kWeightUnits = kTiles * kTileUnits, kRowsUnits = kRows * kRowUnits;
  static constexpr int kStageUnits = kWeightUnits + kRowsUnits;
  static constexpr int kSlabFloats = kSlabRows * kSlabPitch;
  static constexpr int kRingBytes = kStages * kStageUnits * 16, kSlabBytes = kWarps * kSlabFloats * 4;
  static constexpr int kSharedBytes = kRingBytes > kSlabBytes ? kRingBytes : kSlabBytes;
  static_assert(kDepth <= kStretch && kStretch % kDepth == 0 && kGroups % 4 == 0);
  static_assert(kWeightUnits % kThreads == 0 && kRowsUnits % kThreads == 0);
};

template <typename F>
struct Sums {
  float of[kWarpTiles][F::kGroups][4];
};

template <typename F>
__device__ __forceinline__ void scale_sums(Sums<F>& sums, float factors) {
#pragma unroll
  for (int i = 0; i < kWarpTiles; i++) {
    const float factor = __shfl_sync(0xffffffffu, factors, i);
#pragma unroll
    for (int n = 0; n < F::kGroups; n++) {
#pragma unroll
      for (int c = 0; c < 4; c++) sums.of[i][n][c] *= factor;
    }
  }
}

// Adds a warp's share of a stage: `weights` at its first tile's lane, `rows` at its lane's row.
template <typename F>
__device__ __forceinline__ void add_stage(Sums<F>& sums, const uint4* weights, const uint4* rows, int slice, int t, int swizzle) {
#pragma unroll
  for (int q = 0; q < F::kPartsPerWarp; q++) {
    const int part = slice * F::kPartsPerWarp + q;
    uint4 b[F::kGroups];
#pragma unroll
    for (int n = 0; n < F::kGroups; n++) {
      const uint4* row = rows + n * 8 * F::kRowUnits;
      if constexpr (F::kType == TENON_E4M3) {
        b[n] = row[(part * 4 + t) ^ swizzle];
      } else {
        const uint2* first = reinterpret_cast<const uint2*>(row + ((part * 4 + t / 2) ^ swizzle));
        const uint2* second = reinterpret_cast<const uint2*>(row + ((part * 4 + 2 + t / 2) ^ swizzle));
        const uint2 low = first[t % 2], high = second[t % 2];
        b[n] = make_uint4(low.x, low.y, high.x, high.y);
      }
    }
#pragma unroll
    for (int i = 0; i < kWarpTiles; i++) {
      const uint4* packed = weights + i * F::kTileUnits + part * F::kPartUnits;
      FragmentA first, second;
      if constexpr (F::kType == TENON_E4M3) {
        unpack(packed[0], first, second);
      } else {
        const uint4 low = packed[0], high = packed[32];
        first = {{low.x, low.y, low.z, low.w}};
        second = {{high.x, high.y, high.z, high.w}};
      }
#pragma unroll
      for (int n = 0; n < F::kGroups; n++) multiply(sums.of[i][n], first, b[n].x, b[n].y);
#pragma unroll
      for (int n = 0; n < F::kGroups; n++) multiply(sums.of[i][n], second, b[n].z, b[n].w);
    }
  }
}

// Sums of slices in order, and the way out: through shared memory, so that neighbouring outputs are stored together.
template <typename F>
__device__ __forceinline__ void hand_over(const Sums<F>& sums, float* shared, const Target& to, int first_row, int rows,
                                          int first_output) {
  const int lane = threadIdx.x % 32, warp = threadIdx.x / 32, g = lane / 4, t = lane % 4;
#pragma unroll
  for (int half = 0; half < F::kGroups / 4; half++) {
    __syncthreads();
    float* slab = shared + warp * F::kSlabFloats;
#pragma unroll
    for (int i = 0; i < kWarpTiles; i++) {
#pragma unroll
      for (int n = 0; n < 4; n++) {
        const float(&sum)[4] = sums.of[i][half * 4 + n];
        float* place = slab + (n * 8 + 2 * t) * kSlabPitch + i * 16 + g;
        place[0] = sum[0];
        place[kSlabPitch] = sum[1];
        place[8] = sum[2];
        place[kSlabPitch + 8] = sum[3];
      }
    }
    __syncthreads();
    constexpr int kColumns = F::kWarpsM * 8;  // pieces of 8 outputs
    for (int e = threadIdx.x; e < F::kWarpsN * kSlabRows * kColumns; e += F::kThreads) {
      const int column = e % kColumns, within = e / kColumns % kSlabRows, n = e / kColumns / kSlabRows;
      const int row = first_row + n * F::kGroups * 8 + half * kSlabRows + within;
      const int output = first_output + column * 8;
      if (row >= rows || output >= to.outputs) continue;
      float value[8] = {};
#pragma unroll
      for (int slice = 0; slice < F::kSlices; slice++) {
        const float* from = shared + ((slice * F::kWarpsN + n) * F::kWarpsM + column / 8) * F::kSlabFloats +
                            within * kSlabPitch + column % 8 * 8;
        const float4 low = *reinterpret_cast<const float4*>(from), high = *reinterpret_cast<const float4*>(from + 4);
        value[0] += low.x, value[1] += low.y, value[2] += low.z, value[3] += low.w;
        value[4] += high.x, value[5] += high.y, value[6] += high.z, value[7] += high.w;
      }
      store8(to, row, output, value);
    }
  }
}

template <typename F>
__global__ void __launch_bounds__(F::kThreads, 256 / F::kThreads) many_rows(tenon_product p, int output_tiles, int row_tiles, int parts) {
  TENON_DYNAMIC_SHARED(uint4, shared);
  const int lane = threadIdx.x % 32, warp = threadIdx.x / 32, g = lane / 4, t = lane % 4;
  const int warp_m = warp % F::kWarpsM, warp_n = warp / F::kWarpsM % F::kWarpsN, slice = warp / (F::kWarpsM * F::kWarpsN);
  // a group of row tiles meets all outputs before the next group's turn
  const int group = blockIdx.x / (kGroupedRowTiles * output_tiles), in_group = blockIdx.x % (kGroupedRowTiles * output_tiles);
  const int width = min(kGroupedRowTiles, row_tiles - group * kGroupedRowTiles);
  const int first_tile = in_group / width * F::kTiles;
  const int first_row = (group * kGroupedRowTiles + in_group % width) * F::kRows;
  const int tiles = (p.weights.outputs + 15) / 16, stretches = (p.weights.inputs + kStretch - 1) / kStretch;
  const int per_part = (stretches + parts - 1) / parts;
  const int first_stretch = min(int(blockIdx.y) * per_part, stretches);
  const int own_stretches = min(per_part, stretches - first_stretch);
  constexpr int kStepsPerStretch = kStretch / F::kDepth;
  const int steps = own_stretches * kStepsPerStretch;
  const uint4* weights = reinterpret_cast<const uint4*>(p.weights.data) + first_stretch * (kStretch / 32) * F::kPartUnits;
  const uint32_t tile_units = stretches * (kStretch / 32) * F::kPartUnits;

  const auto ask_weights = [&](int step) {
    uint4* stage = shared + step % F::kStages * F::kStageUnits + threadIdx.x;
#pragma unroll
    for (int i = 0; i < F::kWeightUnits / F::kThreads; i++) {
      const int unit = i * F::kThreads + threadIdx.x;
      // tiles beyond the last repeat it; their sums are dropped
      const uint32_t tile = min(first_tile + unit / F::kTileUnits, tiles - 1);
      copy_async16(stage + i * F::kThreads, weights + tile * tile_units + step * F::kTileUnits + unit % F::kTileUnits);
    }
  };
  // weights do not depend on what runs ahead; only the first row tile is sure to have rows
  const bool early = first_row == 0;
  if (early) {
    for (int step = 0; step < F::kStages - 1 && step < steps; step++) ask_weights(step);
  }
  // lane i % 4 has the scale of tile i
  const float* scales = reinterpret_cast<const float*>(p.weights.scales) +
                        int64_t(min(first_tile + warp_m * kWarpTiles + lane % kWarpTiles, tiles - 1)) * stretches + first_stretch;
  constexpr bool kScaled = F::kType == TENON_E4M3;
  // as they are in memory, since what is done to one would wait for it
  float scale = kScaled && steps > 0 ? scales[0] : 1.0f, next_scale = scale, later_scale = kScaled && steps > 0 ? scales[min(1, own_stretches - 1)] : 1.0f;
  release_successor();
  wait_for_predecessor();
  const auto counted = [&] { return min(*reinterpret_cast<const int32_t*>(p.count), static_cast<int32_t>(p.max_rows)); };
  // the first row tile asks for its rows before it knows how many are real: the others' sums are dropped
  int rows = early ? static_cast<int>(p.max_rows) : counted();
  if (first_row >= rows) return;
  // a thread asks for the same 16 bytes of every kRowsApart-th row
  constexpr int kRowsApart = F::kThreads / F::kRowUnits;
  static_assert(kRowsApart % 8 == 0);
  const int column = threadIdx.x % F::kRowUnits, within = threadIdx.x / F::kRowUnits;
  const int reversed = (within & 1) << 2 | (within & 2) | (within >> 2 & 1);
  const int first_place = F::kWeightUnits + within * F::kRowUnits + (column ^ reversed);
  const int inputs_left = static_cast<int>(p.weights.inputs) - first_stretch * kStretch - column * 8;
  int rows_left = rows - first_row - within;
  const __nv_bfloat16* none = reinterpret_cast<const __nv_bfloat16*>(p.x);
  const __nv_bfloat16* x = none + (first_row + within) * p.x_stride + first_stretch * kStretch + column * 8;
  const int apart = kRowsApart * static_cast<int>(p.x_stride);
  const auto ask_rows = [&](int step) {
    uint4* stage = shared + step % F::kStages * F::kStageUnits + first_place;
    const bool within_inputs = step * F::kDepth < inputs_left;
#pragma unroll
    for (int i = 0; i < F::kRowsUnits / F::kThreads; i++) {
      const bool valid = within_inputs && i * kRowsApart < rows_left;
      copy_async16(stage + i * F::kThreads, valid ? x + (i * apart + step * F::kDepth) : none, valid);
    }
  };
#pragma unroll
  for (int step = 0; step < F::kStages - 1; step++) {
    if (step < steps) {
      if (!early) ask_weights(step);
      ask_rows(step);
    }
    copy_commit();
  }
  if (early) {
    rows = counted();
    rows_left = rows - first_row - within;
  }

  Sums<F> sums = {};
  const int swizzle = (g & 1) << 2 | (g & 2) | (g >> 2 & 1);
  const int own_weights = warp_m * kWarpTiles * F::kTileUnits + lane;
  const int own_rows = F::kWeightUnits + (warp_n * F::kGroups * 8 + g) * F::kRowUnits;
  for (int step = 0; step < steps; step++) {
    copy_wait<F::kStages - 2>();
    __syncthreads();
    const int ahead = step + F::kStages - 1;
    if (ahead < steps) {
      ask_weights(ahead);
      ask_rows(ahead);
    }
    copy_commit();
    if (kScaled && step % kStepsPerStretch == 0) {
      const int stretch = step / kStepsPerStretch;
      if (stretch > 0) scale_sums(sums, usable(scale) / usable(next_scale));
      scale = next_scale;
      next_scale = later_scale;
      later_scale = scales[min(stretch + 2, own_stretches - 1)];
    }
    const uint4* stage = shared + step % F::kStages * F::kStageUnits;
    add_stage(sums, stage + own_weights, stage + own_rows, slice, t, swizzle);
  }
  if (kScaled) scale_sums(sums, usable(scale));
  copy_wait<0>();
  hand_over(sums, reinterpret_cast<float*>(shared), target_of(p, parts, blockIdx.y), first_row, rows, first_tile * 16);
}

constexpr int kJoinThreads = 128;

// y = the parts' sums in their order, 8 outputs per thread.
__global__ void __launch_bounds__(kJoinThreads) join_parts(tenon_product p, int parts) {
  release_successor();
  wait_for_predecessor();
  const int rows = min(*reinterpret_cast<const int32_t*>(p.count), static_cast<int32_t>(p.max_rows));
  const int output = (blockIdx.x * kJoinThreads + threadIdx.x) * 8, row = blockIdx.y;
  if (row >= rows || output >= p.weights.outputs) return;
  const Target from = target_of(p, parts, 0), to = target_of(p, 1, 0);
  float value[8] = {};
  for (int part = 0; part < parts; part++) {
    const float4* at = reinterpret_cast<const float4*>(reinterpret_cast<const float*>(from.at) +
                                                       (part * p.max_rows + row) * from.stride + output);
    const float4 low = at[0], high = at[1];
    value[0] += low.x, value[1] += low.y, value[2] += low.z, value[3] += low.w;
    value[4] += high.x, value[5] += high.y, value[6] += high.z, value[7] += high.w;
  }
  store8(to, row, output, value);
}

template <typename F>
int launch(const tenon_product& p, int parts, void* stream) {
  const int64_t output_tiles = (p.weights.outputs + F::kTiles * 16 - 1) / (F::kTiles * 16);
  const int64_t row_tiles = (p.max_rows + F::kRows - 1) / F::kRows;
  if (output_tiles * row_tiles > 0x7fffffff) return cudaErrorInvalidValue;
  const dim3 grid(output_tiles * row_tiles, parts);
  const int failed = enqueue(many_rows<F>, grid, F::kThreads, F::kSharedBytes, stream, Start::EARLY, p, output_tiles, row_tiles, parts);
  return failed || parts == 1 ? failed : launch_join(p, parts, stream);
}

// As many stages as let kTiles[…].blocks share a multiprocessor of 228 KB; each form also fits into the 163 KB of an sm_80.
template <int kType>
int launch(const tenon_product& p, Plan plan, void* stream) {
  constexpr bool kBytes = kType == TENON_E4M3;
  switch (plan.size) {
    case NARROW: return launch<Form<kType, 4, 1, 1, 4, kBytes ? 6 : 4>>(p, plan.parts, stream);
    case SMALL: return launch<Form<kType, 8, 1, 1, 4, kBytes ? 4 : 3>>(p, plan.parts, stream);
    case MIDDLE: return launch<Form<kType, 8, 2, 2, 1, kBytes ? 4 : 3>>(p, plan.parts, stream);
    default: return launch<Form<kType, 8, 4, 2, 1, kBytes ? 4 : 3>>(p, plan.parts, stream);
  }
}

}  // namespace

int launch_join(const tenon_product& p, int parts, void* stream) {
  if (p.unfinished) return cudaSuccess;
  const dim3 grid((p.weights.outputs + kJoinThreads * 8 - 1) / (kJoinThreads * 8), p.max_rows);
  return enqueue(join_parts, grid, kJoinThreads, 0, stream, Start::EARLY, p, parts);
}

int launch_many_rows(const tenon_product& p, Plan plan, void* stream) {
  if (p.max_rows > 65535) return cudaErrorInvalidValue;
  return p.weights.type == TENON_E4M3 ? launch<TENON_E4M3>(p, plan, stream) : launch<TENON_BF16>(p, plan, stream);
}

}  // namespace tenon::product
