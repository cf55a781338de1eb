// Adds a block's output to the residual stream and normalises the sum: one block of threads per row, 8 elements each.
//
// At one row this stands between any two blocks of the model, so it is all latency: the norm's factors are there before
// the kernel ahead has ended, every other load is issued at once after it, and there is one barrier.
#include "../../abi/kernel_table.h"
#include "../entry_points.h"
#include "pieces.cuh"

namespace {

using namespace tenon;
using namespace tenon::elementwise;

constexpr int kMostWarps = 32;

__global__ void __launch_bounds__(kMostWarps * 32) add_norm(tenon_add_norm p) {
  __shared__ float squares[kMostWarps];
  const int first = threadIdx.x * kPiece, warps = blockDim.x / 32;
  const int64_t row = blockIdx.x;
  const bool real = first < p.hidden;
  float scale[kPiece] = {}, sum[kPiece] = {}, added[kPiece] = {};
  if (real) load8(reinterpret_cast<const float*>(p.scale) + first, scale);
  release_successor();
  wait_for_predecessor();
  const int rows = *reinterpret_cast<const int32_t*>(p.counts);
  float* residual = reinterpret_cast<float*>(p.residual) + row * p.hidden + first;
  if (real && !p.start) load8(residual, sum);
  if (real && p.pending) {
    widen(*reinterpret_cast<const uint4*>(reinterpret_cast<const __nv_bfloat16*>(p.pending) + row * p.hidden + first), added);
  }
  if (row >= rows) return;
  float square = 0;
#pragma unroll
  for (int i = 0; i < kPiece; i++) {
    sum[i] += added[i];
    square += sum[i] * sum[i];
  }
  if (real && (p.start || p.pending)) store8(residual, sum);
#pragma unroll
  for (int step = 16; step > 0; step /= 2) square += __shfl_xor_sync(0xffffffffu, square, step);
  if (threadIdx.x % 32 == 0) squares[threadIdx.x / 32] = square;
  __syncthreads();
  float total = 0;
  for (int i = 0; i < warps; i++) total += squares[i];
  const float factor = rsqrtf(total / static_cast<float>(p.hidden) + static_cast<float>(p.epsilon));
#pragma unroll
  for (int i = 0; i < kPiece; i++) sum[i] = sum[i] * factor * scale[i];
  if (real) {
    __nv_bfloat16* normed = reinterpret_cast<__nv_bfloat16*>(p.normed) + row * p.normed_stride + first;
    *reinterpret_cast<uint4*>(normed) = narrow(sum);
  }
}

}  // namespace

int tenon_add_norm_launch(const void* params, void* stream) {
  const tenon_add_norm& p = *static_cast<const tenon_add_norm*>(params);
  if (p.hidden % kPiece || p.hidden < kPiece || p.hidden > kMostWarps * 32 * kPiece || p.normed_stride % kPiece || p.normed % 16 ||
      p.residual % 16 || p.pending % 16 || p.scale % 16) {
    return cudaErrorInvalidValue;
  }
  if (p.max_rows == 0) return cudaSuccess;
  const unsigned threads = (p.hidden / kPiece + 31) / 32 * 32;
  return enqueue(add_norm, static_cast<unsigned>(p.max_rows), threads, 0, stream, Start::EARLY, p);
}
