// An item of the decodes of a step: some (row, head) pairs of a kv head of a sequence, and a split of its context.
#ifndef TENON_ATTENTION_DECODE_ITEM_CUH
#define TENON_ATTENTION_DECODE_ITEM_CUH

#include "finish.cuh"

namespace tenon::attention {

// An item of the table.
struct DecodeItem {
  int sequence, kv_head, block, split, splits, from, to;
  int first_pair, pairs;  // counted from the sequence's first row
  Span span;
  __device__ DecodeItem(const Table& table, const Division& d, int item, int group, int kv_heads) {
    sequence = table.sequence_of(item);
    span = table.span[sequence];
    const int blocks = divide_up(span.active * group, table.pairs);
    int rest = item - table.first_item[sequence];
    block = rest % blocks;
    rest /= blocks;
    kv_head = rest % kv_heads;
    split = rest / kv_heads;
    const int size = split_size(span.length, d.most_splits, table.coarser);
    splits = divide_up(span.length, size);
    from = split * size;
    to = min(span.length, from + size);
    first_pair = block * table.pairs;
    pairs = min(table.pairs, span.active * group - first_pair);
  }
  __device__ __forceinline__ int units(int unit) const { return divide_up(to - from, unit); }

  // Where its sums go if there are several splits.
  __device__ __forceinline__ Partials partials(const tenon_attention& p, const Division& d, const Space& space, const Table& table,
                                               int group) const {
    Partials partials;
    const int all = span.active * group;
    partials.splits = splits;
    partials.sums = reinterpret_cast<float*>(p.workspace + space.decode_sums);
    partials.stats = reinterpret_cast<float2*>(p.workspace + space.decode_stats);
    partials.merged = partials.stats + d.partial_rows * p.heads;
    partials.step = int64_t(span.active) * p.heads;
    partials.first = int64_t(table.first_partial[sequence]) * p.heads + int64_t(kv_head) * all + first_pair;
    partials.counters = reinterpret_cast<int*>(p.counters) + 1 + table.first_item[sequence] +
                        (kv_head * divide_up(all, table.pairs) + block) * splits;
    return partials;
  }
};

}  // namespace tenon::attention
#endif
