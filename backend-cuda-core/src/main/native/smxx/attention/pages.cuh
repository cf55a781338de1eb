// Keys and values on their way from the pages into shared memory and the tensor cores.
//
// In shared memory a position is a row of dim elements; its chunks of 16 bytes are permuted by the position, so that the
// same chunk of eight neighbouring positions lies in all 32 banks. Rows beyond the sequence are zeros: a probability of
// 0 times what happens to lie there must be 0.
//
// E4M3 is read as pairs of bytes and widened to bf16 in registers. Operand B of the scores then holds dims
//   4t + 1, 4t + 3 (first word) and 4t, 4t + 2 (second word) of 16
// instead of 2t, 2t + 1 and 2t + 8, 2t + 9, and the queries are arranged alike. Of values a word gives column g of two
// products, dims 2g and 2g + 1 of 16.
#ifndef TENON_ATTENTION_PAGES_CUH
#define TENON_ATTENTION_PAGES_CUH

#include "../../abi/kernel_table.h"
#include "../../device/fragment.cuh"
#include "../../device/mma.cuh"

namespace tenon::attention {

constexpr int kPageUnit = 16;  // page sizes are multiples of it

template <int kDim, int kType>
struct Form {
  static constexpr int kRowBytes = kDim * (kType == TENON_E4M3 ? 1 : 2);
  static constexpr int kChunks = kRowBytes / 16;
  static __device__ __forceinline__ int offset(int position, int chunk) {
    const int turn = kChunks >= 8 ? position & 7 : position >> 1 & 3;
    return position * kRowBytes + (chunk ^ turn) * 16;
  }
};

// Copies steps of kCount positions of a sequence and kv head; each thread serves one unit of 16 positions, which lies in
// one page.
template <typename F, int kCount, int kThreads>
class Copier {
  static constexpr int kUnits = kCount / kPageUnit;
  static constexpr int kEach = kThreads / kUnits;
  static_assert(kThreads % kUnits == 0 && kPageUnit * F::kChunks % kEach == 0, "threads share the work evenly");

  const int* page_of_ = nullptr;  // the sequence's table
  int kv_head_ = 0, length_ = 0, position_ = 0, page_ = -1;

 public:
  __device__ void begin(const tenon_attention& p, int slot, int kv_head, int length, int first) {
    page_of_ = reinterpret_cast<const int*>(p.page_tables) + int64_t(slot) * p.table_width;
    kv_head_ = kv_head;
    length_ = length;
    move(p, first);
  }

  // Asks for the page of the positions from `first` on.
  __device__ void move(const tenon_attention& p, int first) {
    position_ = first + static_cast<int>(threadIdx.x) / kEach * kPageUnit;
    const int entry = position_ / static_cast<int>(p.page_size);
    page_ = position_ < length_ && entry < p.table_width ? page_of_[entry] : -1;
  }

