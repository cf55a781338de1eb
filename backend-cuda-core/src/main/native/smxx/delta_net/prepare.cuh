// The chunked form's first kernel: what a chunk of 64 rows needs that does not depend on the state before it.
//
// A block works on a value head of a chunk. With G the running sum of log decays within the chunk, D_ij = e^(G_i − G_j)
// for i ≥ j and 0 elsewhere, and unit vectors K and Q:
//
//   A = below the diagonal of diag(β)·(K Kᵀ ⊙ D),   T = (I + A)⁻¹,   P = (Q Kᵀ ⊙ D)
//
// Rows beyond the end of a prompt are zero with β = 0 and no decay, which changes nothing.
#ifndef TENON_DELTA_NET_PREPARE_CUH
#define TENON_DELTA_NET_PREPARE_CUH

#include "../../device/delta_tiles.cuh"
#include "plan.cuh"

namespace tenon::delta {

constexpr int kPrepareThreads = 128;
constexpr int kWarpRows = kChunk / (kPrepareThreads / 32);
constexpr int kMatrixStride = kChunk + 4;  // of A and T in shared memory

// The tiles K and Q, and where those are used up, A (by columns) and T in f32.
inline int prepare_memory_bytes(int key_dim) {
  const int tiles = 2 * 2 * kChunk * key_dim, matrices = 2 * 4 * kChunk * kMatrixStride;
  return tiles > matrices ? tiles : matrices;
}

// The inputs of one pair of a head's channels, by rows of the sequence; those before it come from the window.
struct ChunkInputs {
  const bf16* window;
  const bf16* projected;
  int64_t stride;
  int width, end;
  bool fresh;

  __device__ __forceinline__ uint32_t operator[](int row) const {
    const bf16* from = row < 0 ? window + (kHistory + row) * width : projected + min(row, end - 1) * stride;
    const uint32_t pair = load_pair(from);
    return row >= end || (row < 0 && fresh) ? 0u : pair;
  }
};

// A pair of channels going down the rows, kBatch at a time, whose inputs are on their way together.
struct PairColumn {
  static constexpr int kBatch = 8;
  ChunkInputs inputs;
  float4 first, second;
  uint32_t x[kHistory + kBatch];

  __device__ __forceinline__ PairColumn(const tenon_delta_net& p, const Head& head, const Chunk& chunk, int channel, int row) {
    const Sequence& s = chunk.sequence;
    inputs = {head.window(p, s.slot) + channel, head.projected(p, s.first) + head.column(channel), p.projected_stride,
              head.width, s.committed, chunk.fresh};
    const float4* taps = at<const float4>(p.convolution) + head.tap_index(channel);
    first = taps[0], second = taps[1];
#pragma unroll
    for (int j = 0; j < kHistory; j++) x[j] = inputs[row - kHistory + j];
  }

  // Asks for the inputs of kBatch rows.
  __device__ __forceinline__ void load(int row) {
#pragma unroll
    for (int j = 0; j < kBatch; j++) x[kHistory + j] = inputs[row + j];
  }

  // The j-th row of those; `row` is its number.
  __device__ __forceinline__ float2 mixed(int j, int row) const {
    const float a = convolve(first, low(x[j]), low(x[j + 1]), low(x[j + 2]), low(x[j + 3]));
    const float b = convolve(second, high(x[j]), high(x[j + 1]), high(x[j + 2]), high(x[j + 3]));
    return row < inputs.end ? make_float2(silu(a), silu(b)) : make_float2(0.f, 0.f);
  }

