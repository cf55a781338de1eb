// New sequences take over slots.
#include "slots.cuh"

namespace tenon::step {
namespace {

constexpr int kThreads = 256;
constexpr int kParts = 8;  // blocks per setup

template <typename T>
__device__ void copy(T* to, const T* from, int count, int first, int stride) {
  for (int i = first; i < count; i += stride) to[i] = from[i];
}

__global__ void __launch_bounds__(kThreads) set_up(const tenon_set_up params) {
  const unsigned char* region = at<const unsigned char>(params.setups);
  const tenon_setup& setup = at<const tenon_setup>(params.setups)[blockIdx.x];
  const tenon_slots& slots = params.slots;
  const int slot = setup.slot, first = blockIdx.y * kThreads + threadIdx.x, stride = kParts * kThreads;
  if (first < sizeof(tenon_slot) / 4) {
    reinterpret_cast<int32_t*>(record(slots, slot))[first] = reinterpret_cast<const int32_t*>(&setup.record)[first];
  }
  int32_t* table = at<int32_t>(slots.page_tables) + slot * slots.table_width;
  for (int64_t i = first; i < slots.table_width; i += stride) table[i] = -1;
  const uint32_t* bits = reinterpret_cast<const uint32_t*>(region + setup.bitmaps_at);
  const int words = bitmap_words(slots);
  for (int which = 0; which < TENON_BITMAPS; which++) {
    if (setup.record.flags >> which & 1) {
      copy(bitmap(slots, slot, which), bits, words, first, stride);
      bits += words;
    }
  }
  const int32_t* biased = reinterpret_cast<const int32_t*>(region + setup.biases_at);
  const float* values = reinterpret_cast<const float*>(biased + setup.biases);
  for (int i = first; i < setup.biases; i += stride) biases(slots, slot)[biased[i]] = values[i];
  const int32_t* counted = reinterpret_cast<const int32_t*>(region + setup.counts_at);
  for (int i = first; i < setup.counts; i += stride) counts(slots, slot)[counted[i]] = counted[setup.counts + i];
  copy(reinterpret_cast<uint64_t*>(bans(slots, slot)), reinterpret_cast<const uint64_t*>(region + setup.bans_at),
       setup.record.bans * int(sizeof(tenon_ban) / 8), first, stride);
  const uint64_t* kept = reinterpret_cast<const uint64_t*>(region + setup.hashes_at);
  for (int i = first; i < setup.hashes; i += stride) {
    const int outputs = setup.record.outputs - setup.hashes + 1 + i;
    hashes(slots, slot)[outputs % TENON_HASHES] = kept[i];
  }
}

}  // namespace
}  // namespace tenon::step

int tenon_set_up_launch(const void* params, void* stream) {
  using namespace tenon::step;
  const tenon_set_up& given = *static_cast<const tenon_set_up*>(params);
  if (given.count == 0) return 0;
  return tenon::enqueue(set_up, dim3(static_cast<unsigned>(given.count), kParts), dim3(kThreads), 0, stream,
                        tenon::Start::AFTER, given);
}
