// Slots, batches and sampling as their definitions say (dev.tenon.spi.backend), on the host in double precision; and the
// same on the device, laid out as the host's side of the engine lays it out.
#ifndef TENON_TEST_STEP_MODEL_H
#define TENON_TEST_STEP_MODEL_H

#include "check.h"
#include "../../main/native/abi/step_kernels.h"

#include <map>
#include <memory>

int tenon_set_up_launch(const void*, void*);
int tenon_take_over_launch(const void*, void*);
int tenon_sample_launch(const void*, void*);
int64_t tenon_sample_workspace(const void*);
int tenon_draft_launch(const void*, void*);
int64_t tenon_draft_workspace(const void*);

namespace model {

using check::Device;

struct Sampling {
  float temperature = 0, top_p = 1;
  int top_k = 0;
  float min_p = 0, repetition = 1, presence = 0, frequency = 0;
  int64_t seed = 1;
  std::map<int, float> biases;
  bool restricted = false;
  std::vector<int> allowed;
  std::vector<std::vector<int>> bans;
  int usable = 0, min_tokens = 0, max_tokens = 1 << 30;
  std::vector<int> ends;
  int logprobs = -1, prompt_logprobs = -1;
};

struct Slot {
  Sampling sampling;
  std::vector<int> tokens, table, drafts;
  int prompt = 0, draft_count = 0, position = 0, last_token = 0, accepted = 0, outputs = 0;
  bool ended = true;
};

struct Setup {
  int slot;
  Sampling sampling;
  std::vector<int> tokens;
  int prompt;
};

struct Batch {
  std::vector<Setup> setups;
  std::vector<int> pages, slots, kinds, starts, offsets = {0}, tokens, next, host_drafts, selected;
  std::map<int, std::vector<uint32_t>> masks;  // by logit row
  int sequences() const { return static_cast<int>(slots.size()); }
  int rows() const { return offsets.back(); }
};

// Where rows are; as tenon_rows.
struct Rows {
  std::vector<int> ids, positions, slots, sequence, sequence_slots, offsets, active, replay, committed, selected;
};

struct Logprobs {
  double logprob;
  int rank;
  std::vector<int> ids;
  std::vector<double> logprobs;
};

inline uint64_t mixed(uint64_t z) {
  z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9ull;
  z = (z ^ (z >> 27)) * 0x94D049BB133111EBull;
  return z ^ (z >> 31);
}

inline double noise(int64_t seed, int output, int id) {
  const uint64_t golden = 0x9E3779B97F4A7C15ull;
  const uint64_t key = mixed(mixed(seed + golden) + (output + 1ull) * golden);
  const double u = ((mixed(key + (id + 1ull) * golden) >> 11) + 0.5) * 0x1p-53;
  return -std::log(-std::log(u));
}

inline std::vector<float> adjusted(const Slot& slot, const std::vector<float>& raw, const std::vector<uint32_t>* mask) {
  const Sampling& s = slot.sampling;
  std::vector<float> logits = raw;
  const int vocabulary = static_cast<int>(raw.size());
  const auto forbid = [&](int id) { if (id < vocabulary) logits[id] = -INFINITY; };
  for (int id = 0; id < vocabulary; id++) {
    const bool open = id < s.usable && (!s.restricted || std::count(s.allowed.begin(), s.allowed.end(), id)) &&
                      (!mask || ((*mask)[id / 32] >> id % 32 & 1));
    if (!open) forbid(id);
  }
  if (slot.outputs < s.min_tokens) for (int id : s.ends) forbid(id);
  std::map<int, int> counts;
  for (size_t i = slot.prompt; i < slot.tokens.size(); i++) counts[slot.tokens[i]]++;
  if (s.repetition != 1) {
    std::map<int, bool> seen;
    for (int id : slot.tokens) {
      if (!seen[id]) logits[id] = logits[id] > 0 ? logits[id] / s.repetition : logits[id] * s.repetition;
      seen[id] = true;
    }
  }
  for (auto [id, count] : counts) {
    const volatile float scaled = s.frequency * float(count), penalty = scaled + s.presence;
    logits[id] -= penalty;
  }
  for (auto [id, bias] : s.biases) logits[id] += bias;
  for (const auto& word : s.bans) {
    const int before = static_cast<int>(word.size()) - 1;
    if (slot.outputs >= before && std::equal(word.begin(), word.end() - 1, slot.tokens.end() - before)) forbid(word[before]);
  }
  return logits;
}

inline int greatest(const std::vector<float>& logits, int count) {
  int best = 0;
  for (int id = 1; id < count; id++) if (logits[id] > logits[best]) best = id;
  return best;
}

// The ids that are left, the greatest first, and what they weigh.
inline int draw(const Slot& slot, const std::vector<float>& raw, const std::vector<uint32_t>* mask) {
  const Sampling& s = slot.sampling;
  const std::vector<float> logits = adjusted(slot, raw, mask);
  const int vocabulary = static_cast<int>(raw.size()), top = greatest(logits, vocabulary);
  if (s.temperature < 1e-5f || logits[top] == -INFINITY) return top;
  std::vector<int> ids;
  for (int id = 0; id < vocabulary; id++) if (logits[id] > -INFINITY) ids.push_back(id);
  std::stable_sort(ids.begin(), ids.end(), [&](int a, int b) { return logits[a] > logits[b]; });
  if (s.top_k > 0 && s.top_k < int(ids.size())) ids.resize(s.top_k);
  const volatile float inverse = 1.0f / s.temperature;
  std::vector<double> weights;
  double total = 0;
  for (int id : ids) {
    const volatile float below = logits[id] - logits[top], scaled = below * inverse;
    weights.push_back(std::exp(double(scaled)));
    total += weights.back();
  }
  size_t kept = ids.size();
  if (s.top_p < 1) {
    double mass = 0;
    for (kept = 0; kept < ids.size() && mass < s.top_p * total;) mass += weights[kept++];
  }
  while (s.min_p > 0 && kept > 1 && weights[kept - 1] < s.min_p * weights[0]) kept--;
  int best = -1;
  double score = -INFINITY;
  for (size_t i = 0; i < std::max<size_t>(1, kept); i++) {
    const double own = logits[ids[i]] * double(inverse) + noise(s.seed, slot.outputs, ids[i]);
    if (own > score) score = own, best = ids[i];
  }
  return best;
}

inline Logprobs logprobs(const std::vector<float>& raw, int token, int alternatives) {
  Logprobs found = {0, 1, {}, {}};
  double most = -INFINITY, sum = 0;
  for (float value : raw) most = std::max<double>(most, value);
  for (float value : raw) {
    sum += std::exp(value - most);
    found.rank += value > raw[token];
  }
  const double total = most + std::log(sum);
  found.logprob = raw[token] - total;
  std::vector<int> ids(raw.size());
  for (size_t i = 0; i < ids.size(); i++) ids[i] = static_cast<int>(i);
  std::stable_sort(ids.begin(), ids.end(), [&](int a, int b) { return raw[a] > raw[b]; });
  ids.resize(std::min<size_t>(ids.size(), alternatives));
  found.ids = ids;
  for (int id : ids) found.logprobs.push_back(raw[id] - total);
  return found;
}

// The slots and one step on them.
struct Host {
  int vocabulary, page_size, width;
  std::vector<Slot> slots;
  Batch batch;
  Rows target, shifted;
  std::vector<std::vector<int>> tokens;  // emitted, by sequence
  std::vector<int> ends, processed, drafts;
  std::map<int, Logprobs> reported;      // by logit row

