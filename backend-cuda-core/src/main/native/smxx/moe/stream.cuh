// The product at the heart of all three matrices: packed weights against up to 64 tokens.
//
// Weights are operand A, tokens operand B. Each of a block's eight warps has a unit, 32 outputs (two tiles), and, where
// `pairs` < 8, only a part of the inputs. A stage of the ring in shared memory holds 2 KB of each tile (128 inputs of
// E4M3, 64 of BF16) for every warp, and those inputs of all tokens:
//
//   warp  w: unit first + w % pairs, inputs of part w / pairs       stage: [8 warps][2 tiles][4][32 lanes] 16 bytes
//                                                                          [parts][tokens] kInputs bf16, swizzled
//
// A lane copies the weights that it will itself multiply, so they pass through shared memory only to be on their way
// while earlier stages are multiplied. A block may visit several spans of `pairs` units in turn (`loops`): the ring runs
// on across them.
#ifndef TENON_MOE_STREAM_CUH
#define TENON_MOE_STREAM_CUH

#include "../../device/platform.cuh"
#include "../../device/fragment.cuh"
#include "../../device/mma.cuh"
#include "plan.h"

namespace tenon::moe {

constexpr int kThreads = kWarps * 32;

using bf16 = __nv_bfloat16;

// A packed matrix, or one expert's part of a stack of them.
struct Factor {
  const uint4* data;
  const float* scales;
  int tiles, inputs;
};

struct Tokens {
  const bf16* base;
  int64_t stride;
  const int32_t* list;  // rows << kListShift, or null where they follow one another from `first`
  int first, count;
};

template <int kType>
struct Stage {
  static constexpr int kInputs = kType == TENON_E4M3 ? 128 : 64;  // of a stage
  static constexpr int kPieces = kInputs / 8;                     // 16-byte pieces of a token in a stage
};

template <int kType, int kGroups>
class Stream {
 public:
  static constexpr int kTokens = 8 * kGroups;
  static constexpr int kInputs = Stage<kType>::kInputs;
  static constexpr int kPieces = Stage<kType>::kPieces;

  __device__ Stream(unsigned char* shared, const Factor& factor, const Cut& cut, int first_unit)
      : factor_(factor),
        cut_(cut),
        at_(layout(kType, factor.inputs, kTokens, cut)),
        shared_(shared),
        first_unit_(first_unit),
        units_((factor.tiles + 1) / 2),
        stretches_((factor.inputs + kStretch - 1) / kStretch),
        all_stages_(stretches_ * (kStretch / kInputs)),
        stages_(stages_of(kType, factor.inputs, cut.pairs)),
        warp_(threadIdx.x / 32),
        lane_(threadIdx.x % 32),
        pair_(warp_ % cut.pairs),
        part_(warp_ / cut.pairs) {
    total_ = stages_ * min(cut.loops, (units_ - first_unit + cut.pairs - 1) / cut.pairs);
    aim(0);
  }

  // Sends the first stages' weights on their way; what they are must be known, what the tokens are need not.
  __device__ void begin() {
#pragma unroll 1
    for (int q = 0; q < cut_.depth - 1; q++) {
      if (q < total_) ask_weights(q);
    }
    if (kType == TENON_E4M3) {
      float* scales = reinterpret_cast<float*>(shared_ + at_.scales);
      const int64_t first = int64_t(2) * first_unit_ * stretches_;
      const int count = min(int64_t(2) * cut_.pairs * cut_.loops * stretches_, int64_t(factor_.tiles) * stretches_ - first);
#pragma unroll 1
      for (int i = threadIdx.x; i < count; i += kThreads) scales[i] = factor_.scales[first + i];
    }
  }

