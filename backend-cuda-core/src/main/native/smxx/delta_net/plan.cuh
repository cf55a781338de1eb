// The chunks of a step: which sequences go in chunks, and the workspace that they share.
#ifndef TENON_DELTA_NET_PLAN_CUH
#define TENON_DELTA_NET_PLAN_CUH

#include "../../device/delta_tiles.cuh"
#include "sequences.cuh"

namespace tenon::delta {

// Chunks that are worked on at a time; more of them take further launches. A sequence in chunks has two at least, so
// that no more than kSegmentSequences of them have a part in a segment.
constexpr int kSegment = 64;
constexpr int kSegmentSequences = kSegment / 2 + 1;

// Values are kept by groups of 32 columns.
constexpr int kGroupColumns = 32;

// Workspace of one segment. Matrices lie as operands of the tensor cores (delta_tiles.cuh): a part of 16×16 is 32 units of
// 16 bytes, one for each lane. Rows are those of a chunk; triangles have the parts on and below the diagonal only.
struct Space {
  int most_chunked;    // sequences
  int most_chunks;     // of the whole step
  int segment;         // chunks at a time
  int* plan;           // chunks, sequences; then per sequence its index and its first chunk; then per chunk its sequence
  uint4* queries;      // [segment][key_heads][4 of rows][key_dim / 16]: Q
  uint4* keys;         // [segment][key_heads][key_dim / 16][4 of rows]: Kᵀ
  uint4* corrections;  // [segment][value_heads][4 of rows][key_dim / 16]: W
  uint4* scores;       // [segment][value_heads][10]: P
  uint4* values;       // [segment][value_heads][value_dim / 32][4 of rows][2]: U
  float* factors;      // [segment][value_heads]{e^G, e^(G_last − G)}[64]
  int64_t bytes;

  __host__ __device__ int* sequence_of() const { return plan + 2; }
  __host__ __device__ int* first_chunk_of() const { return plan + 2 + most_chunked; }
  __host__ __device__ int* chunked_of() const { return plan + 2 + 2 * most_chunked; }
};

inline Space space_of(const tenon_delta_net& p) {
  Space w = {};
  const int64_t least = kMostSteps + 1;
  const int64_t rows = p.rows.max_rows;
  if (tenon_most_of_a_sequence(&p.rows) < least) return w;
  const int64_t sequences = rows / least < p.rows.max_sequences ? rows / least : p.rows.max_sequences;
  if (sequences <= 0) return w;
  // n sequences of `least` rows take two chunks each; each chunk beyond takes another 64 rows
  const int64_t chunks = 2 * sequences + (rows - least * sequences) / kChunk;
  w.most_chunked = static_cast<int>(sequences);
  w.most_chunks = static_cast<int>(chunks);
  w.segment = w.most_chunks < kSegment ? w.most_chunks : kSegment;
  int64_t at = p.workspace;
  auto take = [&](int64_t bytes) {
    const int64_t from = at;
    at += (bytes + 255) / 256 * 256;
    return from;
  };
  w.plan = reinterpret_cast<int*>(take(4ll * (2 + 2 * w.most_chunked + w.most_chunks)));
  const int64_t by_key_head = w.segment * p.key_heads, by_value_head = w.segment * p.value_heads;
  w.queries = reinterpret_cast<uint4*>(take(2ll * kChunk * p.key_dim * by_key_head));
  w.keys = reinterpret_cast<uint4*>(take(2ll * kChunk * p.key_dim * by_key_head));
  w.corrections = reinterpret_cast<uint4*>(take(2ll * kChunk * p.key_dim * by_value_head));
  w.scores = reinterpret_cast<uint4*>(take(16ll * kPartUnits * kTriangleParts * by_value_head));
  w.values = reinterpret_cast<uint4*>(take(2ll * kChunk * p.value_dim * by_value_head));
  w.factors = reinterpret_cast<float*>(take(4ll * 2 * kChunk * by_value_head));
  w.bytes = at - p.workspace;
  return w;
}

// A block lists the sequences that go in chunks, in order, and their chunks.
__device__ __forceinline__ void make_plan(const tenon_rows& rows, const Space& w, int sequences) {
  __shared__ int warp_chunked[32], warp_chunks[32];
  const int lane = threadIdx.x & 31, warp = threadIdx.x >> 5, warps = blockDim.x >> 5;
  int chunked_before = 0, chunks_before = 0;
  for (int base = 0; base < sequences; base += blockDim.x) {
    const int index = base + threadIdx.x;
    int chunks = 0;
    if (index < sequences) {
      const Sequence s = sequence_at(rows, index);
      if (s.chunked) chunks = (s.committed + kChunk - 1) / kChunk;
    }
    const unsigned chunked = __ballot_sync(0xffffffffu, chunks > 0);
    int sum = chunks;
    for (int step = 1; step < 32; step <<= 1) {
      const int other = __shfl_up_sync(0xffffffffu, sum, step);
      if (lane >= step) sum += other;
    }
    if (lane == 31) {
      warp_chunked[warp] = __popc(chunked);
      warp_chunks[warp] = sum;
    }
    __syncthreads();
    int place = chunked_before + __popc(chunked & ((1u << lane) - 1));
    int first = chunks_before + sum - chunks;
    for (int i = 0; i < warps; i++) {
      if (i < warp) place += warp_chunked[i], first += warp_chunks[i];
      chunked_before += warp_chunked[i];
      chunks_before += warp_chunks[i];
    }
    __syncthreads();
    if (chunks > 0) {
      w.sequence_of()[place] = index;
      w.first_chunk_of()[place] = first;
      for (int i = 0; i < chunks; i++) w.chunked_of()[first + i] = place;
    }
  }
  if (threadIdx.x == 0) {
    w.plan[0] = chunks_before;
    w.plan[1] = chunked_before;
  }
}

// A chunk of the plan.
struct Chunk {
  Sequence sequence;
  int first_row;  // of the sequence
  int rows;
  bool fresh;     // and the inputs before it are zero

  __device__ __forceinline__ Chunk(const tenon_rows& rows_of_step, const Space& w, int index) {
    const int place = w.chunked_of()[index];
    sequence = sequence_at(rows_of_step, w.sequence_of()[place]);
    first_row = (index - w.first_chunk_of()[place]) * kChunk;
    rows = min(kChunk, sequence.committed - first_row);
    fresh = is_fresh(rows_of_step, sequence);
  }
};

}  // namespace tenon::delta

#endif
