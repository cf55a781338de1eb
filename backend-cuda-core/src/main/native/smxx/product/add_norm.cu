// Parts of a product's sums where they join the residual stream: join_parts and add_norm as one kernel.
#include "../elementwise/norm.cuh"
#include "../entry_points.h"
#include "plan.h"

namespace tenon::product {
namespace {

using elementwise::kPiece;

// A block per row, 8 elements per thread; [parts][rows][outputs padded to 16] in f32, added in the order of the parts.
template <int kMostThreads, bool kRanks>
__global__ void __launch_bounds__(kMostThreads) parts_add_norm(tenon_product product, const __grid_constant__ tenon_add_norm p, int parts) {
  __shared__ float squares[kMostThreads / 32];
  __shared__ uint32_t number;
  [[maybe_unused]] constexpr int kAtOnce = kMostThreads <= 256 ? 4 : kRanks ? 1 : 2;  // parts that a thread asks for together
  const int first = threadIdx.x * kPiece, row = blockIdx.x;
  const bool real = first < p.hidden;
  float scale[kPiece] = {}, bias[kPiece] = {}, sum[kPiece] = {}, added[kPiece] = {};
  if (real) elementwise::load8(reinterpret_cast<const float*>(p.scale) + first, scale);
  if (real && product.bias) elementwise::load8(reinterpret_cast<const float*>(product.bias) + first, bias);
  release_successor();
  wait_for_predecessor();
  const elementwise::RowSum<kRanks> exchange(p);
  const int rows = *reinterpret_cast<const int32_t*>(p.counts);
  if (row >= rows) return exchange.leave(p, rows);
  if (real) {
    if (!p.start) elementwise::load8(elementwise::residual_of(p, row), sum);
    const int64_t stride = (product.weights.outputs + 15) / 16 * 16;
    const float* from = reinterpret_cast<const float*>(product.workspace) + row * stride + first;
#pragma unroll kAtOnce
    for (int part = 0; part < parts; part++) {
      float value[kPiece];
      elementwise::load8(from + part * product.max_rows * stride, value);
#pragma unroll
      for (int i = 0; i < kPiece; i++) added[i] += value[i];
    }
#pragma unroll
    for (int i = 0; i < kPiece; i++) added[i] += bias[i];
  }
  exchange.add(p, row, added, &number);
  elementwise::add_and_normalise(p, row, sum, added, scale, true, squares);
}

}  // namespace

int launch_add_norm(const tenon_product_add_norm& p, int parts, void* stream) {
  const tenon_product& product = p.product;
  if (!product.unfinished || product.bias % 16 || product.y_type != TENON_BF16 || product.weights.outputs != p.norm.hidden ||
      product.y_stride != p.norm.hidden || product.max_rows != p.norm.max_rows || product.y != p.norm.pending) {
    return cudaErrorInvalidValue;
  }
  if (parts == 1) return tenon_add_norm_launch(&p.norm, stream);
  if (!elementwise::norm_is_possible(p.norm)) return cudaErrorInvalidValue;
  if (p.norm.max_rows == 0) return cudaSuccess;
  const unsigned rows = static_cast<unsigned>(p.norm.max_rows), threads = elementwise::norm_threads(p.norm);
  const auto launch = [&](auto* kernel) { return enqueue(kernel, rows, threads, 0, stream, Start::EARLY, product, p.norm, parts); };
  if (p.norm.peers.ranks) return threads <= 256 ? launch(parts_add_norm<256, true>) : launch(parts_add_norm<1024, true>);
  return threads <= 256 ? launch(parts_add_norm<256, false>) : launch(parts_add_norm<1024, false>);
}

}  // namespace tenon::product
