// The chunks of a step: which sequences go in chunks, and the workspace that they share.
#ifndef TENON_DELTA_NET_PLAN_CUH
#define TENON_DELTA_NET_PLAN_CUH

#include <cuda_fp16.h>

#include "sequences.cuh"

namespace tenon::delta {

// Chunks that are worked on at a time; more of them take further launches.
constexpr int kSegment = 128;

// Workspace of one segment. Tiles are swizzled as delta_mma.cuh says; keys are padded with zeros to 32.
struct Space {
  int most_chunked;  // sequences
  int most_chunks;   // of the whole step
  int segment;       // chunks at a time
  int key_units;     // 16-byte units of a padded key
  int* plan;         // chunks, sequences; then per sequence its index and its first chunk; then per chunk its sequence
  half* keys;        // [segment][key_heads]{K, Q}[64][padded key_dim], unit vectors
  half* triangles;   // [segment][value_heads]{T, P}[64][64]
  float* gates;      // [segment][value_heads]{e^G, β, e^(G_last − G)}[64]
  float* values;     // [segment][value_heads][8][value_dim][8 rows]: v, and later o
  int64_t bytes;

  __host__ __device__ int* sequence_of() const { return plan + 2; }
  __host__ __device__ int* first_chunk_of() const { return plan + 2 + most_chunked; }
  __host__ __device__ int* chunked_of() const { return plan + 2 + 2 * most_chunked; }
};

inline Space space_of(const tenon_delta_net& p) {
  Space w = {};
  int64_t least = kMostSteps + 1;
  int64_t rows = p.rows.max_rows;
  int64_t sequences = rows / least < p.rows.max_sequences ? rows / least : p.rows.max_sequences;
  if (sequences <= 0) return w;
  int64_t by_rows = rows / kChunk + sequences;
  int64_t by_length = sequences + (rows - least * sequences) / (kChunk + 1 - least);
  w.most_chunked = static_cast<int>(sequences);
  w.most_chunks = static_cast<int>(by_rows < by_length ? by_rows : by_length);
  w.segment = w.most_chunks < kSegment ? w.most_chunks : kSegment;
  w.key_units = static_cast<int>(p.key_dim < 32 ? 32 : p.key_dim) / 8;
  int64_t at = p.workspace;
  auto take = [&](int64_t bytes) {
    int64_t from = at;
    at += (bytes + 255) / 256 * 256;
    return from;
  };
  w.plan = reinterpret_cast<int*>(take(4ll * (2 + 2 * w.most_chunked + w.most_chunks)));
  w.keys = reinterpret_cast<half*>(take(16ll * w.segment * p.key_heads * 2 * kChunk * w.key_units));
  w.triangles = reinterpret_cast<half*>(take(2ll * w.segment * p.value_heads * 2 * kChunk * kChunk));
  w.gates = reinterpret_cast<float*>(take(4ll * w.segment * p.value_heads * 3 * kChunk));
  w.values = reinterpret_cast<float*>(take(4ll * w.segment * p.value_heads * kChunk * p.value_dim));
  w.bytes = at - p.workspace;
  return w;
}

// A block lists the sequences that go in chunks, in order, and their chunks.
__device__ __forceinline__ void make_plan(const tenon_rows& rows, const Space& w, int sequences) {
  __shared__ int warp_totals[32];
  int lane = threadIdx.x & 31, warp = threadIdx.x >> 5, warps = blockDim.x >> 5;
  int chunked_before = 0, chunks_before = 0;
  for (int base = 0; base < sequences; base += blockDim.x) {
    int index = base + threadIdx.x;
    int chunks = 0;
    if (index < sequences) {
      int slot = at<const int>(rows.sequence_slots)[index];
      int active = at<const int>(rows.sequence_active)[index];
      int committed = at<const int>(rows.sequence_committed)[index];
      if (goes_in_chunks(slot, active, committed)) chunks = (committed + kChunk - 1) / kChunk;
    }
    // both counts in one word: a block has at most 512 sequences, and fewer than 2^22 chunks
    int own = chunks > 0 ? chunks | 1 << 22 : 0;
    int sum = own;
    for (int step = 1; step < 32; step <<= 1) {
      int other = __shfl_up_sync(0xffffffffu, sum, step);
      if (lane >= step) sum += other;
    }
    if (lane == 31) warp_totals[warp] = sum;
    __syncthreads();
    int before = 0, total = 0;
    for (int i = 0; i < warps; i++) {
      if (i < warp) before += warp_totals[i];
      total += warp_totals[i];
    }
    __syncthreads();
    before += sum - own;
    if (chunks > 0) {
      int place = chunked_before + (before >> 22);
      int first = chunks_before + (before & ((1 << 22) - 1));
      w.sequence_of()[place] = index;
      w.first_chunk_of()[place] = first;
      for (int i = 0; i < chunks; i++) w.chunked_of()[first + i] = place;
    }
    chunked_before += total >> 22;
    chunks_before += total & ((1 << 22) - 1);
  }
  if (threadIdx.x == 0) {
    w.plan[0] = chunks_before;
    w.plan[1] = chunked_before;
  }
}

}  // namespace tenon::delta

#endif
