// The chunked form's second kernel: carries the state over a sequence's chunks.
//
// A block works on 64 columns of the state of a value head of a sequence. From chunk to chunk, with S the state before it:
//
//   V' = U − W S,   O = e^G ⊙ Q S / √key_dim + P V',   S ← e^(G_last) S + Kᵀ (e^(G_last − G) ⊙ V')
//
// Half of the warps carry the state, the others make the outputs meanwhile. S and V' go from warp to warp as tiles of f16
// in shared memory; S itself stays in f32 in registers. What prepare made is read by one warp only, straight into the
// registers where the tensor cores take it, as soon as those are done with that of the chunk before.
//
//   state:    V' = U − W S │ S ← … Kᵀ V' │ V' of the next chunk …
//   outputs:  O = Q S      │ O += P V'   │ O of the next chunk …
#ifndef TENON_DELTA_NET_ADVANCE_CUH
#define TENON_DELTA_NET_ADVANCE_CUH

#include "../../device/block_barrier.cuh"
#include "column_tile.cuh"
#include "plan.cuh"

namespace tenon::delta {

constexpr int kAdvanceThreads = 2 * 32 * kRowParts;
constexpr int kAdvanceColumns = kTileColumns;
constexpr int kBlockGroups = kAdvanceColumns / kGroupColumns;

// All warps of a block meet, each half from its own place in the code: it meets by itself, then one warp of it arrives where
// the other half waits. A barrier of the whole block reached from two places would do on the card, but compute-sanitizer
// takes it for one that some threads miss. Turns 0 and 1 alternate: an arrival must not be taken for one of the turn before.
enum class Half { STATE, OUTPUTS };

template <Half kHalf, int kTurn>
__device__ __forceinline__ void meet(int warp) {
  constexpr int kThreads = kAdvanceThreads / 2, kOwn = kHalf == Half::STATE ? 0 : 1;
  block_barrier_sync(1 + kOwn, kThreads);
  if (warp == 0) block_barrier_arrive(3 + 2 * kTurn + (1 - kOwn), kThreads + 32);
  block_barrier_sync(3 + 2 * kTurn + kOwn, kThreads + 32);
}

// Tiles.
template <int KeyDim>
struct AdvanceMemory {
  uint4 state[KeyDim * kColumnTiles];         // by keys
  uint4 deltas[kChunk * kColumnTiles];        // V' by rows
  uint4 faded_deltas[kChunk * kColumnTiles];  // e^(G_last − G) ⊙ V'
};

// What a block works on: chunks `from` … `to` − 1 of a sequence, the first of which is chunk `in_segment` of the segment.
struct Stretch {
  Sequence sequence;
  int from, to, in_segment;
  int first_column;
  int groups;  // of 32 columns; the last block of a head may have one only

  // The chunk to ask for while `chunk` is worked on. After the last one that is itself, in vain: a branch around the loads
  // would take more registers than there are.
  __device__ __forceinline__ int after(int chunk) const { return min(chunk + 1, to - 1); }

  // Parts of a matrix that is kept by key heads or value heads, of a chunk of the sequence.
  __device__ __forceinline__ int by_key_head(int chunk, const Head& head) const {
    return (in_segment + chunk - from) * (head.heads / head.repeat) + head.key_head;
  }
  __device__ __forceinline__ int by_value_head(int chunk, const Head& head) const {
    return (in_segment + chunk - from) * head.heads + head.index;
  }
};

// The warps that carry the state. A warp has 16 rows of V' and every fourth part of 16 keys of S; where there are
// fewer than four parts, some warps multiply by zeros.
template <int KeyDim, typename State>
struct StateWarp {
  static constexpr int kKeyParts = KeyDim / kPart;
  static constexpr int kOwnParts = kKeyParts > kRowParts ? kKeyParts / kRowParts : 1;
  const tenon_delta_net& p;
  const Space& space;
  const Stretch& stretch;
  AdvanceMemory<KeyDim>& m;
  int warp, lane;
  float held[kOwnParts][kColumnTiles][4];
  uint4 corrections[kKeyParts], keys[kOwnParts][kRowParts], values[2 * kBlockGroups];
  float fading[2], decay;

  __device__ __forceinline__ bool has_keys() const { return warp < kKeyParts; }
  __device__ __forceinline__ int key(int part) const { return kPart * (kRowParts * part + warp) + again(lane) / 4; }

