// Sequences through many steps: setups, page entries, prompts in pieces, decodes with drafts of the slot's or the host's,
// rows without pages, ends and slots that go on after them, against their definitions.
// sources: smxx/step/*.cu smxx/sampling/*.cu
#include "step_device.h"

namespace {

using namespace model;

constexpr int kSteps = check::kBrief ? 60 : 400;

constexpr int kVocabulary = 301, kSlots = 7, kPage = 4, kTable = 9, kMostRows = 40;

int below(int bound) { return static_cast<int>(check::random()() % bound); }
bool chance(double probability) { return std::uniform_real_distribution<>()(check::random()) < probability; }

std::vector<float> random_logits() {
  std::vector<float> logits(kVocabulary);
  for (float& logit : logits) logit = 2 * check::normal();
  return logits;
}

void compare_rows(const char* what, const DeviceRows& found, const Rows& wanted, int sequences, bool own_sequences) {
  const int rows = static_cast<int>(wanted.ids.size()), selected = static_cast<int>(wanted.selected.size());
  bool good = holds(found.counts, {rows, sequences, selected}) && holds(found.ids, wanted.ids) &&
              holds(found.positions, wanted.positions) && holds(found.slots, wanted.slots) &&
              holds(found.active, wanted.active) && holds(found.replay, wanted.replay) &&
              holds(found.committed, wanted.committed) && holds(found.selected, wanted.selected);
  if (own_sequences) good = good && holds(found.sequence, wanted.sequence) && holds(found.offsets, wanted.offsets);
  check::require(what, good);
}

// The host's side: which sequences there are and what comes next of them.
struct Engine {
  Host host;
  Card card;
  int drafts;
  std::vector<int> next_row;      // of the prompt, by slot; −1: decodes
  std::vector<int> idle;          // steps since the slot ended
  std::vector<std::vector<int>> prompts;

  explicit Engine(int drafts)
      : host(kVocabulary, kSlots, kTable, kPage, drafts),
        card(kVocabulary, kSlots, kTable, kPage, drafts, kMostRows, kSlots, kMostRows),
        drafts(drafts), next_row(kSlots, -1), idle(kSlots, 5), prompts(kSlots) {}

  Setup new_setup(int slot) {
    Setup setup = {slot, {}, {}, 1 + below(9)};
    for (int i = 0; i < setup.prompt + (chance(0.3) ? below(4) : 0); i++) setup.tokens.push_back(below(kVocabulary));
    Sampling& s = setup.sampling;
    s.temperature = chance(0.5) ? 0.0f : 0.8f;
    if (chance(0.3)) s.top_k = 5;
    if (chance(0.3)) s.repetition = 1.5f;
    if (chance(0.3)) s.frequency = 0.5f, s.presence = 0.25f;
    if (chance(0.3)) s.bans = {{below(kVocabulary)}, {setup.tokens.back(), below(kVocabulary)}};
    s.seed = static_cast<int64_t>(check::random()());
    s.usable = kVocabulary - 20;
    s.max_tokens = 1 + below(14) + static_cast<int>(setup.tokens.size()) - setup.prompt;
    if (chance(0.7)) for (int i = 0; i < 12; i++) s.ends.push_back(below(kVocabulary));
    s.min_tokens = below(4);
    if (chance(0.3)) s.logprobs = 2;
    if (chance(0.3)) s.prompt_logprobs = 1;
    return setup;
  }

