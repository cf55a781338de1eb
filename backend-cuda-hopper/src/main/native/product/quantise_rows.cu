// Quantises rows of bf16, a warp each.
#include "quantise_rows.h"

#include "device/quantise.cuh"

namespace tenon::product {
namespace {

constexpr int kWarps = 4;

__global__ void __launch_bounds__(kWarps * 32) quantise_rows(RowsToQuantise rows) {
  wait_for_predecessor();
  release_successor();
  const int row = blockIdx.x * kWarps + threadIdx.x / 32;
  if (row >= min(*reinterpret_cast<const int32_t*>(rows.count), rows.max_rows)) return;
  const int64_t stretches = (rows.inputs + kStretch - 1) / kStretch;
  quantise_row(reinterpret_cast<const __nv_bfloat16*>(rows.x) + row * rows.stride, rows.inputs,
               reinterpret_cast<unsigned char*>(rows.to) + row * stretches * kStretch,
               reinterpret_cast<float*>(rows.scales) + row * stretches);
}

}  // namespace

int launch_quantise_rows(const RowsToQuantise& rows, void* stream) {
  if (rows.max_rows == 0) return cudaSuccess;
  return enqueue(quantise_rows, (rows.max_rows + kWarps - 1) / kWarps, kWarps * 32, 0, stream, Start::EARLY, rows);
}

}  // namespace tenon::product
