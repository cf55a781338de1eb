// The device's side of step_model.h: buffers, batches and setups as the engine writes them, launches, comparison.
#ifndef TENON_TEST_STEP_DEVICE_H
#define TENON_TEST_STEP_DEVICE_H

#include "step_model.h"

#include <bit>

namespace model {

constexpr uint64_t kPrime = (uint64_t(1) << 61) - 1;

inline uint64_t times(uint64_t a, uint64_t b) {
  return static_cast<uint64_t>(static_cast<unsigned __int128>(a) * b % kPrime);
}
inline uint64_t hash_with(uint64_t hash, int token) { return (times(hash, TENON_HASH_BASE) + token + 1) % kPrime; }

// The arrays of a set of rows.
struct DeviceRows {
  Device<int32_t> counts, ids, positions, slots, sequence, sequence_slots, offsets, active, replay, committed, selected;
  DeviceRows(int rows, int sequences, int chosen)
      : counts(4), ids(rows), positions(rows), slots(rows), sequence(rows), sequence_slots(sequences),
        offsets(sequences + 1), active(sequences), replay(sequences), committed(sequences), selected(chosen) {}
  tenon_rows words(int64_t rows, int64_t sequences, int64_t chosen) const {
    return {rows, sequences, chosen, 0, counts.address(), ids.address(), positions.address(), slots.address(),
            sequence.address(), sequence_slots.address(), offsets.address(), active.address(), replay.address(),
            committed.address(), selected.address()};
  }
};

// Whether an array begins with these values and is untouched beyond.
inline bool holds(const Device<int32_t>& found, const std::vector<int>& wanted, bool whole = true) {
  const std::vector<int32_t> values = found.read();
  for (size_t i = 0; i < values.size(); i++) {
    if (i < wanted.size() ? values[i] != wanted[i] : whole && values[i] != -1) return false;
  }
  return true;
}

struct Card {
  int vocabulary, rows, sequences, selected, drafts, words;
  tenon_slots slots;
  Device<tenon_slot> records;
  Device<int32_t> tables, draft_ids, counts;
  Device<uint32_t> bitmaps;
  Device<float> biases;
  Device<tenon_ban> bans;
  Device<uint64_t> hashes;
  DeviceRows target, shifted;
  std::vector<std::unique_ptr<DeviceRows>> later;
  Device<tenon_judged> judged;
  Device<int32_t> chosen, drawn, results, masked, arrivals;
  Device<uint32_t> masks;
  Device<tenon_logprobs> logprobs;
  std::unique_ptr<Device<int32_t>> batch;
  std::unique_ptr<Device<float>> logits;
  std::unique_ptr<Device<uint64_t>> workspace;

  Card(int vocabulary, int slot_count, int table_width, int page_size, int drafts, int rows, int sequences, int selected)
      : vocabulary(vocabulary), rows(rows), sequences(sequences), selected(selected), drafts(drafts),
        words((vocabulary + 127) / 128 * 4), records(slot_count), tables(slot_count * table_width),
        draft_ids(slot_count * std::max(1, drafts)), counts(size_t(slot_count) * vocabulary),
        bitmaps(slot_count * TENON_BITMAPS * words), biases(size_t(slot_count) * vocabulary),
        bans(size_t(slot_count) * TENON_BANS), hashes(size_t(slot_count) * TENON_HASHES), target(rows, sequences, selected),
        shifted(rows, sequences, sequences), judged(selected), chosen(selected), drawn(sequences),
        results(TENON_RESULT_HEAD + sequences * (1 + 2 * (1 + drafts))), masked(1 + selected), arrivals(sequences),
        masks(size_t(selected) * words), logprobs(selected) {
    slots = {slot_count, vocabulary, page_size, table_width, drafts, records.address(), tables.address(),
             draft_ids.address(), bitmaps.address(), counts.address(), biases.address(), bans.address(), hashes.address()};
    for (int pass = 1; pass < drafts; pass++) later.push_back(std::make_unique<DeviceRows>(sequences, sequences, sequences));
    CUDA(cudaMemset(records.at, 0, slot_count * sizeof(tenon_slot)));
    CUDA(cudaMemset(arrivals.at, 0, sequences * sizeof(int32_t)));
    CUDA(cudaMemset(masked.at, 0, sizeof(int32_t)));
  }

  tenon_step step(const Batch& given) const {
    (void)given;
    return {slots, batch->address(), target.words(rows, sequences, selected), judged.address(), chosen.address(),
            drawn.address(), results.address(), 1 + drafts};
  }