  void add_rows(Batch& batch, int slot) {
    const int first = batch.rows();
    int rows, kind = TENON_DECODE, start = host.slots[slot].position, next = -1, from_host = 0;
    if (next_row[slot] >= 0) {
      const std::vector<int>& prompt = prompts[slot];
      const int left = static_cast<int>(prompt.size()) - next_row[slot];
      rows = std::min(left, 1 + below(6));
      kind = rows == left ? TENON_PREFILL_LAST : TENON_PREFILL;
      start = next_row[slot];
      if (rows < left) next = prompt[start + rows];
      batch.tokens.insert(batch.tokens.end(), prompt.begin() + start, prompt.begin() + start + rows);
      next_row[slot] = rows == left ? -1 : start + rows;
      const bool reports = chance(0.5);
      for (int i = 0; i < rows; i++) {
        if (reports || (kind == TENON_PREFILL_LAST && i == rows - 1)) batch.selected.push_back(first + i);
      }
    } else {
      rows = 1 + below(drafts + 1);
      if (chance(0.3)) from_host = rows - 1;
      for (int i = 0; i < rows; i++) {
        batch.tokens.push_back(below(kVocabulary));
        batch.selected.push_back(first + i);
      }
    }
    // Pages up to the last row, but sometimes a decode's drafts have none.
    const int covered = kind == TENON_DECODE && chance(0.1) ? start + 1 : start + rows;
    for (int page = 0; page < kTable && page * kPage < covered; page++) {
      if (host.slots[slot].table[page] < 0 || !batch.setups.empty()) {
        batch.pages.insert(batch.pages.end(), {slot, page, slot * 100 + page});
      }
    }
    batch.slots.push_back(slot);
    batch.kinds.push_back(kind);
    batch.starts.push_back(start);
    batch.offsets.push_back(first + rows);
    batch.next.push_back(next);
    batch.host_drafts.push_back(from_host);
  }

  Batch plan() {
    Batch batch;
    std::vector<int> order(kSlots);
    for (int i = 0; i < kSlots; i++) order[i] = i;
    std::shuffle(order.begin(), order.end(), check::random());
    const int taking_part = chance(0.05) ? 0 : kSlots;
    std::vector<int> taken;
    for (int slot : order) {
      if (int(taken.size()) == taking_part || chance(0.25)) continue;
      if (host.slots[slot].ended && ++idle[slot] > 1) {
        batch.setups.push_back(new_setup(slot));
        prompts[slot] = batch.setups.back().tokens;
        next_row[slot] = 0;
        idle[slot] = 0;
        host.slots[slot].position = 0;
        host.slots[slot].table.assign(kTable, -1);
      }
      taken.push_back(slot);
    }
    for (int slot : taken) add_rows(batch, slot);
    return batch;
  }

  void poison() {
    std::vector<DeviceRows*> all = {&card.target, &card.shifted};
    for (const auto& rows : card.later) all.push_back(rows.get());
    for (DeviceRows* rows : all) {
      for (Device<int32_t>* array : {&rows->counts, &rows->ids, &rows->positions, &rows->slots, &rows->sequence,
                                     &rows->sequence_slots, &rows->offsets, &rows->active, &rows->replay,
                                     &rows->committed, &rows->selected}) {
        array->poison();
      }
    }
    for (Device<int32_t>* array : {&card.results, &card.chosen, &card.drawn}) array->poison();
  }

  void step() {
    const Batch batch = plan();
    poison();
    host.take_over(batch);
    card.take_over(batch);
    const int n = batch.sequences();
    compare_rows("target rows", card.target, host.target, n, true);
    check::require("their slots", holds(card.target.sequence_slots, batch.slots));
    std::vector<int> tables;
    for (const Slot& slot : host.slots) tables.insert(tables.end(), slot.table.begin(), slot.table.end());
    check::require("page tables", holds(card.tables, tables) || host_ended_slots());

    std::vector<std::vector<float>> logits;
    for (int row : batch.selected) {
      logits.push_back(random_logits());
      if (row + 1 < batch.rows() && chance(0.7)) logits.back()[host.target.ids[row + 1]] += 20;
    }
    host.sample(logits);
    card.sample(batch, logits, kVocabulary + 3);
    if (drafts > 0) compare_rows("rows of pass 0", card.shifted, host.shifted, n, false);
    compare_results("tokens and ends", n);
    compare_logprobs();
    for (int pass = 0; pass < drafts; pass++) {
      std::vector<std::vector<float>> draft_logits;
      for (int b = 0; b < n; b++) draft_logits.push_back(random_logits());
      host.draft(draft_logits, pass);
      card.draft(batch, pass, draft_logits, kVocabulary + 3);
      compare_results("drafts", n);
      if (pass + 1 < drafts) compare_rows("rows of a later pass", *card.later[pass], host.next_rows(pass + 1), n, true);
    }
  }

