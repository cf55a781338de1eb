// The chunked form's last kernel: norms and gates the outputs in place. A warp works on rows of a value head.
#ifndef TENON_DELTA_NET_FINISH_CUH
#define TENON_DELTA_NET_FINISH_CUH

#include "plan.cuh"

namespace tenon::delta {

constexpr int kFinishThreads = 256;

__global__ void __launch_bounds__(kFinishThreads) delta_finish(const tenon_delta_net p, const Space space) {
  release_successor();
  wait_for_predecessor();
  if (blockIdx.x >= space.plan[0]) return;
  const Chunk chunk(p.rows, space, blockIdx.x);
  const Head head(p, blockIdx.y);
  const int lane = threadIdx.x & 31, warp = threadIdx.x >> 5;
  const float* scale = at<const float>(p.norm);
  const bool sigmoid_only = p.gate_activation == 1;
  for (int row = warp; row < chunk.rows; row += kFinishThreads / 32) {
    const int64_t at_row = chunk.sequence.first + chunk.first_row + row;
    bf16* out = head.out(p, at_row);
    const bf16* gates = head.projected(p, at_row) + head.gate_column(0);
    float squares = 0.f;
    for (int c = 2 * lane; c < head.value_dim; c += 64) {
      const float2 o = load2(out + c);
      squares = fmaf(o.x, o.x, fmaf(o.y, o.y, squares));
    }
    const float factor = rsqrtf(warp_sum(squares) / head.value_dim + static_cast<float>(p.epsilon));
    for (int c = 2 * lane; c < head.value_dim; c += 64) {
      const float2 o = load2(out + c), z = load2(gates + c), w = load2(scale + c);
      store2(out + c, o.x * factor * w.x * output_gate(z.x, sigmoid_only), o.y * factor * w.y * output_gate(z.y, sigmoid_only));
    }
  }
}

}  // namespace tenon::delta

#endif
