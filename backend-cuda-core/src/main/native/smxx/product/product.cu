// y = x · wᵀ for few rows: weights stream from memory straight into registers, tokens come from the caches.
//
// A block has one to four tiles of 16 outputs and up to 32 tokens; its eight warps divide the inputs by stretches of
// 128 and add up in shared memory in a fixed order. Every weight is read once per 32 tokens.
#include <cuda_runtime.h>

#include "../../abi/kernel_table.h"
#include "../../device/fragment.cuh"

namespace {

using namespace tenon;

constexpr int kWarps = 8;

template <typename T>
__device__ T store_as(float value);
template <>
__device__ float store_as<float>(float value) { return value; }
template <>
__device__ __nv_bfloat16 store_as<__nv_bfloat16>(float value) { return __float2bfloat16(value); }

// Sums of one stretch of 128 inputs over kTiles × 16 outputs and kGroups × 8 tokens.
template <int kType, int kTiles, int kGroups>
__device__ __forceinline__ void add_stretch(const tenon_product& p, int tile, int tiles, int stretch, int stretches,
                                            const __nv_bfloat16* const (&token)[kGroups], const bool (&real)[kGroups],
                                            int lane, float (&sum)[kTiles][kGroups][4]) {
  constexpr int kParts = kType == TENON_E4M3 ? 4 : 8;  // 512-byte parts of a stretch
  const int t = lane % 4;
  const uint4* weights = reinterpret_cast<const uint4*>(p.weights.data);
  uint4 packed[kTiles][kParts];
#pragma unroll
  for (int i = 0; i < kTiles; i++) {
    // a tile beyond the last one repeats it; its sums are dropped
    const int64_t at = int64_t(min(tile + i, tiles - 1)) * stretches + stretch;
#pragma unroll
    for (int part = 0; part < kParts; part++) packed[i][part] = stream(weights + (at * kParts + part) * 32 + lane);
  }
  float partial[kTiles][kGroups][4] = {};
#pragma unroll
  for (int part = 0; part < kParts; part++) {
    if (kType == TENON_E4M3) {
      uint4 b[kGroups];
#pragma unroll
      for (int n = 0; n < kGroups; n++) {
        const int input = stretch * kStretch + part * 32 + 8 * t;
        b[n] = real[n] && input < p.weights.inputs ? *reinterpret_cast<const uint4*>(token[n] + input) : uint4{0, 0, 0, 0};
      }
#pragma unroll
      for (int i = 0; i < kTiles; i++) {
        FragmentA first, second;
        unpack(packed[i][part], first, second);
#pragma unroll
        for (int n = 0; n < kGroups; n++) {
          multiply(partial[i][n], first, b[n].x, b[n].y);
          multiply(partial[i][n], second, b[n].z, b[n].w);
        }
      }
    } else {
      uint2 b[kGroups];
#pragma unroll
      for (int n = 0; n < kGroups; n++) {
        const int input = stretch * kStretch + part * 16 + 4 * t;
        b[n] = real[n] && input < p.weights.inputs ? *reinterpret_cast<const uint2*>(token[n] + input) : uint2{0, 0};
      }
#pragma unroll
      for (int i = 0; i < kTiles; i++) {
        const FragmentA a = {{packed[i][part].x, packed[i][part].y, packed[i][part].z, packed[i][part].w}};
#pragma unroll
        for (int n = 0; n < kGroups; n++) multiply(partial[i][n], a, b[n].x, b[n].y);
      }
    }
  }
#pragma unroll
  for (int i = 0; i < kTiles; i++) {
    const float scale =
        kType == TENON_E4M3
            ? reinterpret_cast<const float*>(p.weights.scales)[int64_t(min(tile + i, tiles - 1)) * stretches + stretch]
            : 1.0f;
#pragma unroll
    for (int n = 0; n < kGroups; n++) {
#pragma unroll
      for (int c = 0; c < 4; c++) sum[i][n][c] += scale * partial[i][n][c];
    }
  }
}

template <int kType, int kTiles, int kGroups, typename Out>
__global__ void __launch_bounds__(kWarps * 32) few_rows(tenon_product p) {
  __shared__ float shared[kWarps][kTiles][kGroups][32][4];
  const int rows = *reinterpret_cast<const int32_t*>(p.count);
  const int first_row = blockIdx.y * kGroups * 8;
  if (first_row >= rows) return;
  const int lane = threadIdx.x % 32, warp = threadIdx.x / 32;
  const int tiles = (p.weights.outputs + 15) / 16;
  const int stretches = (p.weights.inputs + kStretch - 1) / kStretch;
  const int tile = blockIdx.x * kTiles;
  const __nv_bfloat16* token[kGroups];
  bool real[kGroups];
#pragma unroll
  for (int n = 0; n < kGroups; n++) {
    const int row = first_row + n * 8 + lane / 4;
    real[n] = row < rows;
    token[n] = reinterpret_cast<const __nv_bfloat16*>(p.x) + int64_t(real[n] ? row : 0) * p.x_stride;
  }
  float sum[kTiles][kGroups][4] = {};
  for (int stretch = warp; stretch < stretches; stretch += kWarps) {
    add_stretch<kType, kTiles, kGroups>(p, tile, tiles, stretch, stretches, token, real, lane, sum);
  }
#pragma unroll
  for (int i = 0; i < kTiles; i++) {
#pragma unroll
    for (int n = 0; n < kGroups; n++) {
      *reinterpret_cast<float4*>(shared[warp][i][n][lane]) = make_float4(sum[i][n][0], sum[i][n][1], sum[i][n][2], sum[i][n][3]);
    }
  }
  __syncthreads();
  Out* y = reinterpret_cast<Out*>(p.y);
  const float* bias = reinterpret_cast<const float*>(p.bias);
  // element e: neighbouring threads write neighbouring outputs of a token
  for (int e = threadIdx.x; e < kTiles * kGroups * 128; e += kWarps * 32) {
    const int within = e % (kTiles * 16), i = within / 16, m = within % 16;
    const int column = e / (kTiles * 16), n = column / 8, r = column % 8;
    const int from = (m % 8) * 4 + r / 2, c = m / 8 * 2 + r % 2;
    float total = 0;
#pragma unroll
    for (int w = 0; w < kWarps; w++) total += shared[w][i][n][from][c];
    const int64_t output = int64_t(tile + i) * 16 + m, row = first_row + column;
    if (output < p.weights.outputs && row < rows) {
      y[row * p.y_stride + output] = store_as<Out>(total + (bias ? bias[output] : 0.0f));
    }
  }
}

template <int kType, int kTiles, int kGroups>
int launch(const tenon_product& p, cudaStream_t stream) {
  const int tiles = (p.weights.outputs + 15) / 16;
  const dim3 grid((tiles + kTiles - 1) / kTiles, (p.max_rows + kGroups * 8 - 1) / (kGroups * 8));
  if (p.y_type == TENON_F32) {
    few_rows<kType, kTiles, kGroups, float><<<grid, kWarps * 32, 0, stream>>>(p);
  } else {
    few_rows<kType, kTiles, kGroups, __nv_bfloat16><<<grid, kWarps * 32, 0, stream>>>(p);
  }
  return cudaGetLastError();
}

template <int kType>
int launch(const tenon_product& p, cudaStream_t stream) {
  if (p.max_rows <= 8) return launch<kType, 1, 1>(p, stream);
  if (p.max_rows <= 16) return launch<kType, 2, 2>(p, stream);
  return launch<kType, 2, 4>(p, stream);
}

}  // namespace

int tenon_product_launch(const void* params, void* stream) {
  const tenon_product& p = *static_cast<const tenon_product*>(params);
  const bool types = (p.weights.type == TENON_BF16 || p.weights.type == TENON_E4M3) &&
                     (p.y_type == TENON_BF16 || p.y_type == TENON_F32);
  if (!types || p.weights.inputs % 8 || p.x_stride % 8 || p.x % 16 || p.max_rows > 65535 * 32) return cudaErrorInvalidValue;
  if (p.max_rows == 0) return cudaSuccess;
  const cudaStream_t on = static_cast<cudaStream_t>(stream);
  return p.weights.type == TENON_E4M3 ? launch<TENON_E4M3>(p, on) : launch<TENON_BF16>(p, on);
}