  // Multiplies; finish(unit of the span's first output, sums) is called by all threads after each span. sums is f32
  // [parts][kTokens][32 * pairs + 4] in shared memory.
  template <typename Finish>
  __device__ void multiply(const Tokens& tokens, Finish finish) {
    int32_t* rows = reinterpret_cast<int32_t*>(shared_);
    if (threadIdx.x < kTokens) {
      const int i = threadIdx.x;
      rows[i] = i >= tokens.count ? 0 : tokens.list ? tokens.list[i] >> kListShift : tokens.first + i;
    }
    __syncthreads();
    int token_stage = 0;  // of the next stage whose tokens are asked for, within its span
#pragma unroll 1
    for (int q = 0; q < cut_.depth - 1; q++) {
      if (q < total_) ask_tokens(q, token_stage, tokens);
      copy_commit();
      token_stage = token_stage + 1 == stages_ ? 0 : token_stage + 1;
    }
    const int groups = (tokens.count + 7) / 8;
    float sum[2][kGroups][4] = {};
    int slot = 0, next = cut_.depth - 1, k = 0, loop = 0;
#pragma unroll 1
    for (int q = 0; q < total_; q++) {
      wait_stage();
      __syncthreads();
      if (q + cut_.depth - 1 < total_) {
        ask_weights(next);
        ask_tokens(next, token_stage, tokens);
      }
      copy_commit();
      token_stage = token_stage + 1 == stages_ ? 0 : token_stage + 1;
      next = next + 1 == cut_.depth ? 0 : next + 1;
      const int stage = part_ * stages_ + k;
      if (stage < all_stages_ && unit(loop) < units_) add(sum, slot, loop, stage, groups);
      slot = slot + 1 == cut_.depth ? 0 : slot + 1;
      if (++k == stages_) {
        if (cut_.loops == 1) __syncthreads();  // the sums take the ring's place
        leave(sum);
        __syncthreads();
        finish(first_unit_ + loop * cut_.pairs, sums());
        k = 0, loop++;
      }
    }
  }

  __device__ float* sums() const { return reinterpret_cast<float*>(shared_ + at_.sums); }

 private:
  __device__ int unit(int loop) const { return first_unit_ + loop * cut_.pairs + pair_; }

  __device__ unsigned char* stage_at(int slot) const { return shared_ + at_.ring + slot * at_.stage; }

  __device__ void wait_stage() const {
    if (cut_.depth == 2) copy_wait<0>();
    else if (cut_.depth == 3) copy_wait<1>();
    else copy_wait<2>();
  }

  // Where a warp's weights of a span begin; the second tile repeats the first where there is none.
  __device__ void aim(int loop) {
    ask_loop_ = loop;
    left_ = unit(loop) < units_ ? max(0, min(stages_, all_stages_ - part_ * stages_)) : 0;
    from_ = factor_.data + (int64_t(2 * unit(loop)) * all_stages_ + part_ * stages_) * 128 + lane_;
    second_ = 2 * unit(loop) + 1 < factor_.tiles ? all_stages_ * 128 : 0;
    ask_stage_ = 0;
  }

  __device__ void ask_weights(int slot) {
    if (ask_stage_ < left_) {
      uint4* to = reinterpret_cast<uint4*>(stage_at(slot) + warp_ * kWarpStage) + lane_;
#pragma unroll
      for (int part = 0; part < 4; part++) copy_async16(to + part * 32, from_ + part * 32);
#pragma unroll
      for (int part = 0; part < 4; part++) copy_async16(to + (4 + part) * 32, from_ + second_ + part * 32);
      from_ += 128;
    }
    if (++ask_stage_ == stages_) aim(ask_loop_ + 1);
  }

  // The warps of a part share out its tokens; a lane keeps to one piece.
  __device__ void ask_tokens(int slot, int stage, const Tokens& tokens) {
    const int32_t* rows = reinterpret_cast<const int32_t*>(shared_);
    const int index = pair_ * 32 + lane_, piece = index % kPieces, first = index / kPieces, step = cut_.pairs * 32 / kPieces;
    const int input = (part_ * stages_ + stage) * kInputs + piece * 8;
    const bool within = input < factor_.inputs;
    const bf16* from = tokens.base + (within ? input : 0);
    uint4* to = reinterpret_cast<uint4*>(stage_at(slot) + kWarps * kWarpStage) + part_ * kTokens * kPieces + swizzled(first, piece);
    const int used = (tokens.count + 7) / 8 * 8;
#pragma unroll 4
    for (int token = first; token < used; token += step) {
      copy_async16(to + token * kPieces, from + int64_t(rows[token]) * tokens.stride, within && token < tokens.count);
    }
  }

  // The pieces that a warp reads at once fall into different banks. Tokens `step` apart are swizzled alike.
  __device__ static int swizzled(int token, int piece) {
    return kType == TENON_E4M3 ? piece ^ (token & 1) << 2 : piece ^ (token & 3) << 1;
  }

