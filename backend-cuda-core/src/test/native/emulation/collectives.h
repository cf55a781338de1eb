// What the threads of a warp or block do together.
#ifndef TENON_EMULATION_COLLECTIVES_H
#define TENON_EMULATION_COLLECTIVES_H

#include "launch.h"
#include "order.h"

inline void __syncthreads() { tenon::emulation::meet_block("__syncthreads", false); }
inline int __syncthreads_or(int predicate) { return tenon::emulation::meet_block("__syncthreads_or", predicate).nonzero > 0; }
inline int __syncthreads_count(int predicate) { return tenon::emulation::meet_block("__syncthreads_count", predicate).nonzero; }
inline int __syncthreads_and(int predicate) {
  const tenon::emulation::Counts counts = tenon::emulation::meet_block("__syncthreads_and", predicate);
  return counts.nonzero == counts.threads;
}

namespace tenon::emulation {

// A value of up to eight bytes on its way from lane to lane.
struct Exchange {
  uint64_t value = 0;
  int source;  // lane that is wanted; outside of the warp or not present: a value that shows
  uint64_t result;
};

constexpr uint64_t kNobody = 0xfff7dead7fc0deadull;

TENON_UNWATCHED inline void exchange(void* const (&records)[32], uint32_t present) {
  for (int lane = 0; lane < 32; lane++) {
    if (!(present >> lane & 1)) continue;
    Exchange& to = *static_cast<Exchange*>(records[lane]);
    to.result = present >> to.source & 1 ? static_cast<Exchange*>(records[to.source])->value : kNobody;
  }
}

template <typename T>
T shuffled(unsigned mask, const char* operation, T value, int source) {
  static_assert(sizeof(T) <= 8 && std::is_trivially_copyable_v<T>);
  Exchange record;
  memcpy(&record.value, &value, sizeof(T));
  record.source = source;
  meet(mask, operation, exchange, &record);
  memcpy(static_cast<void*>(&value), &record.result, sizeof(T));
  return value;
}

inline int segment(int width) {
  if (width < 1 || width > 32 || (width & (width - 1))) fail("a shuffle of width %d", width);
  return static_cast<int>(lane()) & ~(width - 1);
}

// Votes and reductions: every thread gets what `combine` makes of all values.
template <typename T>
struct Combined {
  T value;
  T result;
  unsigned matching;
};

template <typename T, T (*combine)(T, T)>
TENON_UNWATCHED void reduce(void* const (&records)[32], uint32_t present) {
  T total{};
  bool first = true;
  for (int lane = 0; lane < 32; lane++) {
    if (!(present >> lane & 1)) continue;
    const T value = static_cast<Combined<T>*>(records[lane])->value;
    total = first ? value : combine(total, value);
    first = false;
  }
  for (int lane = 0; lane < 32; lane++) {
    if (present >> lane & 1) static_cast<Combined<T>*>(records[lane])->result = total;
  }
}

template <typename T, T (*combine)(T, T)>
T reduced(unsigned mask, const char* operation, T value) {
  Combined<T> record = {value, {}, 0};
  meet(mask, operation, reduce<T, combine>, &record);
  return record.result;
}

TENON_UNWATCHED inline void match(void* const (&records)[32], uint32_t present) {
  for (int lane = 0; lane < 32; lane++) {
    if (!(present >> lane & 1)) continue;
    Combined<uint64_t>& to = *static_cast<Combined<uint64_t>*>(records[lane]);
    to.matching = 0;
    for (int other = 0; other < 32; other++) {
      if (present >> other & 1) to.matching |= (static_cast<Combined<uint64_t>*>(records[other])->value == to.value) * (1u << other);
    }
    to.result = to.matching == present;
  }
}

template <typename T>
T add(T a, T b) { return a + b; }
template <typename T>
T least(T a, T b) { return a < b ? a : b; }
template <typename T>
T greatest(T a, T b) { return a > b ? a : b; }
template <typename T>
T both(T a, T b) { return a & b; }
template <typename T>
T either(T a, T b) { return a | b; }
template <typename T>
T differing(T a, T b) { return a ^ b; }

}  // namespace tenon::emulation

