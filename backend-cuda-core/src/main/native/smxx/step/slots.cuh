// Slots and batches on the device, as abi/step_kernels.h lays them out.
#ifndef TENON_STEP_SLOTS_CUH
#define TENON_STEP_SLOTS_CUH

#include "../../abi/step_kernels.h"
#include "../../device/platform.cuh"

namespace tenon::step {

template <typename T>
__host__ __device__ __forceinline__ T* at(tenon_address address) {
  return reinterpret_cast<T*>(address);
}

__host__ __device__ __forceinline__ int bitmap_words(const tenon_slots& slots) {
  return static_cast<int>((slots.vocabulary + TENON_BITMAP_BITS - 1) / TENON_BITMAP_BITS) * (TENON_BITMAP_BITS / 32);
}

__device__ __forceinline__ tenon_slot* record(const tenon_slots& slots, int slot) {
  return at<tenon_slot>(slots.records) + slot;
}

__device__ __forceinline__ uint32_t* bitmap(const tenon_slots& slots, int slot, int which) {
  return at<uint32_t>(slots.bitmaps) + (int64_t(slot) * TENON_BITMAPS + which) * bitmap_words(slots);
}

__device__ __forceinline__ int32_t* counts(const tenon_slots& slots, int slot) {
  return at<int32_t>(slots.counts) + slot * slots.vocabulary;
}

__device__ __forceinline__ float* biases(const tenon_slots& slots, int slot) {
  return at<float>(slots.biases) + slot * slots.vocabulary;
}

__device__ __forceinline__ int32_t* drafts(const tenon_slots& slots, int slot) {
  return at<int32_t>(slots.drafts) + slot * slots.most_drafts;
}

__device__ __forceinline__ tenon_ban* bans(const tenon_slots& slots, int slot) {
  return at<tenon_ban>(slots.bans) + int64_t(slot) * TENON_BANS;
}

__device__ __forceinline__ uint64_t* hashes(const tenon_slots& slots, int slot) {
  return at<uint64_t>(slots.hashes) + int64_t(slot) * TENON_HASHES;
}

__device__ __forceinline__ bool has(const uint32_t* bits, int id) { return bits[id >> 5] >> (id & 31) & 1; }

// Whether a page was given for a position.
__device__ __forceinline__ bool covers(const tenon_slots& slots, int slot, int position) {
  const int64_t page = position / slots.page_size;
  return page < slots.table_width && at<int32_t>(slots.page_tables)[slot * slots.table_width + page] >= 0;
}

// An array of the batch.
__device__ __forceinline__ const int32_t* array(const int32_t* batch, int word) { return batch + batch[word]; }

__device__ __forceinline__ int32_t* result(const tenon_step& step, int sequence) {
  return at<int32_t>(step.results) + TENON_RESULT_HEAD + sequence * (1 + 2 * step.width);
}

constexpr uint64_t kHashPrime = (uint64_t(1) << 61) - 1;

__device__ __forceinline__ uint64_t reduced(uint64_t value) {
  const uint64_t folded = (value & kHashPrime) + (value >> 61);
  return folded >= kHashPrime ? folded - kHashPrime : folded;
}

__device__ __forceinline__ uint64_t hash_product(uint64_t a, uint64_t b) {
  const uint64_t low = a * b, high = __umul64hi(a, b);
  return reduced((low & kHashPrime) + (high << 3 | low >> 61));
}

// Hash of an output with one more token.
__device__ __forceinline__ uint64_t hash_with(uint64_t hash, int token) {
  return reduced(hash_product(hash, TENON_HASH_BASE) + token + 1);
}

// Hash of the last `before` tokens of a sequence with this hash: `earlier` is the hash without them.
__device__ __forceinline__ uint64_t hash_of_last(uint64_t hash, uint64_t earlier, uint64_t power) {
  return reduced(hash + kHashPrime - hash_product(earlier, power));
}

}  // namespace tenon::step
#endif