  // Slots never set up have tables of no meaning.
  bool host_ended_slots() const {
    const std::vector<int32_t> found = card.tables.read();
    for (int slot = 0; slot < kSlots; slot++) {
      if (host.slots[slot].tokens.empty()) continue;
      if (!std::equal(host.slots[slot].table.begin(), host.slots[slot].table.end(), found.begin() + slot * kTable)) return false;
    }
    return true;
  }

  void compare_results(const char* what, int n) {
    const std::vector<int32_t> found = card.results.read();
    const int width = 1 + drafts;
    bool good = found[0] == 0;
    for (int b = 0; b < n; b++) {
      const int32_t* own = found.data() + TENON_RESULT_HEAD + b * (1 + 2 * width);
      good = good && own[0] == int(host.tokens[b].size()) && own[1] == host.ends[b];
      for (int i = 0; i < own[0] && good; i++) good = own[2 + i] == host.tokens[b][i];
      for (int i = 0; i < drafts && good; i++) good = own[2 + width + i] == host.drafts[b * drafts + i];
    }
    for (size_t i = TENON_RESULT_HEAD + n * (1 + 2 * width); i < found.size(); i++) good = good && found[i] == -1;
    check::require(what, good);
  }

  void compare_logprobs() {
    const std::vector<tenon_logprobs> found = card.logprobs.read();
    bool good = true;
    for (const auto& [row, wanted] : host.reported) {
      good = good && found[row].rank == wanted.rank && std::abs(found[row].logprob - wanted.logprob) < 1e-4 &&
             found[row].alternatives == int(wanted.ids.size()) && std::equal(wanted.ids.begin(), wanted.ids.end(), found[row].ids);
    }
    check::require("log-probabilities", good);
  }
};

void run(int drafts) {
  Engine engine(drafts);
  int emitted = 0, accepted = 0, ended = 0;
  for (int step = 0; step < kSteps; step++) {
    engine.step();
    for (size_t b = 0; b < engine.host.tokens.size(); b++) {
      emitted += static_cast<int>(engine.host.tokens[b].size());
      accepted += std::max<int>(0, static_cast<int>(engine.host.tokens[b].size()) - 1);
      ended += engine.host.ends[b] != 0;
    }
  }
  printf("%d drafts: %d tokens, %d of them by accepted drafts, %d ends\n", drafts, emitted, accepted, ended);
  check::require("something happened", emitted > kSteps / 2 && ended > 2 && (drafts == 0 || accepted > 2));
}

// A prompt whose rows do not start where its slot stands shows as a fault and writes nothing.
void contradict() {
  Engine engine(0);
  Batch batch;
  Setup setup = {2, {}, {5, 6, 7}, 3};
  batch.setups = {setup};
  batch.pages = {2, 0, 1};
  batch.slots = {2};
  batch.kinds = {TENON_PREFILL};
  batch.starts = {1};
  batch.offsets = {0, 2};
  batch.tokens = {6, 7};
  batch.next = {-1};
  batch.host_drafts = {0};
  engine.card.take_over(batch);
  check::require("a contradiction is a fault", engine.card.results.read()[0] == TENON_FAULT_START &&
                                                   holds(engine.card.target.slots, {-1, -1}));
}

}  // namespace

int main() {
  for (int drafts : {0, 1, 3}) run(drafts);
  contradict();
  return check::failures != 0;
}