  __device__ void add(float (&sum)[2][kGroups][4], int slot, int loop, int stage, int groups) {
    const uint4* weights = reinterpret_cast<const uint4*>(stage_at(slot) + warp_ * kWarpStage) + lane_;
    const uint4* tokens = reinterpret_cast<const uint4*>(stage_at(slot) + kWarps * kWarpStage) + part_ * kTokens * kPieces;
    if (kType == TENON_E4M3) {
      const float* scales = reinterpret_cast<const float*>(shared_ + at_.scales);
      add_scaled(sum, weights, tokens, scales + 2 * (loop * cut_.pairs + pair_) * stretches_ + stage, groups);
    } else {
      add_plain(sum, weights, tokens, groups);
    }
  }

  __device__ void add_scaled(float (&sum)[2][kGroups][4], const uint4* weights, const uint4* tokens, const float* scales,
                             int groups) {
    const int g = lane_ / 4, t = lane_ % 4;
    float partial[2][kGroups][4] = {};
#pragma unroll
    for (int part = 0; part < 4; part++) {
      FragmentA first[2], second[2];
#pragma unroll
      for (int i = 0; i < 2; i++) unpack(weights[(i * 4 + part) * 32], first[i], second[i]);
      const int piece = swizzled(g, part * 4 + t);
#pragma unroll
      for (int n = 0; n < kGroups; n++) {
        if (kGroups > 1 && n >= groups) continue;
        const uint4 b = tokens[(n * 8 + g) * kPieces + piece];
#pragma unroll
        for (int i = 0; i < 2; i++) mma_bf16(partial[i][n], first[i].word, b.x, b.y);
#pragma unroll
        for (int i = 0; i < 2; i++) mma_bf16(partial[i][n], second[i].word, b.z, b.w);
      }
    }
#pragma unroll
    for (int i = 0; i < 2; i++) {
      const float scale = scales[i * stretches_];
#pragma unroll
      for (int n = 0; n < kGroups; n++) {
#pragma unroll
        for (int c = 0; c < 4; c++) sum[i][n][c] += scale * partial[i][n][c];
      }
    }
  }

  __device__ void add_plain(float (&sum)[2][kGroups][4], const uint4* weights, const uint4* tokens, int groups) {
    const int g = lane_ / 4, t = lane_ % 4;
#pragma unroll
    for (int part = 0; part < 4; part++) {
      uint32_t a[2][4];
#pragma unroll
      for (int i = 0; i < 2; i++) {
        const uint4 packed = weights[(i * 4 + part) * 32];
        a[i][0] = packed.x, a[i][1] = packed.y, a[i][2] = packed.z, a[i][3] = packed.w;
      }
      const int piece = swizzled(g, part * 2 + t / 2);
#pragma unroll
      for (int n = 0; n < kGroups; n++) {
        if (kGroups > 1 && n >= groups) continue;
        const uint2 b = reinterpret_cast<const uint2*>(tokens + (n * 8 + g) * kPieces + piece)[t % 2];
#pragma unroll
        for (int i = 0; i < 2; i++) mma_bf16(sum[i][n], a[i], b.x, b.y);
      }
    }
  }

  // Leaves a span's sums in shared memory and clears them.
  __device__ void leave(float (&sum)[2][kGroups][4]) {
    const int g = lane_ / 4, t = lane_ % 4, width = 32 * cut_.pairs + 4;
    float* to = sums() + part_ * kTokens * width + pair_ * 32 + g;
#pragma unroll
    for (int i = 0; i < 2; i++) {
#pragma unroll
      for (int n = 0; n < kGroups; n++) {
#pragma unroll
        for (int c = 0; c < 4; c++) {
          to[(n * 8 + 2 * t + c % 2) * width + i * 16 + c / 2 * 8] = sum[i][n][c];
          sum[i][n][c] = 0;
        }
      }
    }
  }

  Factor factor_;
  Cut cut_;
  Layout at_;
  unsigned char* shared_;
  int first_unit_, units_, stretches_, all_stages_, stages_, warp_, lane_, pair_, part_;
  int total_;  // stages of all spans
  // what is asked for next
  int ask_loop_, ask_stage_, left_, second_;
  const uint4* from_;
};

}  // namespace tenon::moe
#endif
