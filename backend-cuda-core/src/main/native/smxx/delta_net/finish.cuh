// The chunked form's last kernel: norms and gates the outputs in place. A warp works on two rows of a value head at a
// time.
#ifndef TENON_DELTA_NET_FINISH_CUH
#define TENON_DELTA_NET_FINISH_CUH

#include "plan.cuh"

namespace tenon::delta {

constexpr int kFinishThreads = 256;

__global__ void __launch_bounds__(kFinishThreads) delta_finish(const tenon_delta_net p, const Space space) {
  release_successor();
  wait_for_predecessor();
  if (blockIdx.z >= space.plan[0]) return;
  const Chunk chunk(p.rows, space, blockIdx.z);
  const Head head = own_head(p);
  const int lane = threadIdx.x & 31, warp = threadIdx.x >> 5;
  const float* scale = at<const float>(p.norm);
  const bool sigmoid_only = p.gate_activation == 1;
  constexpr int kParts = kMostValueDim / 64;
#pragma unroll 1
  for (int first = 2 * warp; first < chunk.rows; first += kFinishThreads / 16) {
    float2 o[2][kParts], z[2][kParts];
#pragma unroll
    for (int row = 0; row < 2; row++) {
      const int at_row = chunk.sequence.first + chunk.first_row + min(first + row, chunk.rows - 1);
#pragma unroll
      for (int i = 0; i < kParts; i++) {
        const int c = 2 * lane + 64 * i;
        o[row][i] = z[row][i] = make_float2(0.f, 0.f);
        if (c < head.value_dim) {
          o[row][i] = load2(head.out(p, at_row) + c);
          z[row][i] = load2(head.projected(p, at_row) + head.gate_column(c));
        }
      }
    }
#pragma unroll
    for (int row = 0; row < 2; row++) {
      if (first + row >= chunk.rows) break;
      float squares = 0.f;
#pragma unroll
      for (int i = 0; i < kParts; i++) squares = fmaf(o[row][i].x, o[row][i].x, fmaf(o[row][i].y, o[row][i].y, squares));
      const float factor = rsqrtf(warp_sum(squares) / head.value_dim + static_cast<float>(p.epsilon));
      bf16* out = head.out(p, chunk.sequence.first + chunk.first_row + first + row);
#pragma unroll
      for (int i = 0; i < kParts; i++) {
        const int c = 2 * lane + 64 * i;
        if (c >= head.value_dim) continue;
        const float2 w = load2(scale + c);
        store2(out + c, o[row][i].x * factor * w.x * output_gate(z[row][i].x, sigmoid_only),
               o[row][i].y * factor * w.y * output_gate(z[row][i].y, sigmoid_only));
      }
    }
  }
}

}  // namespace tenon::delta

#endif
