// Rows of a chunk after the convolution: K and Q as unit vectors, V as it is, all as tiles of f16 in shared memory.
#ifndef TENON_DELTA_NET_CONVOLVE_CUH
#define TENON_DELTA_NET_CONVOLVE_CUH

#include "plan.cuh"

namespace tenon::delta {

// A pair of a head's channels going down a warp's rows, kBatch at a time, whose inputs are on their way together. Beyond the
// prompt's end its last row comes again: β = 0 there keeps it from changing anything.
struct PairColumn {
  static constexpr int kBatch = 8;
  const bf16* next;
  int64_t stride;
  int left;  // rows of the prompt from here on
  float4 first, second;
  uint32_t x[kHistory + kBatch];

  // From a row of the chunk on. The inputs before a sequence's first row come from the window.
  __device__ __forceinline__ PairColumn(const tenon_delta_net& p, const Head& head, const Chunk& chunk, int channel, int row) {
    const Sequence& s = chunk.sequence;
    stride = p.projected_stride;
    left = chunk.rows - row;
    next = head.projected(p, s.first + chunk.first_row + row) + head.column(channel);
    const float4* taps = at<const float4>(p.convolution) + head.tap_index(channel);
    first = taps[0], second = taps[1];
    if (chunk.first_row + row > 0) {
#pragma unroll
      for (int j = 0; j < kHistory; j++) x[j] = load_pair(next + min(j - kHistory, left - 1) * stride);
    } else {
      const bf16* window = head.window(p, s.slot) + channel;
#pragma unroll
      for (int j = 0; j < kHistory; j++) x[j] = chunk.fresh ? 0u : load_pair(window + j * head.width);
    }
  }

  // Asks for the inputs of kBatch rows.
  __device__ __forceinline__ void load() {
    if (left >= kBatch) {
      const bf16* from = next;
#pragma unroll
      for (int j = 0; j < kBatch; j++) {
        x[kHistory + j] = load_pair(from);
        from += stride;
      }
    } else {
#pragma unroll 1
      for (int j = 0; j < kBatch; j++) {
        // shifted in at the end, so that no index into registers is needed
#pragma unroll
        for (int i = kHistory; i + 1 < kHistory + kBatch; i++) x[i] = x[i + 1];
        x[kHistory + kBatch - 1] = load_pair(next + min(j, left - 1) * stride);
      }
    }
  }

  // The j-th row of those.
  __device__ __forceinline__ float2 mixed(int j) const {
    return make_float2(silu(convolve(first, low(x[j]), low(x[j + 1]), low(x[j + 2]), low(x[j + 3]))),
                       silu(convolve(second, high(x[j]), high(x[j + 1]), high(x[j + 2]), high(x[j + 3]))));
  }

  __device__ __forceinline__ void go_on() {
    left -= kBatch;
    next += kBatch * stride;
#pragma unroll
    for (int j = 0; j < kHistory; j++) x[j] = x[kBatch + j];
  }
};

// Sums over the warp of eight values; the j-th is in lane holder(j), among others.
__device__ __forceinline__ float warp_sums(const float (&values)[8], int lane) {
  float four[4], two[2];
  const bool upper = lane & 16, odd_pair = lane & 8, odd = lane & 4;
#pragma unroll
  for (int i = 0; i < 4; i++) {
    four[i] = (upper ? values[4 + i] : values[i]) + __shfl_xor_sync(0xffffffffu, upper ? values[i] : values[4 + i], 16);
  }
#pragma unroll
  for (int i = 0; i < 2; i++) {
    two[i] = (odd_pair ? four[2 + i] : four[i]) + __shfl_xor_sync(0xffffffffu, odd_pair ? four[i] : four[2 + i], 8);
  }
  float one = (odd ? two[1] : two[0]) + __shfl_xor_sync(0xffffffffu, odd ? two[0] : two[1], 4);
  one += __shfl_xor_sync(0xffffffffu, one, 2);
  return one + __shfl_xor_sync(0xffffffffu, one, 1);
}
__device__ __forceinline__ constexpr int holder(int j) { return 4 * j; }

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
    float2 a[PairColumn::kBatch], b[PairColumn::kBatch];
    float squares[PairColumn::kBatch];
#pragma unroll
    for (int j = 0; j < PairColumn::kBatch; j++) {
      a[j] = first.mixed(j);
      b[j] = kPairs > 1 ? second.mixed(j) : make_float2(0.f, 0.f);
      squares[j] = holds ? fmaf(a[j].x, a[j].x, fmaf(a[j].y, a[j].y, fmaf(b[j].x, b[j].x, b[j].y * b[j].y))) : 0.f;
    }
    const float own_factor = rsqrtf(warp_sums(squares, lane) + 1e-6f);
    uint32_t* rows = tile + batch * (KeyDim / 2);  // the swizzle comes again every eight rows
#pragma unroll
    for (int j = 0; j < PairColumn::kBatch; j++) {
      const float factor = __shfl_sync(0xffffffffu, own_factor, holder(j));
#pragma unroll
      for (int i = 0; i < kPairs; i++) {
        const float2 y = i == 0 ? a[j] : b[j];
        if (holds) rows[element(j, channel + 64 * i, KeyDim / 8) / 2] = half_pair(y.x * factor, y.y * factor);
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
__device__ __forceinline__ void make_values(const tenon_delta_net& p, const Head& head, const Chunk& chunk, uint32_t* tile, int warp,
                                            int lane) {
  const int row = kPart * warp;
#pragma unroll 1
  for (int column = 2 * lane; column < head.value_dim; column += 64) {
    PairColumn pair(p, head, chunk, 2 * head.key_dim + column, row);
#pragma unroll 1
    for (int batch = row; batch < row + kPart; batch += PairColumn::kBatch) {
      pair.load();
      uint32_t* rows = tile + batch * (kMostValueDim / 2);
#pragma unroll
      for (int j = 0; j < PairColumn::kBatch; j++) {
        const float2 v = pair.mixed(j);
        rows[element(j, value_place(column), kMostValueDim / 8) / 2] = half_pair(v.x, v.y);
      }
      pair.go_on();
    }
  }
}

}  // namespace tenon::delta

#endif
