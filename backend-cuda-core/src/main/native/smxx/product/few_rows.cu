// y = x · wᵀ for up to 8 rows, and for more where there are few outputs: as fast as the weights can be read.
//
// A block has one tile of 16 outputs and 8 rows; its warps divide the inputs by units of 2 KB of weights and add up in shared memory
// in a fixed order. Every lane asks for its first 128 bytes of weights before it waits for the kernel ahead, which in
// most products is all or half of what it will ever read. The rows then come through shared memory, each warp fetching
// the stretches that it needs itself, so that nothing but the last sum waits for another warp.
#include "../../abi/kernel_table.h"
#include "../../device/fragment.cuh"
#include "../../device/platform.cuh"
#include "product.h"

#include <algorithm>

namespace tenon::product {
namespace {

constexpr int kSumPitch = 20;  // 16 outputs of a row; the pitch keeps a warp's stores in different banks
constexpr int kMostSharedBytes = 96 * 1024;

// 4 parts of 512 bytes: a stretch of 128 inputs in E4M3, half of one in BF16.
template <int kType>
constexpr int kUnitInputs = kType == TENON_E4M3 ? 128 : 64;

// Bytes from a row in shared memory to the next: eight rows' loads of one part fall into different banks.
__host__ __device__ int row_pitch(int type, int stretches) { return stretches * 256 + (type == TENON_E4M3 ? 64 : 32); }

struct Unit {
  uint4 part[4];
  float scale;
};

template <int kType>
__device__ __forceinline__ void load(Unit& to, const tenon_matrix& weights, int unit, int units) {
  if (unit >= units) return;
  const uint32_t index = blockIdx.x * units + unit;
  const uint4* from = reinterpret_cast<const uint4*>(weights.data) + (int64_t(index) * 128 + threadIdx.x % 32);
#pragma unroll
  for (int i = 0; i < 4; i++) to.part[i] = stream_load(from + i * 32);
  if (kType == TENON_E4M3) to.scale = reinterpret_cast<const float*>(weights.scales)[index];
}

// Adds this unit's share to the sum of both halves of `sum`; `row` is the lane's row in shared memory, at the lane's place
// within a part. Two chains of products wait less for one another than one.
template <int kType>
__device__ __forceinline__ void add(float (&sum)[2][4], const Unit& unit, const unsigned char* row, int index) {
  const unsigned char* from = row + index * kUnitInputs<kType> * 2;
  if constexpr (kType == TENON_E4M3) {
    float partial[2][4] = {};
#pragma unroll
    for (int i = 0; i < 4; i++) {
      const uint4 b = *reinterpret_cast<const uint4*>(from + i * 64);
      FragmentA first, second;
      unpack(unit.part[i], first, second);
      multiply(partial[0], first, b.x, b.y);
      multiply(partial[1], second, b.z, b.w);
    }
#pragma unroll
    for (int c = 0; c < 4; c++) sum[0][c] += unit.scale * (partial[0][c] + partial[1][c]);
  } else {
#pragma unroll
    for (int i = 0; i < 4; i++) {
      const uint2 b = *reinterpret_cast<const uint2*>(from + i * 32);
      const FragmentA a = {{unit.part[i].x, unit.part[i].y, unit.part[i].z, unit.part[i].w}};
      multiply(sum[i % 2], a, b.x, b.y);
    }
  }
}

template <int kType, int kWarps>
__global__ void __launch_bounds__(kWarps * 32, 32 / kWarps) few_rows(tenon_product p) {
  __shared__ float sums[kWarps][kMostFewRows][kSumPitch];
  TENON_DYNAMIC_SHARED(unsigned char, rows_read);
  const int lane = threadIdx.x % 32, warp = threadIdx.x / 32, g = lane / 4, t = lane % 4;
  const int stretches = (p.weights.inputs + kStretch - 1) / kStretch;
  const int units = stretches * (kStretch / kUnitInputs<kType>);
  Unit even, odd;
  load<kType>(even, p.weights, warp, units);
  load<kType>(odd, p.weights, warp + kWarps, units);
  release_successor();
  const int first_row = blockIdx.y * kMostFewRows, most = min(static_cast<int>(p.max_rows) - first_row, kMostFewRows), inputs = p.weights.inputs;
  const int pitch = row_pitch(kType, stretches);
  // 16-byte pieces of the warp's inputs in one row
  constexpr int kPieces = kUnitInputs<kType> / 8;
  const int pieces = (units - warp + kWarps - 1) / kWarps * kPieces;
  const auto ask = [&](int piece, int row) {
    const int input = (warp + piece / kPieces * kWarps) * kUnitInputs<kType> + piece % kPieces * 8;
    const bool within = input < inputs;
    const __nv_bfloat16* x = reinterpret_cast<const __nv_bfloat16*>(p.x) + (first_row + row) * p.x_stride;
    copy_async16(rows_read + row * pitch + input * 2, x + (within ? input : 0), within);
  };
  wait_for_predecessor();
  // all there is for one row in most products, without a loop
  if (lane < pieces) ask(lane, 0);
  // rows from the count on are read too: they are sums of their own, which nobody stores
#pragma unroll 1
  for (int other = 0; other < most; other++) {
#pragma unroll 1
    for (int piece = other ? lane : lane + 32; piece < pieces; piece += 32) ask(piece, other);
  }
  copy_commit();
  const int rows = *reinterpret_cast<const int32_t*>(p.count) - first_row;  // not earlier: nothing that is on its way needs it
  copy_wait<0>();
  __syncwarp();
  const unsigned char* row = rows_read + (g < most ? g : 0) * pitch + t * (kType == TENON_E4M3 ? 16 : 8);
  float sum[2][4] = {};
#pragma unroll 1
  for (int unit = warp; unit < units; unit += 2 * kWarps) {
    add<kType>(sum, even, row, unit);
    load<kType>(even, p.weights, unit + 2 * kWarps, units);
    if (unit + kWarps < units) {
      add<kType>(sum, odd, row, unit + kWarps);
      load<kType>(odd, p.weights, unit + 3 * kWarps, units);
    }
  }
  sums[warp][2 * t][g] = sum[0][0] + sum[1][0];
  sums[warp][2 * t + 1][g] = sum[0][1] + sum[1][1];
  sums[warp][2 * t][g + 8] = sum[0][2] + sum[1][2];
  sums[warp][2 * t + 1][g + 8] = sum[0][3] + sum[1][3];
  const int64_t output = int64_t(blockIdx.x) * 16 + threadIdx.x % 16;
  const bool last = output < p.weights.outputs;
  const float bias = p.bias && last ? reinterpret_cast<const float*>(p.bias)[output] : 0.0f;
  __syncthreads();
  const int column = threadIdx.x / 16;
  if (column >= min(rows, most) || !last) return;
  float total = bias;
#pragma unroll
  for (int w = 0; w < kWarps; w++) total += sums[w][column][threadIdx.x % 16];
  const int64_t at = (first_row + column) * p.y_stride + output;
  if (p.y_type == TENON_F32) {
    reinterpret_cast<float*>(p.y)[at] = total;
  } else {
    reinterpret_cast<__nv_bfloat16*>(p.y)[at] = __float2bfloat16(total);
  }
}

int shared_bytes(const tenon_product& p) {
  return static_cast<int>(std::min<int64_t>(p.max_rows, kMostFewRows)) * row_pitch(static_cast<int>(p.weights.type), stretches(p));
}

template <int kType>
int launch(const tenon_product& p, void* stream) {
  const dim3 grid(tiles(p), (p.max_rows + kMostFewRows - 1) / kMostFewRows);
  const unsigned blocks = grid.x * grid.y;
  // where one block per multiprocessor is all there is, it has twice the warps
  if (blocks <= 264) return enqueue(few_rows<kType, 16>, grid, 512, shared_bytes(p), stream, Start::EARLY, p);
  return enqueue(few_rows<kType, 8>, grid, 256, shared_bytes(p), stream, Start::EARLY, p);
}

}  // namespace

bool few_rows_fit(const tenon_product& p) {
  const bool few = p.max_rows <= kMostFewRows || (tiles(p) <= kFewTiles && p.max_rows <= kMostRowsOfFewTiles);
  return few && p.weights.inputs <= 65536 && shared_bytes(p) <= kMostSharedBytes;
}

int launch_few_rows(const tenon_product& p, void* stream) {
  return p.weights.type == TENON_E4M3 ? launch<TENON_E4M3>(p, stream) : launch<TENON_BF16>(p, stream);
}

}  // namespace tenon::product
