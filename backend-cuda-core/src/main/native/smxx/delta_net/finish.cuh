// The chunked form's last kernel: norms and gates the outputs in place. Half a warp works on a row of a value head, eight
// elements a lane.
#ifndef TENON_DELTA_NET_FINISH_CUH
#define TENON_DELTA_NET_FINISH_CUH

#include "plan.cuh"

namespace tenon::delta {

constexpr int kFinishThreads = 256;
constexpr int kFinishLanes = kMostValueDim / 8;
constexpr int kFinishRows = kChunk * kFinishLanes / kFinishThreads;  // of a thread

__global__ void __launch_bounds__(kFinishThreads, 3) delta_finish(const tenon_delta_net p, const Space space) {
  release_successor();
  wait_for_predecessor();
  if (blockIdx.z >= space.plan[0]) return;
  const Chunk chunk(p.rows, space, blockIdx.z);
  const Head head = own_head(p);
  const int column = threadIdx.x % kFinishLanes * 8;
  const bool holds = column < head.value_dim, sigmoid_only = p.gate_activation == 1;
  constexpr int kStep = kFinishThreads / kFinishLanes;
  const int first = threadIdx.x / kFinishLanes, row_of_step = chunk.sequence.first + chunk.first_row + first;
  bf16* const out = head.out(p, row_of_step) + column;
  const bf16* const gate = head.projected(p, row_of_step) + head.gate_column(column);
  const int64_t out_step = static_cast<int64_t>(kStep) * head.heads * head.value_dim, gate_step = kStep * p.projected_stride;
  // all rows are on their way together
  uint4 o[kFinishRows], z[kFinishRows];
#pragma unroll
  for (int i = 0; i < kFinishRows; i++) {
    const bool there = holds && first + i * kStep < chunk.rows;
    o[i] = there ? *reinterpret_cast<const uint4*>(out + i * out_step) : make_uint4(0, 0, 0, 0);
    z[i] = there ? *reinterpret_cast<const uint4*>(gate + i * gate_step) : make_uint4(0, 0, 0, 0);
  }
  float scale[8];
#pragma unroll
  for (int i = 0; i < 8; i++) scale[i] = holds ? at<const float>(p.norm)[column + i] : 0.f;
#pragma unroll
  for (int i = 0; i < kFinishRows; i++) {
    const uint32_t outputs[4] = {o[i].x, o[i].y, o[i].z, o[i].w}, gates[4] = {z[i].x, z[i].y, z[i].z, z[i].w};
    float squares = 0.f;
#pragma unroll
    for (int w = 0; w < 4; w++) squares = fmaf(low(outputs[w]), low(outputs[w]), fmaf(high(outputs[w]), high(outputs[w]), squares));
#pragma unroll
    for (int step = kFinishLanes / 2; step > 0; step >>= 1) squares += __shfl_xor_sync(0xffffffffu, squares, step);
    const float factor = rsqrtf(squares / head.value_dim + static_cast<float>(p.epsilon));
    uint32_t words[4];
#pragma unroll
    for (int w = 0; w < 4; w++) {
      words[w] = pair_of(low(outputs[w]) * factor * scale[2 * w] * output_gate(low(gates[w]), sigmoid_only),
                         high(outputs[w]) * factor * scale[2 * w + 1] * output_gate(high(gates[w]), sigmoid_only));
    }
    if (holds && first + i * kStep < chunk.rows) {
      *reinterpret_cast<uint4*>(out + i * out_step) = make_uint4(words[0], words[1], words[2], words[3]);
    }
  }
}

}  // namespace tenon::delta

#endif