  // Calls with each of the thread's pairs of columns of the state: (in memory, two sums).
  template <typename Visit>
  __device__ __forceinline__ void each_of_state(Visit visit) {
    const Head head = own_head(p);
    State* state = head.state<State>(p, stretch.sequence.slot);
    const int column = stretch.first_column + 8 * (again(lane) & 3);
#pragma unroll
    for (int part = 0; part < kOwnParts; part++) {
#pragma unroll
      for (int n = 0; n < kColumnTiles; n++) {
        if (n / 4 >= stretch.groups) continue;
#pragma unroll
        for (int half = 0; half < 2; half++) {
#pragma unroll
          for (int i = 0; i < 2; i++) {
            const int at_column = column + kGroupColumns * (n / 4) + 2 * (n % 4) + i;
            visit(state + state_index(key(part) + 8 * half, at_column, head.value_dim), held[part][n][2 * half + i]);
          }
        }
      }
    }
  }

  __device__ __forceinline__ void load_state(bool fresh) {
#pragma unroll
    for (int part = 0; part < kOwnParts; part++) {
#pragma unroll
      for (int n = 0; n < kColumnTiles; n++) held[part][n][0] = held[part][n][1] = held[part][n][2] = held[part][n][3] = 0.f;
    }
    if (!fresh && has_keys()) each_of_state([](const State* from, float& to) { to = widened(*from); });
  }

  __device__ __forceinline__ void store_state() {
    if (has_keys()) each_of_state([](State* to, float from) { *to = narrowed<State>(from); });
  }

  // S as its readers take it. Where a state is kept in bf16, what the next chunk sees is what a slot would have held in
  // between: where a segment ends does not matter.
  __device__ __forceinline__ void publish_state() {
    if (!has_keys()) return;
#pragma unroll
    for (int part = 0; part < kOwnParts; part++) {
#pragma unroll
      for (int n = 0; n < kColumnTiles; n++) {
        round_to<State>(held[part][n]);
        tile_word(m.state, key(part), n, lane) = half_pair(held[part][n][0], held[part][n][1]);
        tile_word(m.state, key(part) + 8, n, lane) = half_pair(held[part][n][2], held[part][n][3]);
      }
    }
    publish_tiles();
  }

  __device__ __forceinline__ void load_corrections(int chunk) {
    const Head head = own_head(p);
    const int place = stretch.by_value_head(chunk, head);
    const uint4* from = space.corrections + kPartUnits * kKeyParts * (kRowParts * place + warp) + again(lane);
#pragma unroll
    for (int i = 0; i < kKeyParts; i++) corrections[i] = from[kPartUnits * i];
    const int first = place * (head.value_dim / kGroupColumns) + stretch.first_column / kGroupColumns;
    const uint4* u = space.values + kPartUnits * 2 * (kRowParts * first + warp) + again(lane);
#pragma unroll
    for (int i = 0; i < 2 * kBlockGroups; i++) {
      values[i] = i / 2 < stretch.groups ? u[kPartUnits * (2 * kRowParts * (i / 2) + i % 2)] : make_uint4(0, 0, 0, 0);
    }
    const float* factors = space.factors + 2 * kChunk * place + kChunk + kPart * warp + again(lane) / 4;
    fading[0] = factors[0], fading[1] = factors[8];
  }

  __device__ __forceinline__ void load_keys(int chunk) {
    const Head head = own_head(p);
    decay = space.factors[2 * kChunk * stretch.by_value_head(chunk, head) + kChunk - 1];
    const uint4* from = space.keys + kPartUnits * kRowParts * (kKeyParts * stretch.by_key_head(chunk, head) + warp) + again(lane);
#pragma unroll
    for (int part = 0; part < kOwnParts; part++) {
#pragma unroll
      for (int i = 0; i < kRowParts; i++) {
        keys[part][i] = has_keys() ? from[kPartUnits * (kRowParts * kRowParts * part + i)] : make_uint4(0, 0, 0, 0);
      }
    }
  }