inline void __syncwarp(unsigned mask = 0xffffffffu) {
  tenon::emulation::meet(mask, "__syncwarp", tenon::emulation::nothing, nullptr);
}

template <typename T>
T __shfl_sync(unsigned mask, T value, int source, int width = 32) {
  return tenon::emulation::shuffled(mask, "__shfl_sync", value, tenon::emulation::segment(width) + (source & (width - 1)));
}

template <typename T>
T __shfl_up_sync(unsigned mask, T value, unsigned delta, int width = 32) {
  const int lane = tenon::emulation::lane(), source = lane - static_cast<int>(delta);
  return tenon::emulation::shuffled(mask, "__shfl_up_sync", value, source < tenon::emulation::segment(width) ? lane : source);
}

template <typename T>
T __shfl_down_sync(unsigned mask, T value, unsigned delta, int width = 32) {
  const int lane = tenon::emulation::lane(), source = lane + static_cast<int>(delta);
  return tenon::emulation::shuffled(mask, "__shfl_down_sync", value,
                                    source >= tenon::emulation::segment(width) + width ? lane : source);
}

template <typename T>
T __shfl_xor_sync(unsigned mask, T value, int flipped, int width = 32) {
  const int lane = tenon::emulation::lane(), source = lane ^ flipped;
  return tenon::emulation::shuffled(mask, "__shfl_xor_sync", value,
                                    source >= tenon::emulation::segment(width) + width ? lane : source);
}

inline unsigned __ballot_sync(unsigned mask, int predicate) {
  using namespace tenon::emulation;
  return reduced<unsigned, either<unsigned>>(mask, "__ballot_sync", predicate ? 1u << lane() : 0u);
}
inline int __any_sync(unsigned mask, int predicate) {
  using namespace tenon::emulation;
  return reduced<int, either<int>>(mask, "__any_sync", predicate != 0);
}
inline int __all_sync(unsigned mask, int predicate) {
  using namespace tenon::emulation;
  return reduced<int, both<int>>(mask, "__all_sync", predicate != 0);
}

template <typename T>
unsigned __match_any_sync(unsigned mask, T value) {
  tenon::emulation::Combined<uint64_t> record = {0, 0, 0};
  memcpy(&record.value, &value, sizeof(T));
  tenon::emulation::meet(mask, "__match_any_sync", tenon::emulation::match, &record);
  return record.matching;
}

template <typename T>
unsigned __match_all_sync(unsigned mask, T value, int* all) {
  tenon::emulation::Combined<uint64_t> record = {0, 0, 0};
  memcpy(&record.value, &value, sizeof(T));
  tenon::emulation::meet(mask, "__match_all_sync", tenon::emulation::match, &record);
  *all = static_cast<int>(record.result);
  return record.result ? record.matching : 0;
}

// Int or unsigned, as on a card.
#define TENON_EMULATION_REDUCE(name, combine)                                                    \
  template <typename T>                                                                          \
  T name(unsigned mask, T value) {                                                               \
    static_assert(std::is_same_v<T, int> || std::is_same_v<T, unsigned>);                        \
    return tenon::emulation::reduced<T, tenon::emulation::combine<T>>(mask, #name, value);        \
  }
TENON_EMULATION_REDUCE(__reduce_add_sync, add)
TENON_EMULATION_REDUCE(__reduce_min_sync, least)
TENON_EMULATION_REDUCE(__reduce_max_sync, greatest)
TENON_EMULATION_REDUCE(__reduce_and_sync, both)
TENON_EMULATION_REDUCE(__reduce_or_sync, either)
TENON_EMULATION_REDUCE(__reduce_xor_sync, differing)
#undef TENON_EMULATION_REDUCE

#endif
