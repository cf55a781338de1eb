// The chunked form's second kernel: carries the state over a sequence's chunks.
//
// A block works on 32 columns of the state of a value head of a sequence, each of its two warps alone on 16 of them:
// every matrix is transposed, so that columns of values are the rows of the tensor cores' sums, and all that depends on
// the state stays in a warp's registers. From chunk to chunk, with S the state before the chunk:
//
//   R = β ⊙ (V − e^G ⊙ K S),   V' = T R,   O = e^G ⊙ Q S + P V',   S ← e^(G_last) S + Kᵀ (e^(G_last − G) ⊙ V')
//
// Operands that come from registers are rounded to tf32; tiles are f16, which tf32 holds exactly.
#ifndef TENON_DELTA_NET_ADVANCE_CUH
#define TENON_DELTA_NET_ADVANCE_CUH

#include "../../device/delta_tiles.cuh"
#include "plan.cuh"

namespace tenon::delta {

constexpr int kAdvanceThreads = 64;
constexpr int kAdvanceColumns = 32;
constexpr int kValueStride = kAdvanceColumns + 4;  // so that the rows that a warp reads at a time fall into different banks
constexpr int kRowTiles = kChunk / 8;

// One chunk's operands in shared memory; two of them, used in turn.
template <int KeyDim>
struct Stage {
  uint4 k[kChunk * KeyDim / 8];
  uint4 q[kChunk * KeyDim / 8];
  uint4 t[kChunk * kChunk / 8];
  uint4 p[kChunk * kChunk / 8];
  float gates[3][kChunk];
  float values[kChunk * kValueStride];  // and in their place, later, the outputs
};

template <int KeyDim>
__device__ __forceinline__ void load_stage(Stage<KeyDim>& stage, const tenon_delta_net& p, const Space& space, const Head& head,
                                           int chunk, int first_column) {
  const int thread = again(threadIdx.x);
  const int64_t place = chunk * head.heads + head.index;
  const uint4* keys = reinterpret_cast<const uint4*>(space.keys) + static_cast<int64_t>(chunk * gridDim.y + head.key_head) * (2 * kChunk * KeyDim / 8);
#pragma unroll 4
  for (int i = thread; i < 2 * kChunk * KeyDim / 8; i += kAdvanceThreads) copy_async16(stage.k + i, keys + i);
  const uint4* triangles = reinterpret_cast<const uint4*>(space.triangles) + place * (2 * kChunk * kChunk / 8);
#pragma unroll 4
  for (int i = thread; i < 2 * kChunk * kChunk / 8; i += kAdvanceThreads) copy_async16(stage.t + i, triangles + i);
  const uint4* gates = reinterpret_cast<const uint4*>(space.gates + place * 3 * kChunk);
  if (thread < 3 * kChunk / 4) copy_async16(&stage.gates[0][4 * thread], gates + thread);
  const float* values = space.values + place * kChunk * head.value_dim + first_column;
#pragma unroll 4
  for (int i = thread; i < kChunk * kAdvanceColumns / 4; i += kAdvanceThreads) {
    const int row = i / (kAdvanceColumns / 4), column = i % (kAdvanceColumns / 4) * 4;
    copy_async16(stage.values + row * kValueStride + column, values + row * head.value_dim + column);
  }
}

// x = Sᵀ Kᵀ and o = Sᵀ Qᵀ
template <int KeyDim>
__device__ __forceinline__ void read_state(const Stage<KeyDim>& stage, const float (&held)[KeyDim / 8][4],
                                           float (&x)[kRowTiles][4], float (&o)[kRowTiles][4], int lane) {
#pragma unroll
  for (int block = 0; block < KeyDim / 32; block++) {
    uint32_t s[4][4];
#pragma unroll
    for (int i = 0; i < 4; i++) operand(s[i], held[4 * block + i]);
#pragma unroll
    for (int n = 0; n < kRowTiles; n += 2) {
      uint32_t k[2][4], q[2][4];
#pragma unroll
      for (int m = 0; m < 2; m++) {
        const int unit = swizzled(8 * (n + m) + (lane & 7), 4 * block + (lane >> 3), KeyDim / 8);
        load_matrices(k[m], stage.k + unit);
        load_matrices(q[m], stage.q + unit);
      }
#pragma unroll
      for (int i = 0; i < 4; i++) {
        multiply(x[n], s[i], k[0][i]);
        multiply(o[n], s[i], q[0][i]);
        multiply(x[n + 1], s[i], k[1][i]);
        multiply(o[n + 1], s[i], q[1][i]);
      }
    }
  }
}

// sum += r · tᵀ with t lower triangular
__device__ __forceinline__ void multiply_triangle(float (&sum)[kRowTiles][4], const uint32_t (&r)[kRowTiles][4], const uint4* t,
                                                  int lane) {
#pragma unroll
  for (int block = 0; block < 2; block++) {
#pragma unroll
    for (int n = 4 * block; n < kRowTiles; n += 2) {
      uint32_t words[2][4];
#pragma unroll
      for (int m = 0; m < 2; m++) {
        load_matrices(words[m], t + swizzled(8 * (n + m) + (lane & 7), 4 * block + (lane >> 3), kChunk / 8));
      }
#pragma unroll
      for (int i = 0; i < 4; i++) {
        if (4 * block + i <= n) multiply(sum[n], r[4 * block + i], words[0][i]);
        if (4 * block + i <= n + 1) multiply(sum[n + 1], r[4 * block + i], words[1][i]);
      }
    }
  }
}

// held = decay · held + v · K
template <int KeyDim>
__device__ __forceinline__ void update_state(float (&held)[KeyDim / 8][4], float decay, const uint32_t (&v)[kRowTiles][4],
                                             const uint4* k, int lane) {
#pragma unroll
  for (int n = 0; n < KeyDim / 8; n++) {
    held[n][0] *= decay, held[n][1] *= decay, held[n][2] *= decay, held[n][3] *= decay;
  }
#pragma unroll
  for (int block = 0; block < 2; block++) {
#pragma unroll
    for (int n = 0; n < KeyDim / 8; n += 4) {
      uint32_t words[4][4];
#pragma unroll
      for (int m = 0; m < 4; m++) load_matrices_transposed(words[m], k + swizzled(32 * block + lane, n + m, KeyDim / 8));
#pragma unroll
      for (int i = 0; i < 4; i++) {
#pragma unroll
        for (int m = 0; m < 4; m++) multiply(held[n + m], v[4 * block + i], words[m][i]);
      }
    }
  }
}

// One chunk of a warp's 16 columns, the first of which is `column` of the stage. Outputs take the place of the values.
template <int KeyDim>
__device__ __forceinline__ void advance_chunk(Stage<KeyDim>& stage, float (&held)[KeyDim / 8][4], int column) {
  const int lane = again(threadIdx.x & 31);
  float* values = stage.values + 2 * (lane & 3) * kValueStride + column + lane / 4;
  const float query_scale = rsqrtf(static_cast<float>(KeyDim));
  float x[kRowTiles][4] = {}, o[kRowTiles][4] = {};
  uint32_t r[kRowTiles][4];
  read_state<KeyDim>(stage, held, x, o, lane);
#pragma unroll
  for (int n = 0; n < kRowTiles; n++) {
    if (n % 4 == 0) __syncwarp();  // so that no more than four tiles' loads are on their way, and registers suffice
    const float2 decay = load2(&stage.gates[0][8 * n + 2 * (lane & 3)]), beta = load2(&stage.gates[1][8 * n + 2 * (lane & 3)]);
    const float* v = values + 8 * n * kValueStride;
    x[n][0] = beta.x * fmaf(-decay.x, x[n][0], v[0]);
    x[n][1] = beta.y * fmaf(-decay.y, x[n][1], v[kValueStride]);
    x[n][2] = beta.x * fmaf(-decay.x, x[n][2], v[8]);
    x[n][3] = beta.y * fmaf(-decay.y, x[n][3], v[kValueStride + 8]);
    o[n][0] *= decay.x, o[n][1] *= decay.y, o[n][2] *= decay.x, o[n][3] *= decay.y;
    operand(r[n], x[n]);
    x[n][0] = x[n][1] = x[n][2] = x[n][3] = 0.f;
  }
  multiply_triangle(x, r, stage.t, lane);
#pragma unroll
  for (int n = 0; n < kRowTiles; n++) operand(r[n], x[n]);
  multiply_triangle(o, r, stage.p, lane);
#pragma unroll
  for (int n = 0; n < kRowTiles; n++) {
    const float2 rest = load2(&stage.gates[2][8 * n + 2 * (lane & 3)]);
    float* to = values + 8 * n * kValueStride;
    to[0] = o[n][0] * query_scale;
    to[kValueStride] = o[n][1] * query_scale;
    to[8] = o[n][2] * query_scale;
    to[kValueStride + 8] = o[n][3] * query_scale;
    x[n][0] *= rest.x, x[n][1] *= rest.y, x[n][2] *= rest.x, x[n][3] *= rest.y;
    operand(r[n], x[n]);
  }
  update_state<KeyDim>(held, stage.gates[0][kChunk - 1], r, stage.k, lane);
}

template <int KeyDim, typename State>
__global__ void __launch_bounds__(kAdvanceThreads) delta_advance(const tenon_delta_net p, const Space space, int segment_first) {
  TENON_DYNAMIC_SHARED(Stage<KeyDim>, stages);
  release_successor();
  wait_for_predecessor();
  if (segment_first >= space.plan[0]) return;
  const int splits = static_cast<int>(p.value_dim) / kAdvanceColumns;
  const int place = space.chunked_of()[segment_first] + static_cast<int>(blockIdx.z) / splits;
  if (place >= space.plan[1]) return;
  const Sequence s = sequence_at(p.rows, space.sequence_of()[place]);
  const int first_chunk = space.first_chunk_of()[place] - segment_first;
  const int chunks = (s.committed + kChunk - 1) / kChunk;
  const int from = max(0, -first_chunk), to = min(chunks, space.segment - first_chunk);
  if (from >= to) return;
  const Head head = own_head(p);
  const int first_column = static_cast<int>(blockIdx.z) % splits * kAdvanceColumns;
  load_stage(stages[from & 1], p, space, head, first_chunk + from, first_column);
  copy_commit();

  const int lane = threadIdx.x & 31, warp = threadIdx.x >> 5;
  State* state = head.state<State>(p, s.slot);
  const int column = first_column + 16 * warp + lane / 4;
  const bool zero = from == 0 && is_fresh(p.rows, s);
  float held[KeyDim / 8][4];
#pragma unroll
  for (int n = 0; n < KeyDim / 8; n++) {
#pragma unroll
    for (int part = 0; part < 2; part++) {
      const int key = 8 * n + 2 * (lane & 3);
      const float2 pair = zero ? make_float2(0.f, 0.f) : load2(state + state_index(key, column + 8 * part, head.value_dim));
      held[n][2 * part] = pair.x, held[n][2 * part + 1] = pair.y;
    }
  }
  for (int chunk = from; chunk < to; chunk++) {
    Stage<KeyDim>& stage = stages[chunk & 1];
    const Head head = own_head(p);
    copy_wait<0>();
    __syncthreads();
    if (chunk + 1 < to) load_stage(stages[(chunk + 1) & 1], p, space, head, first_chunk + chunk + 1, first_column);
    copy_commit();
    advance_chunk<KeyDim>(stage, held, 16 * warp);
    __syncwarp();
    // two lanes write the warp's 16 columns of a row; they are not normed yet
    for (int row = lane / 2; row < min(kChunk, s.committed - chunk * kChunk); row += 16) {
      const int eight = 16 * warp + 8 * (lane & 1);
      const float4* o = reinterpret_cast<const float4*>(stage.values + row * kValueStride + eight);
      const float4 a = o[0], b = o[1];
      bf16* out = own_head(p).out(p, s.first + chunk * kChunk + row) + first_column + eight;
      *reinterpret_cast<uint4*>(out) = make_uint4(pair_of(a.x, a.y), pair_of(a.z, a.w), pair_of(b.x, b.y), pair_of(b.z, b.w));
    }
  }
  const int stored_column = again(column);
#pragma unroll
  for (int n = 0; n < KeyDim / 8; n++) {
#pragma unroll
    for (int part = 0; part < 2; part++) {
      store2(state + state_index(8 * n + 2 * (lane & 3), stored_column + 8 * part, head.value_dim), held[n][2 * part], held[n][2 * part + 1]);
    }
  }
  if (to < chunks) return;
  // the last inputs become the window; a block writes its own columns of v, the first one q and k too
  const int own = 2 * KeyDim + first_column;
  const int pairs = (first_column == 0 ? own + kAdvanceColumns : kAdvanceColumns) / 2;
  for (int i = threadIdx.x; i < kHistory * pairs; i += kAdvanceThreads) {
    const int row = i / pairs, channel = (first_column == 0 ? 0 : own) + i % pairs * 2;
    const bf16* input = head.projected(p, s.first + s.committed - kHistory + row) + head.column(channel);
    store_pair(head.window(p, s.slot) + row * head.width + channel, load_pair(input));
  }
}

}  // namespace tenon::delta

#endif