  void set_up(const std::vector<Setup>& setups) {
    if (setups.empty()) return;
    std::vector<tenon_setup> heads;
    std::vector<unsigned char> rest;
    const size_t base = setups.size() * sizeof(tenon_setup);
    const auto append = [&](const auto& values) {
      while (rest.size() % 8) rest.push_back(0);
      const int32_t at = static_cast<int32_t>(base + rest.size());
      const auto* bytes = reinterpret_cast<const unsigned char*>(values.data());
      rest.insert(rest.end(), bytes, bytes + values.size() * sizeof(values[0]));
      return at;
    };
    for (const Setup& setup : setups) {
      const Sampling& s = setup.sampling;
      std::vector<int> output(setup.tokens.begin() + setup.prompt, setup.tokens.end());
      const bool counted = s.frequency != 0 || s.presence != 0;
      tenon_setup head = {};
      head.slot = setup.slot;
      head.record.outputs = static_cast<int32_t>(output.size());
      head.record.flags = s.restricted << TENON_ALLOWED | !s.ends.empty() << TENON_ENDS | (s.repetition != 1) << TENON_SEEN |
                          counted << TENON_COUNTED | !s.biases.empty() << TENON_BIASED | (s.bans.empty() ? 0 : TENON_BANNED);
      head.record.temperature = s.temperature, head.record.top_p = s.top_p, head.record.min_p = s.min_p;
      head.record.repetition = s.repetition, head.record.presence = s.presence, head.record.frequency = s.frequency;
      head.record.top_k = s.top_k, head.record.usable_ids = s.usable;
      head.record.min_tokens = s.min_tokens, head.record.max_tokens = s.max_tokens;
      head.record.logprobs = s.logprobs, head.record.prompt_logprobs = s.prompt_logprobs;
      head.record.bans = static_cast<int32_t>(s.bans.size()), head.record.seed = s.seed;
      std::vector<uint32_t> bits;
      const auto bitmap = [&](int which, const std::vector<int>& ids) {
        if ((head.record.flags >> which & 1) == 0) return;
        std::vector<uint32_t> own(words);
        for (int id : ids) if (id < vocabulary) own[id / 32] |= 1u << id % 32;
        bits.insert(bits.end(), own.begin(), own.end());
      };
      std::vector<int> biased;
      std::vector<int32_t> bias_words;
      for (auto [id, bias] : s.biases) biased.push_back(id);
      bias_words.assign(biased.begin(), biased.end());
      for (auto [id, bias] : s.biases) bias_words.push_back(std::bit_cast<int32_t>(bias));
      bitmap(TENON_ALLOWED, s.allowed);
      bitmap(TENON_ENDS, s.ends);
      bitmap(TENON_SEEN, setup.tokens);
      bitmap(TENON_COUNTED, output);
      bitmap(TENON_BIASED, biased);
      head.bitmaps_at = append(bits);
      head.biases = static_cast<int32_t>(biased.size());
      head.biases_at = append(bias_words);
      std::map<int, int> occurrences;
      for (int id : output) if (counted) occurrences[id]++;
      std::vector<int32_t> count_words;
      for (auto [id, count] : occurrences) count_words.push_back(id);
      for (auto [id, count] : occurrences) count_words.push_back(count);
      head.counts = static_cast<int32_t>(occurrences.size());
      head.counts_at = append(count_words);
      std::vector<tenon_ban> banned;
      for (const auto& word : s.bans) {
        tenon_ban ban = {static_cast<int32_t>(word.size()) - 1, word.back(), 0, 1};
        for (int i = 0; i < ban.before; i++) {
          ban.hash = hash_with(ban.hash, word[i]);
          ban.power = times(ban.power, TENON_HASH_BASE);
        }
        banned.push_back(ban);
      }
      head.bans_at = append(banned);
      std::vector<uint64_t> kept;
      if (!s.bans.empty()) {
        kept.push_back(0);
        for (int id : output) kept.push_back(hash_with(kept.back(), id));
        head.record.hash = kept.back();
        if (kept.size() > TENON_HASHES) kept.erase(kept.begin(), kept.end() - TENON_HASHES);
      }
      head.hashes = static_cast<int32_t>(kept.size());
      head.hashes_at = append(kept);
      heads.push_back(head);
    }
    std::vector<unsigned char> region(base);
    memcpy(region.data(), heads.data(), base);
    region.insert(region.end(), rest.begin(), rest.end());
    Device<unsigned char> there(region);
    const tenon_set_up params = {slots, static_cast<int64_t>(setups.size()), there.address()};
    CUDA(tenon_set_up_launch(&params, nullptr));
    CUDA(cudaDeviceSynchronize());
  }