  Host(int vocabulary, int slot_count, int table_width, int page_size, int drafts)
      : vocabulary(vocabulary), page_size(page_size), width(1 + drafts), slots(slot_count) {
    for (Slot& slot : slots) {
      slot.table.assign(table_width, -1);
      slot.drafts.assign(drafts, 0);
    }
  }

  bool covers(const Slot& slot, int position) const {
    return position / page_size < int(slot.table.size()) && slot.table[position / page_size] >= 0;
  }

  void take_over(const Batch& given) {
    batch = given;
    for (const Setup& setup : batch.setups) {
      Slot& slot = slots[setup.slot];
      const size_t width = slot.table.size(), drafts = slot.drafts.size();
      slot = Slot();
      slot.table.assign(width, -1);
      slot.drafts.assign(drafts, 0);
      slot.sampling = setup.sampling;
      slot.tokens = setup.tokens;
      slot.prompt = setup.prompt;
      slot.outputs = static_cast<int>(setup.tokens.size()) - setup.prompt;
      slot.ended = false;
    }
    for (size_t i = 0; i < batch.pages.size(); i += 3) slots[batch.pages[i]].table[batch.pages[i + 1]] = batch.pages[i + 2];
    const int n = batch.sequences();
    target = Rows();
    target.ids = batch.tokens;
    target.sequence_slots = batch.slots;
    target.offsets = batch.offsets;
    target.selected = batch.selected;
    for (int b = 0; b < n; b++) {
      Slot& slot = slots[batch.slots[b]];
      const int first = batch.offsets[b], count = batch.offsets[b + 1] - first;
      int active = count;
      if (batch.kinds[b] == TENON_DECODE) {
        const bool host = batch.host_drafts[b] > 0;
        target.ids[first] = slot.last_token;
        for (int i = 1; i < count && !host; i++) target.ids[first + i] = i <= slot.draft_count ? slot.drafts[i - 1] : 0;
        active = std::min(count, 1 + (host ? count - 1 : slot.draft_count));
      }
      if (slot.ended) active = 0;
      while (active > 0 && !covers(slot, slot.position + active - 1)) active--;
      target.active.push_back(active);
      target.replay.push_back(active ? slot.accepted : 0);
      target.committed.push_back(batch.kinds[b] == TENON_DECODE ? std::min(1, active) : active);
      for (int i = 0; i < count; i++) {
        target.positions.push_back(i < active ? slot.position + i : 0);
        target.slots.push_back(i < active ? batch.slots[b] : -1);
        target.sequence.push_back(b);
      }
    }
  }

