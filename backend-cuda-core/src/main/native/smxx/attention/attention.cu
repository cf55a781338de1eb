// Causal attention over paged keys and values: which kernels a step takes, and how much shared memory they get.
#include "decode.cuh"
#include "host.cuh"
#include "prefill.cuh"

namespace {

using namespace tenon;
using namespace tenon::attention;

struct Step {
  const tenon_attention& p;
  void* stream;
  Card card;
  Division division;
  Space space;
};

template <int kDim, int kType, int kRing>
bool enqueue_decode(const Step& step, int& status) {
  const int64_t bytes = DecodeShared<kDim, kType>::bytes(kRing, step.p.rows.max_sequences);
  if (bytes > step.card.shared_bytes) return false;
  status = enqueue(decode<kDim, kType, kRing>, step.card.multiprocessors, kDecodeThreads<kDim>, static_cast<int>(bytes),
                   step.stream, Start::EARLY, step.p, step.division, step.space);
  return true;
}

template <int kDim, int kType, int kStep, int kRing>
bool enqueue_prefill(const Step& step, int& status) {
  const int64_t bytes = PrefillShared<kDim, kType, kStep>::bytes(kRing, step.p.rows.max_sequences);
  if (bytes > step.card.shared_bytes) return false;
  status = enqueue(prefill<kDim, kType, kStep, kRing>, step.card.multiprocessors, kPrefillThreads, static_cast<int>(bytes),
                   step.stream, Start::EARLY, step.p, step.division, step.space);
  return true;
}

// The deepest pipelines that fit into a multiprocessor: 227 KB on sm_90 and sm_100, 163 KB on sm_80, 99 KB on sm_86 and sm_89.
template <int kDim, int kType>
int enqueue_all(const Step& step) {
  constexpr bool kWide = kDim == 256 && kType == TENON_BF16;
  int status = cudaErrorInvalidValue;
  const bool decoded = enqueue_decode<kDim, kType, kWide ? 6 : 8>(step, status) ||
                       enqueue_decode<kDim, kType, kWide ? 2 : 4>(step, status);
  if (!decoded || status != cudaSuccess) return decoded ? status : static_cast<int>(cudaErrorInvalidValue);
  if (step.p.rows.max_rows <= kFewRows) return status;
  bool prefilled = enqueue_prefill<kDim, kType, 64, 4>(step, status) || enqueue_prefill<kDim, kType, 64, 2>(step, status);
  if constexpr (kDim == 256) prefilled = prefilled || enqueue_prefill<kDim, kType, 32, 2>(step, status);
  return prefilled ? status : static_cast<int>(cudaErrorInvalidValue);
}

template <int kDim>
int enqueue_form(const Step& step) {
  return step.p.kv_type == TENON_E4M3 ? enqueue_all<kDim, TENON_E4M3>(step) : enqueue_all<kDim, TENON_BF16>(step);
}

}  // namespace

int64_t tenon_attention_workspace(const void* params) {
  const tenon_attention& p = *static_cast<const tenon_attention*>(params);
  return space(division(p.rows, p.heads, p.kv_heads, Card::current().multiprocessors), p.heads, p.dim).bytes;
}

int tenon_attention_launch(const void* params, void* stream) {
  const tenon_attention& p = *static_cast<const tenon_attention*>(params);
  if (p.rows.max_rows == 0 || p.rows.max_sequences == 0) return cudaSuccess;
  if (p.heads % p.kv_heads != 0 || p.heads / p.kv_heads > kTilePairs || p.page_size % kPageUnit != 0) return cudaErrorInvalidValue;
  const Card card = Card::current();
  const Division d = division(p.rows, p.heads, p.kv_heads, card.multiprocessors);
  const Step step = {p, stream, card, d, space(d, p.heads, p.dim)};
  switch (p.dim) {
    case 64: return enqueue_form<64>(step);
    case 128: return enqueue_form<128>(step);
    case 256: return enqueue_form<256>(step);
    default: return cudaErrorInvalidValue;
  }
}