  // V' of the chunk whose operands were loaded; asks for those of chunk `next`.
  __device__ __forceinline__ void make_deltas(int next) {
    float sums[1][kColumnTiles][4] = {};
    float(&x)[kColumnTiles][4] = sums[0];
    begin_products(sums);
#pragma unroll
    for (int i = 0; i < kKeyParts; i++) multiply_rows(x, corrections[i], m.state, i);
    end_products(sums);
    const int row = kPart * warp + lane / 4;
#pragma unroll
    for (int n = 0; n < kColumnTiles; n++) {
      const uint4 u = values[n / 2];
      const float2 first = from_half_pair(n % 2 == 0 ? u.x : u.z), second = from_half_pair(n % 2 == 0 ? u.y : u.w);
      x[n][0] = first.x - x[n][0], x[n][1] = first.y - x[n][1], x[n][2] = second.x - x[n][2], x[n][3] = second.y - x[n][3];
      tile_word(m.deltas, row, n, lane) = half_pair(x[n][0], x[n][1]);
      tile_word(m.deltas, row + 8, n, lane) = half_pair(x[n][2], x[n][3]);
      tile_word(m.faded_deltas, row, n, lane) = half_pair(fading[0] * x[n][0], fading[0] * x[n][1]);
      tile_word(m.faded_deltas, row + 8, n, lane) = half_pair(fading[1] * x[n][2], fading[1] * x[n][3]);
    }
    publish_tiles();
    load_corrections(next);
  }

  __device__ __forceinline__ void update_state(int next) {
#pragma unroll
    for (int part = 0; part < kOwnParts; part++) {
#pragma unroll
      for (int n = 0; n < kColumnTiles; n++) {
        held[part][n][0] *= decay, held[part][n][1] *= decay, held[part][n][2] *= decay, held[part][n][3] *= decay;
      }
    }
    begin_products(held);
#pragma unroll
    for (int i = 0; i < kRowParts; i++) {
#pragma unroll
      for (int part = 0; part < kOwnParts; part++) multiply_rows(held[part], keys[part][i], m.faded_deltas, i);
    }
    end_products(held);
    load_keys(next);
    publish_state();
  }

  __device__ __forceinline__ void run(bool fresh) {
    load_state(fresh);
    publish_state();
    load_corrections(stretch.from);
    load_keys(stretch.from);
    meet<Half::STATE, 0>(warp);
#pragma unroll 1
    for (int chunk = stretch.from; chunk < stretch.to; chunk++) {
      const int next = stretch.after(chunk);
      make_deltas(next);
      meet<Half::STATE, 1>(warp);
      update_state(next);
      meet<Half::STATE, 0>(warp);
    }
    store_state();
  }
};

// The warps that make the outputs, 16 rows each; they are not normed yet.
template <int KeyDim>
struct OutputWarp {
  static constexpr int kKeyParts = KeyDim / kPart;
  const tenon_delta_net& p;
  const Space& space;
  const Stretch& stretch;
  AdvanceMemory<KeyDim>& m;
  int warp, lane;
  uint4 queries[kKeyParts], scores[kRowParts];
  float decay[2];

  __device__ __forceinline__ void load_queries(int chunk) {
    const Head head = own_head(p);
    const uint4* from = space.queries + kPartUnits * kKeyParts * (kRowParts * stretch.by_key_head(chunk, head) + warp) + again(lane);
#pragma unroll
    for (int i = 0; i < kKeyParts; i++) queries[i] = from[kPartUnits * i];
    const float* factors = space.factors + 2 * kChunk * stretch.by_value_head(chunk, head) + kPart * warp + again(lane) / 4;
    const float query_scale = rsqrtf(static_cast<float>(KeyDim));
    decay[0] = query_scale * factors[0], decay[1] = query_scale * factors[8];
  }

  __device__ __forceinline__ void load_scores(int chunk) {
    const int place = stretch.by_value_head(chunk, own_head(p));
    const uint4* from = space.scores + kPartUnits * (kTriangleParts * place + triangle_part(warp, 0)) + again(lane);
#pragma unroll
    for (int i = 0; i < kRowParts; i++) {
      scores[i] = i <= warp ? from[kPartUnits * i] : make_uint4(0, 0, 0, 0);
    }
  }

  __device__ __forceinline__ void write(const float (&o)[kColumnTiles][4], int chunk) {
    const Head head = own_head(p);
#pragma unroll
    for (int half = 0; half < 2; half++) {
      const int row = kChunk * chunk + kPart * warp + 8 * half + lane / 4;
      if (row >= stretch.sequence.committed) continue;
      bf16* out = head.out(p, stretch.sequence.first + row) + stretch.first_column + 8 * (lane & 3);
#pragma unroll
      for (int group = 0; group < kBlockGroups; group++) {
        if (group >= stretch.groups) continue;
        const float(*from)[4] = o + 4 * group;
        *reinterpret_cast<uint4*>(out + kGroupColumns * group) =
            make_uint4(pair_of(from[0][2 * half], from[0][2 * half + 1]), pair_of(from[1][2 * half], from[1][2 * half + 1]),
                       pair_of(from[2][2 * half], from[2][2 * half + 1]), pair_of(from[3][2 * half], from[3][2 * half + 1]));
      }
    }
  }