  int logit_row(int row) const {
    return static_cast<int>(std::find(batch.selected.begin(), batch.selected.end(), row) - batch.selected.begin());
  }

  int drawn(int b, const std::vector<std::vector<float>>& logits, int row) {
    Slot& slot = slots[batch.slots[b]];
    const int at = logit_row(row);
    const auto mask = batch.masks.find(at);
    const int token = draw(slot, logits[at], mask == batch.masks.end() ? nullptr : &mask->second);
    if (slot.sampling.logprobs >= 0) reported[at] = model::logprobs(logits[at], token, slot.sampling.logprobs);
    slot.tokens.push_back(token);
    slot.outputs++;
    slot.last_token = token;
    tokens[b].push_back(token);
    const Sampling& s = slot.sampling;
    if (std::count(s.ends.begin(), s.ends.end(), token) && slot.outputs > s.min_tokens) {
      ends[b] = 1;
    } else if (slot.outputs >= s.max_tokens) {
      ends[b] = 2;
    }
    slot.ended = ends[b] != 0;
    return token;
  }

  void sample(const std::vector<std::vector<float>>& logits) {
    const int n = batch.sequences();
    tokens.assign(n, {});
    ends.assign(n, 0);
    processed.assign(n, 0);
    drafts.assign(n * (width - 1), 0);
    reported.clear();
    shifted = target;
    shifted.selected.clear();
    shifted.replay.assign(n, 0);
    for (int b = 0; b < n; b++) {
      Slot& slot = slots[batch.slots[b]];
      const int first = batch.offsets[b], end = batch.offsets[b + 1], active = target.active[b];
      if (active > 0 && batch.kinds[b] == TENON_DECODE) {
        int row = 0;
        int token = drawn(b, logits, first);
        while (!slot.ended && row + 1 < active && token == target.ids[first + row + 1]) token = drawn(b, logits, first + ++row);
        processed[b] = row + 1;
        slot.position += row + 1;
        slot.accepted = row;
        slot.draft_count = 0;
      } else if (active > 0) {
        for (int row = first; row < end && slot.sampling.prompt_logprobs >= 0; row++) {
          const int at = logit_row(row), next = row + 1 < end ? target.ids[row + 1] : batch.next[b];
          if (at < int(batch.selected.size()) && next >= 0) {
            reported[at] = model::logprobs(logits[at], next, slot.sampling.prompt_logprobs);
          }
        }
        slot.position += active;
        slot.accepted = 0;
        processed[b] = active;
        if (batch.kinds[b] == TENON_PREFILL_LAST) drawn(b, logits, first + active - 1);
      }
      for (int row = first; row < end; row++) {
        const int i = row - first;
        const int following = batch.kinds[b] == TENON_PREFILL ? batch.next[b] : slot.last_token;
        shifted.ids[row] = i >= processed[b] ? 0 : i + 1 < processed[b] ? target.ids[row + 1] : following;
        if (i >= processed[b]) {
          shifted.positions[row] = 0;
          shifted.slots[row] = -1;
        }
      }
      shifted.selected.push_back(first + std::max(0, processed[b] - 1));
    }
    shifted.active = shifted.committed = processed;
  }

  bool drafts_for(int b) const { return !tokens[b].empty() && !slots[batch.slots[b]].ended; }

  void draft(const std::vector<std::vector<float>>& logits, int pass) {
    for (int b = 0; b < batch.sequences(); b++) {
      Slot& slot = slots[batch.slots[b]];
      if (!drafts_for(b)) continue;
      slot.drafts[pass] = greatest(logits[b], std::min(vocabulary, slot.sampling.usable));
      slot.draft_count = pass + 1;
      drafts[b * (width - 1) + pass] = slot.drafts[pass];
    }
  }

  Rows next_rows(int pass) const {
    Rows rows;
    for (int b = 0; b < batch.sequences(); b++) {
      const Slot& slot = slots[batch.slots[b]];
      const int position = slot.position - 1 + pass;
      const bool active = drafts_for(b) && covers(slot, position);
      rows.ids.push_back(drafts[b * (width - 1) + pass - 1]);
      rows.positions.push_back(active ? position : 0);
      rows.slots.push_back(active ? batch.slots[b] : -1);
      rows.sequence.push_back(b);
      rows.sequence_slots.push_back(batch.slots[b]);
      rows.offsets.push_back(b);
      rows.active.push_back(active);
      rows.replay.push_back(0);
      rows.committed.push_back(active);
      rows.selected.push_back(b);
    }
    rows.offsets.push_back(batch.sequences());
    return rows;
  }
};

}  // namespace model
#endif