  // Starts copies of the step from keys or values.
  __device__ void copy(const tenon_attention& p, tenon_address pages, unsigned char* to) const {
    const int unit = threadIdx.x / kEach, own = threadIdx.x % kEach;
    const int64_t within = position_ % static_cast<int>(p.page_size);
    const unsigned char* from =
        reinterpret_cast<const unsigned char*>(pages) +
        ((int64_t(max(page_, 0)) * p.kv_heads + kv_head_) * p.page_size + within) * F::kRowBytes;
#pragma unroll
    for (int i = 0; i < kPageUnit * F::kChunks / kEach; i++) {
      const int at = i * kEach + own, row = at / F::kChunks, chunk = at % F::kChunks;
      const bool real = page_ >= 0 && position_ + row < length_;
      copy_async16(to + F::offset(unit * kPageUnit + row, chunk), from + int64_t(real ? at : 0) * 16, real);
    }
  }
};

// Operand B of the scores of the `part`-th 16 dims: one load serves kProducts products of 8 positions each, from
// `position` on.
template <int kDim, int kType>
struct KeyColumn {
  static constexpr int kProducts = kType == TENON_E4M3 ? 4 : 2;
  uint32_t word[4];
  __device__ __forceinline__ void load(const unsigned char* keys, int position, int part, int lane) {
    const int matrix = lane / 8;
    load_matrices(word, keys + (kType == TENON_E4M3
                                    ? Form<kDim, kType>::offset(position + matrix * 8 + lane % 8, part)
                                    : Form<kDim, kType>::offset(position + matrix / 2 * 8 + lane % 8, part * 2 + matrix % 2)));
  }
  __device__ __forceinline__ uint32_t first(int i) const {
    return kType == TENON_E4M3 ? widened(word[i]) : word[2 * i & 3];
  }
  __device__ __forceinline__ uint32_t second(int i) const {
    return kType == TENON_E4M3 ? widened(word[i] << 8) : word[(2 * i + 1) & 3];
  }
};

// Operand B of the weighted values: 16 dims (two products of 8 columns) over kSteps × 16 positions.
template <int kDim, int kType>
struct ValueBlock {
  static constexpr int kSteps = kType == TENON_E4M3 ? 2 : 1;
  uint32_t word[4];
  __device__ __forceinline__ void load(const unsigned char* values, int position, int group, int lane) {
    const int matrix = lane / 8;
    load_matrices_transposed(
        word, values + (kType == TENON_E4M3
                            ? Form<kDim, kType>::offset(position + matrix * 8 + lane % 8, group)
                            : Form<kDim, kType>::offset(position + matrix % 2 * 8 + lane % 8, group * 2 + matrix / 2)));
  }
  // Word `half` of product `column` (0, 1) of a step.
  __device__ __forceinline__ uint32_t operand(int step, int column, int half) const {
    if (kType == TENON_E4M3) return widened(column ? word[step * 2 + half] : word[step * 2 + half] << 8);
    return word[column * 2 + half];
  }
};

// Two neighbouring sums of the 16 dims of a ValueBlock: which dims they are, and what lane (g, t) holds of them.
// `sums`: the two products' sums; row 0: g, 1: g + 8; j: 0 or 1.
template <int kType>
__device__ __forceinline__ int pair_dim(int j, int t) {
  return kType == TENON_E4M3 ? 4 * t + 2 * j : 8 * j + 2 * t;
}
template <int kType>
__device__ __forceinline__ float2 pair_of(const float (&first)[4], const float (&second)[4], int row, int j) {
  if (kType == TENON_E4M3) return {first[2 * row + j], second[2 * row + j]};
  return j ? float2{second[2 * row], second[2 * row + 1]} : float2{first[2 * row], first[2 * row + 1]};
}

// Four dims of a query in the order that E4M3 asks for: words of columns 2t … and 2t + 8 … of operand A.
__device__ __forceinline__ void arrange(uint32_t low_pair, uint32_t high_pair, uint32_t& first, uint32_t& second) {
  first = low_pair >> 16 | (high_pair & 0xffff0000u);
  second = (low_pair & 0xffffu) | high_pair << 16;
}

// Where 16 dims of the query of a (row, head) pair lie.
__device__ __forceinline__ const uint4* queries_of(const tenon_attention& p, int first_row, int kv_head, int group, int pair,
                                                   int dim, int part) {
  return reinterpret_cast<const uint4*>(reinterpret_cast<const __nv_bfloat16*>(p.projected) +
                                        (first_row + pair / group) * p.stride +
                                        int64_t(kv_head * group + pair % group) * (p.gated ? 2 : 1) * dim + part * 16);
}

template <int kDim, int kType>
__device__ __forceinline__ void store_queries(unsigned char* to, int pair, int part, const uint4& low, const uint4& high) {
  uint4 first = low, second = high;
  if (kType == TENON_E4M3) {
    arrange(low.x, low.y, first.x, second.x);
    arrange(low.z, low.w, first.y, second.y);
    arrange(high.x, high.y, first.z, second.z);
    arrange(high.z, high.w, first.w, second.w);
  }
  *reinterpret_cast<uint4*>(to + Form<kDim, TENON_BF16>::offset(pair, part * 2)) = first;
  *reinterpret_cast<uint4*>(to + Form<kDim, TENON_BF16>::offset(pair, part * 2 + 1)) = second;
}

__device__ __forceinline__ uint32_t pack_bf16(float low, float high) {
  const __nv_bfloat162 pair = __floats2bfloat162_rn(low, high);
  uint32_t word;
  memcpy(&word, &pair, 4);
  return word;
}

}  // namespace tenon::attention
#endif
