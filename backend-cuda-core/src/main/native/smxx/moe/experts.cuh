// The three products as kernels: logits of the router, gate and up with SiLU, and down with results through memory.
//
// Blocks of an expert product: first those of the shared expert, whose weights are asked for before the routing is
// known, then, for every item, its spans of `pairs` × `loops` units.
#ifndef TENON_MOE_EXPERTS_CUH
#define TENON_MOE_EXPERTS_CUH

#include "stream.cuh"

namespace tenon::moe {

// Blocks of a product along the outputs.
struct Spans {
  int routed, shared;
};

__host__ __device__ constexpr int spans_of(int64_t units, const Cut& cut) {
  return (units + cut.pairs * cut.loops - 1) / (cut.pairs * cut.loops);
}

__device__ __forceinline__ int rows_of(const Plan& plan) { return *reinterpret_cast<const int32_t*>(plan.p.counts); }

__device__ __forceinline__ int item_rows(int rows, int first, int tokens) { return max(0, min(tokens, rows - first)); }

__device__ __forceinline__ int type_of(const Plan& plan, bool shared) { return shared ? plan.p.shared_type : plan.p.type; }

// The factor of expert `index` in a stack.
__device__ __forceinline__ Factor of_stack(int type, int64_t data, int64_t scales, int64_t index, int tiles, int inputs) {
  const int stretches = (inputs + kStretch - 1) / kStretch;
  const int64_t words = int64_t(tiles) * stretches * (type == TENON_E4M3 ? 128 : 256);  // of 16 bytes
  return {reinterpret_cast<const uint4*>(data) + index * words,
          reinterpret_cast<const float*>(scales) + (scales ? index * tiles * stretches : 0), tiles, inputs};
}

__device__ __forceinline__ Factor gate_up_of(const Plan& plan, int expert, bool shared) {
  const tenon_moe& p = plan.p;
  return shared ? of_stack(p.shared_type, p.shared_gate_up, p.shared_gate_up_scales, 0, p.shared_inner / 8, p.hidden)
                : of_stack(p.type, p.gate_up, p.gate_up_scales, expert, p.inner / 8, p.hidden);
}

__device__ __forceinline__ Factor down_of(const Plan& plan, int expert, bool shared) {
  const tenon_moe& p = plan.p;
  return shared ? of_stack(p.shared_type, p.shared_down, p.shared_down_scales, 0, p.hidden / 16, p.shared_inner)
                : of_stack(p.type, p.down, p.down_scales, expert, p.hidden / 16, p.inner);
}

// Read where the kernel that wrote it has ended, but perhaps not the one between.
__device__ __forceinline__ Item read_item(const Plan& plan, int index) {
  const volatile int32_t* words = reinterpret_cast<const volatile int32_t*>(plan.items + index);
  return {words[0], words[1], words[2], words[3]};
}

__device__ __forceinline__ int read_items_count(const Plan& plan) {
  return *reinterpret_cast<const volatile int32_t*>(plan.items_count);
}

__device__ __forceinline__ void drain() {
  copy_commit();
  copy_wait<0>();
}

__device__ __forceinline__ uint32_t two_bf16(float low, float high) {
  const __nv_bfloat16 a = __float2bfloat16_rn(low), b = __float2bfloat16_rn(high);
  return static_cast<uint32_t>(__bfloat16_as_ushort(a)) | static_cast<uint32_t>(__bfloat16_as_ushort(b)) << 16;
}

__device__ __forceinline__ float silu(float x) { return __fdividef(x, 1 + __expf(-x)); }

// Adds products of 16 outputs with up to eight rows: word(part) is this lane's operand A, b its operand B, of inputs that share
// a scale.
template <int kType, int kParts, typename Word>
__device__ __forceinline__ void add_products(float (&sum)[4], Word word, const uint4 (&b)[kParts], float scale) {
  if (kType == TENON_E4M3) {
    float partial[4] = {};
#pragma unroll
    for (int part = 0; part < kParts; part++) {
      FragmentA low, high;
      unpack(word(part), low, high);
      mma_bf16(partial, low.word, b[part].x, b[part].y);
      mma_bf16(partial, high.word, b[part].z, b[part].w);
    }
#pragma unroll
    for (int c = 0; c < 4; c++) sum[c] += scale * partial[c];
  } else {
#pragma unroll
    for (int part = 0; part < kParts; part++) {
      const uint4 packed = word(part);
      const uint32_t a[4] = {packed.x, packed.y, packed.z, packed.w};
      mma_bf16(sum, a, b[part].x, b[part].y);
    }
  }
}

// Sum over the parts, in their order.
__device__ __forceinline__ float2 two_sums(const float* sums, int parts, int part_size) {
  float2 total = *reinterpret_cast<const float2*>(sums);
  for (int part = 1; part < parts; part++) {
    const float2 more = *reinterpret_cast<const float2*>(sums + part * part_size);
    total.x += more.x, total.y += more.y;
  }
  return total;
}

// A span's sums of the router become logits.
__device__ __forceinline__ void finish_logits(const Plan& plan, const Cut& cut, int tokens, int unit, const float* sums, int first,
                                              int count) {
  const int width = 32 * cut.pairs + 4, parts = kWarps / cut.pairs, across = 16 * cut.pairs;
  const int within = threadIdx.x % across * 2, output = unit * 32 + within;
  for (int token = threadIdx.x / across; token < count; token += kThreads / across) {
    const float2 total = two_sums(sums + token * width + within, parts, tokens * width);
    float* to = plan.logits + int64_t(first + token) * plan.logits_stride + output;
    if (output < plan.outputs) to[0] = total.x;
    if (output + 1 < plan.outputs) to[1] = total.y;
  }
}

// A span's sums of gate and up become rows of `inner`.
__device__ __forceinline__ void finish_gate_up(void* out, int inner, const Cut& cut, int tokens, int unit, const float* sums,
                                               int count) {
  const int width = 32 * cut.pairs + 4, parts = kWarps / cut.pairs, across = 8 * cut.pairs;
  const int pair = threadIdx.x % across / 8, m = threadIdx.x % 8 * 2, output = (unit + pair) * 16 + m;
  if (output >= inner) return;
  for (int token = threadIdx.x / across; token < count; token += kThreads / across) {
    const float* at = sums + token * width + pair * 32 + m;
    const float2 gate = two_sums(at, parts, tokens * width), up = two_sums(at + 16, parts, tokens * width);
    reinterpret_cast<uint32_t*>(out)[(int64_t(token) * inner + output) / 2] =
        two_bf16(silu(gate.x) * up.x, silu(gate.y) * up.y);
  }
}

// A span's sums of down go to memory.
template <bool kWide>
__device__ __forceinline__ void finish_down(const Plan& plan, const Cut& cut, int tokens, int unit, const float* sums, int64_t position,
                                            int count) {
  const int hidden = plan.p.hidden;
  const int width = 32 * cut.pairs + 4, parts = kWarps / cut.pairs, across = 8 * cut.pairs;
  const int within = threadIdx.x % across * 4, output = unit * 32 + within;
  if (output >= hidden) return;
  for (int token = threadIdx.x / across; token < count; token += kThreads / across) {
    const float* at = sums + token * width + within;
    const float2 low = two_sums(at, parts, tokens * width), high = two_sums(at + 2, parts, tokens * width);
    const int64_t to = ((position + token) * hidden + output) / 4;
    if (kWide) {
      reinterpret_cast<float4*>(plan.partial)[to] = make_float4(low.x, low.y, high.x, high.y);
    } else {
      reinterpret_cast<uint2*>(plan.partial)[to] = make_uint2(two_bf16(low.x, low.y), two_bf16(high.x, high.y));
    }
  }
}

// The counters of the routing.
__device__ __forceinline__ void clear(const Plan& plan) {
  for (int e = threadIdx.x; e <= plan.p.held; e += kThreads) plan.counts[e] = 0;
}

__global__ void __launch_bounds__(kThreads) clear_counts(Plan plan) {
  release_successor();
  wait_for_predecessor();
  clear(plan);
}

// grid: (spans of outputs, tokens). Block 0 also clears the counters.
template <int kGroups>
__global__ void __launch_bounds__(kThreads, kGroups <= 2 ? 2 : 1) router(Plan plan, Cut cut) {
  TENON_DYNAMIC_SHARED(unsigned char, shared);
  const Factor factor = {reinterpret_cast<const uint4*>(plan.p.router), nullptr, (plan.outputs + 15) / 16,
                         static_cast<int>(plan.p.hidden)};
  Stream<TENON_BF16, kGroups> stream(shared, factor, cut, blockIdx.x * cut.pairs * cut.loops);
  stream.begin();
  wait_for_predecessor();
  release_successor();  // not before: route begins with the rows before it waits
  if (blockIdx.x == 0 && blockIdx.y == 0) clear(plan);
  const int first = blockIdx.y * 8 * kGroups, count = item_rows(rows_of(plan), first, 8 * kGroups);
  if (count == 0) {
    drain();
    return;
  }
  const Tokens tokens = {reinterpret_cast<const bf16*>(plan.p.x), plan.p.hidden, nullptr, first, count};
  stream.multiply(tokens, [&](int unit, const float* sums) { finish_logits(plan, cut, 8 * kGroups, unit, sums, first, count); });
}

template <int kType, int kGroups>
__device__ __forceinline__ void gate_up_of_item(unsigned char* shared, const Plan& plan, const Cut& cut, bool is_shared, Item item, int span) {
  Stream<kType, kGroups> stream(shared, gate_up_of(plan, item.expert, is_shared), cut, span * cut.pairs * cut.loops);
  stream.begin();
  const int32_t* list = plan.lists + item.expert * plan.p.max_rows + item.first;
  void* out = plan.inner;
  if (is_shared) {
    wait_for_predecessor();
    release_successor();
    item.count = item_rows(rows_of(plan), item.first, 8 * kGroups);
    list = nullptr, out = plan.shared_inner;
    if (item.count == 0) {
      drain();
      return;
    }
  }
  const int inner = is_shared ? plan.p.shared_inner : plan.p.inner;
  bf16* to = reinterpret_cast<bf16*>(out) + int64_t(item.position) * inner;
  const Tokens tokens = {reinterpret_cast<const bf16*>(plan.p.x), plan.p.hidden, list, item.first, item.count};
  stream.multiply(tokens, [&](int unit, const float* sums) { finish_gate_up(to, inner, cut, 8 * kGroups, unit, sums, item.count); });
}

template <int kGroups>
__global__ void __launch_bounds__(kThreads, kGroups <= 2 ? 2 : 1) gate_up(Plan plan, Cut cut, Spans spans) {
  TENON_DYNAMIC_SHARED(unsigned char, shared);
  const int of_shared = plan.shared_items * spans.shared;
  int block = blockIdx.x;
  const bool is_shared = block < of_shared;
  const int each = is_shared ? spans.shared : spans.routed;
  if (!is_shared) block -= of_shared;
  const int index = block / each, span = block % each;
  Item item = {0, index * 8 * kGroups, 0, index * 8 * kGroups};
  if (!is_shared) {
    wait_for_predecessor();
    release_successor();
    item = read_item(plan, index);
    if (index >= read_items_count(plan)) return;
  }
  if ((is_shared ? plan.p.shared_type : plan.p.type) == TENON_E4M3) {
    gate_up_of_item<TENON_E4M3, kGroups>(shared, plan, cut, is_shared, item, span);
  } else {
    gate_up_of_item<TENON_BF16, kGroups>(shared, plan, cut, is_shared, item, span);
  }
}

// The routing ended before gate_up let this kernel start, so items are read, and weights asked for, before the wait.
template <int kType, int kGroups, bool kWide>
__device__ __forceinline__ void down_of_item(unsigned char* shared, const Plan& plan, const Cut& cut, int index, int span) {
  const bool is_shared = index < plan.shared_items;
  Item item = {0, index * 8 * kGroups, 0, 0};
  if (!is_shared) {
    item = read_item(plan, index - plan.shared_items);
    if (index - plan.shared_items >= read_items_count(plan)) {
      wait_for_predecessor();
      return;
    }
  }
  Stream<kType, kGroups> stream(shared, down_of(plan, item.expert, is_shared), cut, span * cut.pairs * cut.loops);
  stream.begin();
  wait_for_predecessor();
  release_successor();
  int64_t position = item.position, first = item.position;
  const void* from = plan.inner;
  if (is_shared) {
    item.count = item_rows(rows_of(plan), item.first, 8 * kGroups);
    position = int64_t(plan.pairs_most) + item.first, first = item.first;
    from = plan.shared_inner;
  }
  if (item.count == 0) {
    drain();
    return;
  }
  const int inputs = is_shared ? plan.p.shared_inner : plan.p.inner;
  const Tokens tokens = {reinterpret_cast<const bf16*>(from), inputs, nullptr, static_cast<int>(first), item.count};
  stream.multiply(tokens, [&](int unit, const float* sums) {
    finish_down<kWide>(plan, cut, 8 * kGroups, unit, sums, position, item.count);
  });
}

template <int kGroups, bool kWide>
__global__ void __launch_bounds__(kThreads, kGroups <= 2 ? 2 : 1) down(Plan plan, Cut cut, int spans) {
  TENON_DYNAMIC_SHARED(unsigned char, shared);
  const int index = blockIdx.x / spans, span = blockIdx.x % spans;
  const int type = index < plan.shared_items ? plan.p.shared_type : plan.p.type;
  if (type == TENON_E4M3) {
    down_of_item<TENON_E4M3, kGroups, kWide>(shared, plan, cut, index, span);
  } else {
    down_of_item<TENON_BF16, kGroups, kWide>(shared, plan, cut, index, span);
  }
}

}  // namespace tenon::moe
#endif
