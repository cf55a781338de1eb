// From the projections to attention's operands: queries are normed and rotated in place, keys too on their way into the
// pages, values go there as they are. One warp per row and head; it also clears the counters that attention begins from.
#include "../entry_points.h"
#include "host.cuh"
#include "pages.cuh"

namespace {

using namespace tenon;
using namespace tenon::attention;

constexpr int kWarps = 4;
constexpr float kSmallestNormal = 0.015625f;  // 2^-6, of e4m3

// The nearest e4m3, ties to even; beyond ±448 it is ±448.
__device__ __forceinline__ uint32_t to_e4m3(float value) {
  uint32_t bits;
  memcpy(&bits, &value, 4);
  const uint32_t sign = bits >> 24 & 0x80u;
  const float magnitude = fabsf(value);
  memcpy(&bits, &magnitude, 4);
  // below the normal numbers steps are of 2^-9: the sum with 2^23 rounds to them
  const float stepped = magnitude * 512.0f + 8388608.0f;
  uint32_t steps;
  memcpy(&steps, &stepped, 4);
  const uint32_t normal = ((bits + 0x7ffffu + (bits >> 20 & 1)) >> 20) - (120u << 3);
  return sign | (magnitude < kSmallestNormal ? steps & 0xffu : min(normal, 0x7eu));
}

// Cosine and sine of an angle of any size: whole turns are taken off in double precision.
__device__ __forceinline__ float2 direction(float angle) {
  constexpr double kTurn = 6.283185307179586;
  const double turns = static_cast<double>(angle) * (1.0 / kTurn);
  const float rest = static_cast<float>((turns - rint(turns)) * kTurn);
  return {__cosf(rest), __sinf(rest)};
}

template <int kEach>
__device__ __forceinline__ void store(void* to, int64_t at, int type, const float (&value)[kEach]) {
  if (type == TENON_E4M3) {
    uint8_t* const bytes = static_cast<uint8_t*>(to) + at;
#pragma unroll
    for (int i = 0; i < kEach; i += 2) {
      *reinterpret_cast<uint16_t*>(bytes + i) = static_cast<uint16_t>(to_e4m3(value[i]) | to_e4m3(value[i + 1]) << 8);
    }
  } else {
    uint32_t word[kEach / 2];
#pragma unroll
    for (int i = 0; i < kEach / 2; i++) word[i] = pack_bf16(value[2 * i], value[2 * i + 1]);
    uint32_t* const words = reinterpret_cast<uint32_t*>(static_cast<__nv_bfloat16*>(to) + at);
    if constexpr (kEach == 8) {
      *reinterpret_cast<uint4*>(words) = {word[0], word[1], word[2], word[3]};
    } else if constexpr (kEach == 4) {
      *reinterpret_cast<uint2*>(words) = {word[0], word[1]};
    } else {
      *words = word[0];
    }
  }
}

template <int kDim>
__global__ void __launch_bounds__(kWarps * 32) prepare(tenon_attention_prepare p) {
  constexpr int kEach = kDim / 32;
  __shared__ float exchanged[kWarps][kDim];
  const int lane = threadIdx.x % 32, warp = threadIdx.x / 32, dim = lane * kEach;
  const int heads = static_cast<int>(p.heads), kv_heads = static_cast<int>(p.kv_heads);
  const int vectors = heads + 2 * kv_heads;
  const int64_t task = int64_t(blockIdx.x) * kWarps + warp;
  const int row = static_cast<int>(task / vectors), vector = static_cast<int>(task % vectors);
  const bool value_head = vector >= heads + kv_heads;
  const int pairs = static_cast<int>(p.rotary_pairs);

  // weights may be read before the kernel ahead has ended
  float norm[kEach], frequency[kEach];
  const float* const norms = reinterpret_cast<const float*>(vector < heads ? p.query_norm : p.key_norm);
#pragma unroll
  for (int i = 0; i < kEach; i++) {
    norm[i] = norms && !value_head ? norms[dim + i] : 1.0f;
    const int pair = dim + i < pairs ? dim + i : dim + i - pairs;
    frequency[i] = pair < pairs ? reinterpret_cast<const float*>(p.frequencies)[pair] : 0.0f;
  }

  wait_for_predecessor();
  release_successor();
  for (int64_t i = int64_t(blockIdx.x) * blockDim.x + threadIdx.x; i < p.counter_bytes / 4; i += int64_t(gridDim.x) * blockDim.x) {
    reinterpret_cast<int*>(p.counters)[i] = 0;
  }
  if (row >= p.rows.max_rows) return;
  // all of a row may be read before it is known whether there is one: loads overlap
  const int rows = reinterpret_cast<const int*>(p.rows.counts)[0];
  const int position = reinterpret_cast<const int*>(p.rows.positions)[row];
  const int slot = reinterpret_cast<const int*>(p.rows.slots)[row];
  const int query_width = (p.gated ? 2 : 1) * kDim;
  __nv_bfloat16* const at = reinterpret_cast<__nv_bfloat16*>(p.projected) + row * p.stride +
                            (vector < heads ? int64_t(vector) * query_width
                                            : int64_t(heads) * query_width + int64_t(vector - heads) * kDim);
  float value[kEach];
#pragma unroll
  for (int i = 0; i < kEach; i += 2) {
    const float2 two = __bfloat1622float2(*reinterpret_cast<const __nv_bfloat162*>(at + dim + i));
    value[i] = two.x;
    value[i + 1] = two.y;
  }
  if (row >= rows || (slot < 0 && vector >= heads)) return;
  const int page_size = static_cast<int>(p.page_size), entry = position / page_size;
  int page = -1;
  if (vector >= heads && entry < p.table_width) {
    page = reinterpret_cast<const int*>(p.page_tables)[slot * p.table_width + entry];
  }

  if (!value_head) {
    if (norms) {
      float squares = 0;
#pragma unroll
      for (int i = 0; i < kEach; i++) squares += value[i] * value[i];
#pragma unroll
      for (int step = 16; step > 0; step /= 2) squares += __shfl_xor_sync(0xffffffffu, squares, step);
      const float factor = rsqrtf(squares / kDim + static_cast<float>(p.epsilon));
#pragma unroll
      for (int i = 0; i < kEach; i++) value[i] *= factor * norm[i];
    }
#pragma unroll
    for (int i = 0; i < kEach; i++) exchanged[warp][dim + i] = value[i];
    __syncwarp();
#pragma unroll
    for (int i = 0; i < kEach; i++) {
      if (dim + i < 2 * pairs) {
        const bool first = dim + i < pairs;
        const float2 turn = direction(static_cast<float>(position) * frequency[i]);
        const float other = exchanged[warp][first ? dim + i + pairs : dim + i - pairs];
        value[i] = (value[i] * turn.x + (first ? -other : other) * turn.y) * static_cast<float>(p.magnitude);
      }
    }
  }
  if (vector < heads) {
    store<kEach>(at, dim, TENON_BF16, value);
    return;
  }
  if (page < 0) return;
  const int kv_head = value_head ? vector - heads - kv_heads : vector - heads;
  const int64_t place = ((int64_t(page) * kv_heads + kv_head) * page_size + position % page_size) * kDim + dim;
  store<kEach>(reinterpret_cast<void*>(value_head ? p.value_pages : p.key_pages), place, static_cast<int>(p.kv_type), value);
}

}  // namespace

// Bytes of the counters that this clears for attention.
int64_t tenon_attention_prepare_workspace(const void* params) {
  const tenon_attention_prepare& p = *static_cast<const tenon_attention_prepare*>(params);
  return 4 * division(p.rows, p.heads, p.kv_heads, Card::current().multiprocessors).counters();
}

int tenon_attention_prepare_launch(const void* params, void* stream) {
  const tenon_attention_prepare& p = *static_cast<const tenon_attention_prepare*>(params);
  if (p.rows.max_rows == 0) return cudaSuccess;
  const int64_t tasks = p.rows.max_rows * (p.heads + 2 * p.kv_heads);
  const unsigned grid = static_cast<unsigned>((tasks + kWarps - 1) / kWarps);
  switch (p.dim) {
    case 64: return enqueue(prepare<64>, grid, kWarps * 32, 0, stream, Start::EARLY, p);
    case 128: return enqueue(prepare<128>, grid, kWarps * 32, 0, stream, Start::EARLY, p);
    case 256: return enqueue(prepare<256>, grid, kWarps * 32, 0, stream, Start::EARLY, p);
    default: return cudaErrorInvalidValue;
  }
}
