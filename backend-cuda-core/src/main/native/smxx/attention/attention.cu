// Causal attention over paged keys and values: which kernels a step takes.
#include "../entry_points.h"
#include "host.cuh"
#include "pages.cuh"

#if defined(TENON_EMULATED)
bool tenon::attention::emulates_warpgroups = false;
#endif

using namespace tenon::attention;

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
  const int status = has_warpgroup_decodes(step) ? enqueue_warpgroup_decodes(step) : enqueue_decodes(step);
  if (status != cudaSuccess || tenon_most_of_a_sequence(&p.rows) <= kFewRows) return status;
  return has_warpgroup_prefill(step) ? enqueue_warpgroup_prefills(step) : enqueue_prefills(step);
}