  __device__ __forceinline__ void go_on() {
#pragma unroll
    for (int j = 0; j < kHistory; j++) x[j] = x[kBatch + j];
  }
};

// A warp's rows of K or Q (whose channels begin at `from`): convolution, unit length, tile.
template <int KeyDim>
__device__ __forceinline__ void make_unit_rows(const tenon_delta_net& p, const Head& head, const Chunk& chunk, int from,
                                               uint32_t* tile, uint32_t* copy) {
  constexpr int kPairs = (KeyDim + 63) / 64;
  const int lane = threadIdx.x & 31;
  const int row = threadIdx.x / 32 * kWarpRows;
  const bool holds = 2 * lane < KeyDim;
  const int channel = holds ? 2 * lane : 0;
  PairColumn first(p, head, chunk, from + channel, chunk.first_row + row);
  PairColumn second(p, head, chunk, from + channel + (kPairs - 1) * 64, chunk.first_row + row);
#pragma unroll 1
  for (int batch = row; batch < row + kWarpRows; batch += PairColumn::kBatch) {
    first.load(chunk.first_row + batch);
    if (kPairs > 1) second.load(chunk.first_row + batch);
#pragma unroll
    for (int j = 0; j < PairColumn::kBatch; j++) {
      const int r = batch + j;
      const float2 a = first.mixed(j, chunk.first_row + r);
      const float2 b = kPairs > 1 ? second.mixed(j, chunk.first_row + r) : make_float2(0.f, 0.f);
      const float squares = holds ? fmaf(a.x, a.x, fmaf(a.y, a.y, fmaf(b.x, b.x, b.y * b.y))) : 0.f;
      const float factor = rsqrtf(warp_sum(squares) + 1e-6f);
#pragma unroll
      for (int i = 0; i < kPairs; i++) {
        const float2 y = i == 0 ? a : b;
        const uint32_t pair = half_pair(y.x * factor, y.y * factor);
        const int word = element(r, channel + 64 * i, KeyDim / 8) / 2;
        if (holds) tile[word] = pair;
        if (holds && copy != nullptr) copy[word] = pair;
      }
    }
    first.go_on();
    second.go_on();
  }
}

// The values after the convolution, f32.
__device__ __forceinline__ void make_values(const tenon_delta_net& p, const Head& head, const Chunk& chunk, float* values) {
  const int lane = threadIdx.x & 31;
  const int row = threadIdx.x / 32 * kWarpRows;
#pragma unroll 1
  for (int column = 2 * lane; column < head.value_dim; column += 64) {
    PairColumn pair(p, head, chunk, 2 * head.key_dim + column, chunk.first_row + row);
#pragma unroll 1
    for (int batch = row; batch < row + kWarpRows; batch += PairColumn::kBatch) {
      pair.load(chunk.first_row + batch);
#pragma unroll
      for (int j = 0; j < PairColumn::kBatch; j++) {
        const float2 v = pair.mixed(j, chunk.first_row + batch + j);
        store2(values + (batch + j) * head.value_dim + column, v.x, v.y);
      }
      pair.go_on();
    }
  }
}

// Running sums of log decays and β of a chunk, to shared memory and, as their users want them, to the workspace; a warp.
__device__ __forceinline__ void make_gates(const tenon_delta_net& p, const Head& head, const Chunk& chunk, float* sums,
                                           float* betas, float* gates) {
  const int lane = threadIdx.x & 31;
  float log_gate[2], beta[2];
#pragma unroll
  for (int i = 0; i < 2; i++) {
    const int row = 2 * lane + i;
    log_gate[i] = beta[i] = 0.f;
    if (row < chunk.rows) {
      const float* from = head.gate_inputs(p, chunk.sequence.first + chunk.first_row + row);
      beta[i] = sigmoid(from[0]);
      log_gate[i] = log_decay(at<const float>(p.decay_log)[head.index], from[head.repeat], at<const float>(p.time_bias)[head.index]);
    }
  }
  float sum = log_gate[0] + log_gate[1];
#pragma unroll
  for (int step = 1; step < 32; step <<= 1) {
    const float other = __shfl_up_sync(0xffffffffu, sum, step);
    if (lane >= step) sum += other;
  }
  const float last = __shfl_sync(0xffffffffu, sum, 31);
  float before = __shfl_up_sync(0xffffffffu, sum, 1);
  if (lane == 0) before = 0.f;
  const float upto[2] = {before + log_gate[0], sum};
#pragma unroll
  for (int i = 0; i < 2; i++) {
    const int row = 2 * lane + i;
    sums[row] = upto[i];
    betas[row] = beta[i];
    gates[row] = expf(upto[i]);
    gates[kChunk + row] = beta[i];
    gates[2 * kChunk + row] = expf(last - upto[i]);
  }
}

// Columns of T = (I + A)⁻¹, one per thread, by blocks of 16 rows. A lies by columns; T is zero above the diagonal, where
// columns beyond a warp's first are not written.
__device__ __forceinline__ void invert(const float* a, float* t, int column) {
  const int first_block = column / 32 * 2;
  for (int block = first_block; block < kChunk / 16; block++) {
    float sum[16] = {};
    for (int m = first_block * 16; m < block * 16; m++) {
      const float x = t[m * kMatrixStride + column];
      const float4* from = reinterpret_cast<const float4*>(a + m * kMatrixStride + block * 16);
#pragma unroll
      for (int i = 0; i < 4; i++) {
        const float4 b = from[i];
        sum[4 * i] = fmaf(b.x, x, sum[4 * i]), sum[4 * i + 1] = fmaf(b.y, x, sum[4 * i + 1]);
        sum[4 * i + 2] = fmaf(b.z, x, sum[4 * i + 2]), sum[4 * i + 3] = fmaf(b.w, x, sum[4 * i + 3]);
      }
    }
#pragma unroll
    for (int s = 0; s < 16; s++) {
      const int row = block * 16 + s;
      const float x = (row == column ? 1.f : 0.f) - sum[s];
      t[row * kMatrixStride + column] = x;
      const float* from = a + row * kMatrixStride + block * 16;
#pragma unroll
      for (int r = s + 1; r < 16; r++) sum[r] = fmaf(from[r], x, sum[r]);
    }
  }
}

template <int KeyDim>
__global__ void __launch_bounds__(kPrepareThreads) delta_prepare(const tenon_delta_net p, const Space space, int segment_first) {
  TENON_DYNAMIC_SHARED(unsigned char, memory);
  __shared__ float sums[kChunk], betas[kChunk];
  constexpr int kUnits = KeyDim / 8;
  release_successor();
  wait_for_predecessor();
  const int in_segment = blockIdx.z, index = segment_first + in_segment;
  if (index >= space.plan[0]) return;
  const Chunk chunk(p.rows, space, index);
  const Head head = own_head(p);
  const int lane = threadIdx.x & 31, warp = threadIdx.x >> 5;
  const int64_t place = in_segment * head.heads + head.index;

  uint4* k_tile = reinterpret_cast<uint4*>(memory);
  uint4* q_tile = k_tile + kChunk * kUnits;
  uint4* keys = reinterpret_cast<uint4*>(space.keys) + static_cast<int64_t>(in_segment * gridDim.y + head.key_head) * 2 * kChunk * kUnits;
  const bool writes_keys = head.in_group == 0;
  make_unit_rows<KeyDim>(p, head, chunk, KeyDim, reinterpret_cast<uint32_t*>(k_tile),
                         writes_keys ? reinterpret_cast<uint32_t*>(keys) : nullptr);
  make_unit_rows<KeyDim>(p, head, chunk, 0, reinterpret_cast<uint32_t*>(q_tile),
                         writes_keys ? reinterpret_cast<uint32_t*>(keys + kChunk * kUnits) : nullptr);
  make_values(p, head, chunk, space.values + place * kChunk * head.value_dim);
  if (warp == 0) make_gates(p, head, chunk, sums, betas, space.gates + place * 3 * kChunk);
  __syncthreads();

  // a warp's 16 rows of K Kᵀ and Q Kᵀ, up to the diagonal
  float kk[kChunk / 8][4] = {}, qk[kChunk / 8][4] = {};
  const int a_row = 16 * warp + (lane & 15), a_unit = lane >> 4;
  const int b_row = (lane & 7) + (lane >> 4) * 8, b_unit = lane >> 3 & 1;
#pragma unroll
  for (int step = 0; step < KeyDim / 16; step++) {
    uint32_t k[4], q[4];
    load_matrices(k, k_tile + swizzled(a_row, 2 * step + a_unit, kUnits));
    load_matrices(q, q_tile + swizzled(a_row, 2 * step + a_unit, kUnits));
#pragma unroll
    for (int n = 0; n < kChunk / 16; n++) {
      if (n > warp) continue;
      uint32_t b[4];
      load_matrices(b, k_tile + swizzled(16 * n + b_row, 2 * step + b_unit, kUnits));
      mma_f16(kk[2 * n], k, b[0], b[1]);
      mma_f16(qk[2 * n], q, b[0], b[1]);
      mma_f16(kk[2 * n + 1], k, b[2], b[3]);
      mma_f16(qk[2 * n + 1], q, b[2], b[3]);
    }
  }
  __syncthreads();

  float* a = reinterpret_cast<float*>(memory);
  float* t = a + kChunk * kMatrixStride;
  uint32_t* t_tile = reinterpret_cast<uint32_t*>(space.triangles + place * 2 * kChunk * kChunk);
  uint32_t* p_tile = t_tile + kChunk * kChunk / 2;
#pragma unroll
  for (int n = 0; n < kChunk / 8; n++) {
    if (n > 2 * warp + 1) continue;
#pragma unroll
    for (int part = 0; part < 2; part++) {
      const int i = 16 * warp + 8 * part + lane / 4, j = 8 * n + 2 * (lane & 3);
      const float first = j <= i ? expf(sums[i] - sums[j]) : 0.f;
      const float second = j + 1 <= i ? expf(sums[i] - sums[j + 1]) : 0.f;
      a[j * kMatrixStride + i] = j < i ? betas[i] * kk[n][2 * part] * first : 0.f;
      a[(j + 1) * kMatrixStride + i] = j + 1 < i ? betas[i] * kk[n][2 * part + 1] * second : 0.f;
      p_tile[element(i, j, kChunk / 8) / 2] = half_pair(qk[n][2 * part] * first, qk[n][2 * part + 1] * second);
    }
  }
  __syncthreads();
  if (threadIdx.x < kChunk) invert(a, t, threadIdx.x);
  __syncthreads();
  for (int i = threadIdx.x; i < kChunk * kChunk / 2; i += kPrepareThreads) {
    const int row = i / (kChunk / 2), column = i % (kChunk / 2) * 2;
    if (column / 8 > row / 8) continue;
    const float2 pair = load2(t + row * kMatrixStride + column);
    t_tile[element(row, column, kChunk / 8) / 2] = half_pair(pair.x, pair.y);
  }
}

}  // namespace tenon::delta

#endif
