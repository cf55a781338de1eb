// Rows of a chunk after the convolution: K and Q as unit vectors, V as it is, all as tiles of f16 in shared memory.
#ifndef TENON_DELTA_NET_CONVOLVE_CUH
#define TENON_DELTA_NET_CONVOLVE_CUH

#include "plan.cuh"

namespace tenon::delta {

// A pair of a head's channels going down a warp's rows, kBatch at a time, whose inputs are on their way together.
struct PairColumn {
  static constexpr int kBatch = 8;
  const bf16* next;
  int64_t stride;
  int left;  // rows of the prompt from here on
  float4 first, second;
  uint32_t x[kHistory + kBatch];

  // From a row of the chunk on, a multiple of 4. The inputs before a sequence's first row come from the window.
  __device__ __forceinline__ PairColumn(const tenon_delta_net& p, const Head& head, const Chunk& chunk, int channel, int row) {
    const Sequence& s = chunk.sequence;
    stride = p.projected_stride;
    left = chunk.rows - row;
    next = head.projected(p, s.first + chunk.first_row + row) + head.column(channel);
    const float4* taps = at<const float4>(p.convolution) + head.tap_index(channel);
    first = taps[0], second = taps[1];
    const bool starts = chunk.first_row + row == 0;
    const bf16* before = starts ? head.window(p, s.slot) + channel : next - kHistory * stride;
    const int64_t step = starts ? head.width : stride;
#pragma unroll
    for (int j = 0; j < kHistory; j++) {
      x[j] = starts ? (chunk.fresh ? 0u : load_pair(before + j * step)) : left + kHistory > j ? load_pair(before + j * step) : 0u;
    }
  }

  // Asks for the inputs of kBatch rows.
  __device__ __forceinline__ void load() {
#pragma unroll
    for (int j = 0; j < kBatch; j++) {
      x[kHistory + j] = j < left ? load_pair(next) : 0u;
      next += stride;
    }
  }

  // The j-th row of those; zeros beyond the prompt's end.
  __device__ __forceinline__ float2 mixed(int j) const {
    const float a = convolve(first, low(x[j]), low(x[j + 1]), low(x[j + 2]), low(x[j + 3]));
    const float b = convolve(second, high(x[j]), high(x[j + 1]), high(x[j + 2]), high(x[j + 3]));
    return j < left ? make_float2(silu(a), silu(b)) : make_float2(0.f, 0.f);
  }

  __device__ __forceinline__ void go_on() {
    left -= kBatch;
#pragma unroll
    for (int j = 0; j < kHistory; j++) x[j] = x[kBatch + j];
  }
};

// A warp's 16 rows of K or Q, whose channels begin at `from`.
template <int KeyDim>
__device__ __forceinline__ void make_unit_rows(const tenon_delta_net& p, const Head& head, const Chunk& chunk, int from,
                                               uint32_t* tile) {
  constexpr int kPairs = (KeyDim + 63) / 64;
  const int lane = threadIdx.x & 31, row = threadIdx.x / 32 * kPart;
  const bool holds = 2 * lane < KeyDim;
  const int channel = holds ? 2 * lane : 0;
  PairColumn first(p, head, chunk, from + channel, row);
  PairColumn second(p, head, chunk, from + channel + (kPairs - 1) * 64, row);
#pragma unroll 1
  for (int batch = row; batch < row + kPart; batch += PairColumn::kBatch) {
    first.load();
    if (kPairs > 1) second.load();
#pragma unroll
    for (int j = 0; j < PairColumn::kBatch; j++) {
      const float2 a = first.mixed(j);
      const float2 b = kPairs > 1 ? second.mixed(j) : make_float2(0.f, 0.f);
      const float squares = fmaf(a.x, a.x, fmaf(a.y, a.y, fmaf(b.x, b.x, b.y * b.y)));
      const float factor = rsqrtf(warp_sum(holds ? squares : 0.f) + 1e-6f);
#pragma unroll
      for (int i = 0; i < kPairs; i++) {
        const float2 y = i == 0 ? a : b;
        if (holds) tile[element(batch + j, channel + 64 * i, KeyDim / 8) / 2] = half_pair(y.x * factor, y.y * factor);
      }
    }
    first.go_on();
    second.go_on();
  }
}

// Place of a column (even) of V among those of a tile. Of a group of 32 columns, a lane's sums are to be eight neighbours.
__device__ __forceinline__ int value_place(int column) {
  return (column & ~31) + (column & 6) * 4 + (column & 24) / 4;
}

// A warp's 16 rows of V, columns in the order of value_place().
__device__ __forceinline__ void make_values(const tenon_delta_net& p, const Head& head, const Chunk& chunk, uint32_t* tile) {
  const int lane = threadIdx.x & 31, row = threadIdx.x / 32 * kPart;
#pragma unroll 1
  for (int column = 2 * lane; column < head.value_dim; column += 64) {
    PairColumn pair(p, head, chunk, 2 * head.key_dim + column, row);
#pragma unroll 1
    for (int batch = row; batch < row + kPart; batch += PairColumn::kBatch) {
      pair.load();
#pragma unroll
      for (int j = 0; j < PairColumn::kBatch; j++) {
        const float2 v = pair.mixed(j);
        tile[element(batch + j, value_place(column), kMostValueDim / 8) / 2] = half_pair(v.x, v.y);
      }
      pair.go_on();
    }
  }
}

}  // namespace tenon::delta

#endif