  __device__ __forceinline__ void run() {
    load_queries(stretch.from);
    load_scores(stretch.from);
    meet<Half::OUTPUTS, 0>(warp);
#pragma unroll 1
    for (int chunk = stretch.from; chunk < stretch.to; chunk++) {
      const int next = stretch.after(chunk);
      float sums[1][kColumnTiles][4] = {};
      float(&o)[kColumnTiles][4] = sums[0];
      begin_products(sums);
#pragma unroll
      for (int i = 0; i < kKeyParts; i++) multiply_rows(o, queries[i], m.state, i);
      end_products(sums);
#pragma unroll
      for (int n = 0; n < kColumnTiles; n++) o[n][0] *= decay[0], o[n][1] *= decay[0], o[n][2] *= decay[1], o[n][3] *= decay[1];
      load_queries(next);
      meet<Half::OUTPUTS, 1>(warp);
      begin_products(sums);
#pragma unroll
      for (int i = 0; i < kRowParts; i++) multiply_rows(o, scores[i], m.deltas, i);
      end_products(sums);
      load_scores(next);
      write(o, chunk);
      meet<Half::OUTPUTS, 0>(warp);
    }
  }
};

// The last inputs become the window; a block writes its own columns of v, the first one q and k too.
__device__ __forceinline__ void keep_window(const tenon_delta_net& p, const Stretch& stretch) {
  const Head head = own_head(p);
  const Sequence& s = stretch.sequence;
  const int first = stretch.first_column == 0 ? 0 : 2 * head.key_dim + stretch.first_column;
  const int pairs = (2 * head.key_dim + stretch.first_column + kGroupColumns * stretch.groups - first) / 2;
  for (int i = threadIdx.x; i < kHistory * pairs; i += kAdvanceThreads) {
    const int row = i / pairs, channel = first + i % pairs * 2;
    const bf16* input = head.projected(p, s.first + s.committed - kHistory + row) + head.column(channel);
    store_pair(head.window(p, s.slot) + row * head.width + channel, load_pair(input));
  }
}

template <int KeyDim, typename State>
__global__ void __launch_bounds__(kAdvanceThreads) delta_advance(const tenon_delta_net p, const Space space, int segment_first) {
  TENON_DYNAMIC_SHARED(unsigned char, shared);
  AdvanceMemory<KeyDim>& memory = aligned_tiles<AdvanceMemory<KeyDim>>(shared);
  release_successor();
  wait_for_predecessor();
  if (segment_first >= space.plan[0]) return;
  const int splits = (static_cast<int>(p.value_dim) + kAdvanceColumns - 1) / kAdvanceColumns;
  const int place = space.chunked_of()[segment_first] + static_cast<int>(blockIdx.z) / splits;
  if (place >= space.plan[1]) return;
  Stretch stretch;
  stretch.sequence = sequence_at(p.rows, space.sequence_of()[place]);
  const int first_chunk = space.first_chunk_of()[place] - segment_first;
  const int chunks = (stretch.sequence.committed + kChunk - 1) / kChunk;
  stretch.from = max(0, -first_chunk), stretch.to = min(chunks, space.segment - first_chunk);
  if (stretch.from >= stretch.to) return;
  stretch.in_segment = first_chunk + stretch.from;
  stretch.first_column = static_cast<int>(blockIdx.z) % splits * kAdvanceColumns;
  stretch.groups = min(kBlockGroups, (static_cast<int>(p.value_dim) - stretch.first_column) / kGroupColumns);
  const int lane = threadIdx.x & 31, warp = threadIdx.x >> 5;
  if (warp < kRowParts) {
    StateWarp<KeyDim, State>{p, space, stretch, memory, warp, lane}.run(stretch.from == 0 && is_fresh(p.rows, stretch.sequence));
  } else {
    OutputWarp<KeyDim>{p, space, stretch, memory, warp - kRowParts, lane}.run();
  }
  if (stretch.to == chunks) keep_window(p, stretch);
}

}  // namespace tenon::delta

#endif