  void take_over(const Batch& given) {
    set_up(given.setups);
    std::vector<int32_t> all(TENON_BATCH_HEAD);
    const auto append = [&](const std::vector<int>& values) {
      const int at = static_cast<int>(all.size());
      all.insert(all.end(), values.begin(), values.end());
      return at;
    };
    all[TENON_BATCH_ROWS] = given.rows();
    all[TENON_BATCH_SEQUENCES] = given.sequences();
    all[TENON_BATCH_SELECTED] = static_cast<int>(given.selected.size());
    all[TENON_BATCH_PAGES] = static_cast<int>(given.pages.size() / 3);
    all[TENON_BATCH_PAGES_AT] = append(given.pages);
    all[TENON_BATCH_SLOTS_AT] = append(given.slots);
    all[TENON_BATCH_KINDS_AT] = append(given.kinds);
    all[TENON_BATCH_STARTS_AT] = append(given.starts);
    all[TENON_BATCH_OFFSETS_AT] = append(given.offsets);
    all[TENON_BATCH_NEXT_AT] = append(given.next);
    all[TENON_BATCH_HOST_DRAFTS_AT] = append(given.host_drafts);
    all[TENON_BATCH_SELECTED_AT] = append(given.selected);
    all[TENON_BATCH_TOKENS_AT] = append(given.tokens);
    batch = std::make_unique<Device<int32_t>>(all);
    const tenon_take_over params = {step(given)};
    CUDA(tenon_take_over_launch(&params, nullptr));
    CUDA(cudaDeviceSynchronize());
    if (!given.masks.empty()) {
      std::vector<int32_t> indices(1 + selected, -1);
      std::vector<uint32_t> all_masks;
      indices[0] = static_cast<int>(given.masks.size());
      for (const auto& [row, mask] : given.masks) {
        indices[1 + row] = static_cast<int>(all_masks.size() / words);
        all_masks.insert(all_masks.end(), mask.begin(), mask.end());
      }
      CUDA(cudaMemcpy(masked.at, indices.data(), indices.size() * 4, cudaMemcpyHostToDevice));
      CUDA(cudaMemcpy(masks.at, all_masks.data(), all_masks.size() * 4, cudaMemcpyHostToDevice));
    } else {
      CUDA(cudaMemset(masked.at, 0, sizeof(int32_t)));
    }
  }

  // Rows of logits `stride` elements apart, what lies between is not a number.
  void upload(const std::vector<std::vector<float>>& values, int stride) {
    std::vector<float> all(values.size() * stride, NAN);
    for (size_t i = 0; i < values.size(); i++) std::copy(values[i].begin(), values[i].end(), all.begin() + i * stride);
    logits = std::make_unique<Device<float>>(all);
  }

  tenon_sample sample_params(const Batch& given, int stride) {
    tenon_sample params = {step(given), logits->address(), stride, masked.address(), masks.address(), logprobs.address(),
                           shifted.words(rows, sequences, sequences), 0, 0};
    params.draft_rows.sequence = target.sequence.address();
    params.draft_rows.sequence_slots = target.sequence_slots.address();
    params.draft_rows.sequence_offsets = target.offsets.address();
    params.workspace_bytes = tenon_sample_workspace(&params);
    if (!workspace || workspace->size * 8 < size_t(params.workspace_bytes)) {
      workspace = std::make_unique<Device<uint64_t>>(params.workspace_bytes / 8 + 1);
    }
    params.workspace = workspace->address();
    return params;
  }

  void sample(const Batch& given, const std::vector<std::vector<float>>& values, int stride) {
    upload(values, stride);
    const tenon_sample params = sample_params(given, stride);
    workspace->poison();
    CUDA(tenon_sample_launch(&params, nullptr));
    CUDA(cudaDeviceSynchronize());
  }

  void draft(const Batch& given, int pass, const std::vector<std::vector<float>>& values, int stride) {
    upload(values, stride);
    tenon_draft params = {step(given), pass, logits->address(), stride, {}, arrivals.address(), 0, 0};
    if (pass + 1 < drafts) {
      params.next_rows = later[pass]->words(sequences, sequences, sequences);
      params.next_rows.sequence_slots = target.sequence_slots.address();
    }
    params.workspace_bytes = tenon_draft_workspace(&params);
    Device<uint64_t> space(params.workspace_bytes / 8 + 1);
    params.workspace = space.address();
    CUDA(tenon_draft_launch(&params, nullptr));
    CUDA(cudaDeviceSynchronize());
  }
};

}  // namespace model
#endif
