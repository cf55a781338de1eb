// Draws and log-probabilities of single steps, with random parameters, against their definitions.
// sources: smxx/step/*.cu smxx/sampling/*.cu
//   sampling_test         compares
//   sampling_test time    prints times at the 80B model's vocabulary (on a card)
#include "step_device.h"
#if !defined(TENON_EMULATED)
#include "timing.h"
#endif

#include <string>

namespace {

using namespace model;

int below(int bound) { return static_cast<int>(check::random()() % bound); }
bool chance(double probability) { return std::uniform_real_distribution<>()(check::random()) < probability; }
template <typename T>
T any(std::initializer_list<T> values) { return values.begin()[below(static_cast<int>(values.size()))]; }

std::vector<int> ids(int count, int vocabulary) {
  std::vector<int> found;
  for (int i = 0; i < count; i++) found.push_back(below(vocabulary));
  std::sort(found.begin(), found.end());
  found.erase(std::unique(found.begin(), found.end()), found.end());
  return found;
}

Sampling random_sampling(int vocabulary) {
  Sampling s;
  s.temperature = any({0.0f, 0.3f, 0.7f, 1.0f, 2.5f, 30.0f});
  if (chance(0.5)) s.top_p = any({0.05f, 0.5f, 0.8f, 0.95f, 0.999f});
  if (chance(0.5)) s.top_k = any({1, 2, 20, 32, 33, 100, 1000000});
  if (chance(0.3)) s.min_p = any({0.01f, 0.2f, 1.0f});
  if (chance(0.3)) s.repetition = any({1.3f, 0.8f, 5.0f});
  if (chance(0.3)) s.presence = any({1.5f, -2.0f});
  if (chance(0.3)) s.frequency = any({0.7f, -0.3f});
  s.seed = static_cast<int64_t>(check::random()());
  if (chance(0.3)) for (int id : ids(5, vocabulary)) s.biases[id] = any({-100.0f, 4.0f, 8.5f});
  if (chance(0.2)) {
    s.restricted = true;
    s.allowed = ids(any({1, 5, vocabulary / 2}), vocabulary);
  }
  s.usable = chance(0.3) ? vocabulary - below(vocabulary / 3) : vocabulary;
  if (chance(0.3)) s.min_tokens = below(6);
  s.max_tokens = 1 + below(8);
  if (chance(0.6)) s.ends = ids(any({1, 3, vocabulary / 4}), vocabulary);
  s.logprobs = any({-1, 0, 1, 5, 20, 32});
  s.prompt_logprobs = any({-1, -1, 0, 3});
  return s;
}

// What the greatest logits should be, so that rules that concern few ids have an effect.
std::vector<float> random_logits(int vocabulary, const std::vector<int>& likely) {
  std::vector<float> logits(vocabulary);
  const int kind = below(4);
  const float spread = kind == 3 ? 0.05f : 2.5f;
  for (float& logit : logits) logit = spread * check::normal();
  if (kind == 1) for (float& logit : logits) logit = std::round(logit * 2) / 2;  // many are equal
  if (kind == 2) for (float& logit : logits) logit = 1.25f;
  for (int id : likely) if (chance(0.5)) logits[id] += 7;
  return logits;
}

bool near(double found, double wanted) { return std::abs(found - wanted) <= 2e-5 * (1 + std::abs(wanted)); }

void compare_logprobs(const char* what, const Card& card, const Host& host) {
  const std::vector<tenon_logprobs> found = card.logprobs.read();
  bool good = true;
  for (const auto& [row, wanted] : host.reported) {
    const tenon_logprobs& own = found[row];
    good = good && own.rank == wanted.rank && near(own.logprob, wanted.logprob) && own.alternatives == int(wanted.ids.size());
    for (size_t i = 0; good && i < wanted.ids.size(); i++) {
      good = own.ids[i] == wanted.ids[i] && near(own.logprobs[i], wanted.logprobs[i]);
    }
  }
  check::require(what, good);
}

// One step of prompts that end, each with output of its own from before.
void compare(int vocabulary, int sequences, int stride) {
  constexpr int kPage = 4, kTable = 16, kDrafts = 0;
  const int slots = sequences + 3;
  Host host(vocabulary, slots, kTable, kPage, kDrafts);
  Card card(vocabulary, slots, kTable, kPage, kDrafts, 8 * sequences + 5, sequences + 2, 8 * sequences + 4);
  Batch batch;
  std::vector<std::vector<float>> logits;
  for (int b = 0; b < sequences; b++) {
    Setup setup = {slots - 1 - b, random_sampling(vocabulary), {}, 1 + below(5)};
    const int rows = 1 + below(7);
    for (int i = 0; i < setup.prompt + below(12); i++) setup.tokens.push_back(below(20) * (vocabulary / 20));
    while (int(setup.tokens.size()) < rows) setup.tokens.push_back(below(vocabulary));
    setup.prompt = std::min<int>(setup.prompt, setup.tokens.size());
    if (chance(0.4)) {
      const int output = static_cast<int>(setup.tokens.size()) - setup.prompt;
      for (int length : {1, 2, 5}) {
        std::vector<int> word(setup.tokens.end() - std::min<int>(length - 1, setup.tokens.size()), setup.tokens.end());
        word.push_back(below(20) * (vocabulary / 20));
        if (chance(0.3)) word[0] ^= 1;
        setup.sampling.bans.push_back(word);
      }
      (void)output;
    }
    const int first = batch.rows();
    const bool whole = setup.sampling.prompt_logprobs >= 0;
    for (int i = 0; i < rows; i++) {
      batch.tokens.push_back(setup.tokens[i]);
      if (whole || i == rows - 1) {
        if (chance(0.2)) {
          std::vector<uint32_t> mask(card.words);
          for (uint32_t& word : mask) word = static_cast<uint32_t>(check::random()());
          if (chance(0.2)) mask.assign(card.words, 0);
          batch.masks[static_cast<int>(batch.selected.size())] = mask;
        }
        batch.selected.push_back(first + i);
        logits.push_back(random_logits(vocabulary, setup.tokens));
      }
    }
    for (int page = 0; page * kPage < rows; page++) batch.pages.insert(batch.pages.end(), {setup.slot, page, 7 * b + page});
    batch.slots.push_back(setup.slot);
    batch.kinds.push_back(TENON_PREFILL_LAST);
    batch.starts.push_back(0);
    batch.offsets.push_back(first + rows);
    batch.next.push_back(-1);
    batch.host_drafts.push_back(0);
    batch.setups.push_back(setup);
  }
  host.take_over(batch);
  host.sample(logits);
  card.take_over(batch);
  card.sample(batch, logits, stride);
  const std::vector<int32_t> results = card.results.read();
  int wrong = 0;
  for (int b = 0; b < sequences; b++) {
    const int32_t* own = results.data() + TENON_RESULT_HEAD + b * 3;
    const bool good = own[0] == int(host.tokens[b].size()) && own[1] == host.ends[b] && own[2] == host.tokens[b][0];
    if (!good) {
      const Sampling& s = batch.setups[b].sampling;
      printf("sequence %d: %d, not %d; end %d, not %d; temperature %g top_p %g top_k %d min_p %g\n", b, own[2],
             host.tokens[b][0], own[1], host.ends[b], s.temperature, s.top_p, s.top_k, s.min_p);
    }
    wrong += !good;
  }
  check::require("tokens and ends", wrong == 0 && results[0] == 0);
  compare_logprobs("log-probabilities", card, host);

  // Again, on slots that are as before: the same bits.
  const std::vector<tenon_logprobs> once = card.logprobs.read();
  card.take_over(batch);
  card.sample(batch, logits, stride);
  const std::vector<tenon_logprobs> twice = card.logprobs.read();
  bool same = card.results.read() == results;
  for (const auto& [row, wanted] : host.reported) {
    same = same && once[row].logprob == twice[row].logprob && !memcmp(once[row].logprobs, twice[row].logprobs, 4 * wanted.ids.size());
  }
  check::require("the same bits twice", same);
}

#if !defined(TENON_EMULATED)
struct TimedCase {
  const char* name;
  Sampling sampling;
  bool penalised;
};

void time_all() {
  constexpr int kVocabulary = 151936;
  Sampling greedy;
  greedy.usable = 151669;
  Sampling warm = greedy;
  warm.temperature = 0.7f;
  Sampling usual = warm;
  usual.top_k = 20, usual.top_p = 0.8f;
  Sampling nucleus = warm;
  nucleus.temperature = 1.0f, nucleus.top_p = 0.95f;
  Sampling wide = nucleus;
  wide.temperature = 2.0f, wide.top_p = 0.99f;
  Sampling penalised = usual;
  penalised.repetition = 1.1f, penalised.presence = 1.5f;
  Sampling reporting = greedy;
  reporting.logprobs = 20;
  const TimedCase cases[] = {{"greedy", greedy, false},          {"temperature", warm, false},
                             {"top-k 20, top-p 0.8", usual, false}, {"top-p 0.95", nucleus, false},
                             {"top-p 0.99, temperature 2", wide, false}, {"the usual one with penalties", penalised, true},
                             {"greedy, 20 log-probabilities", reporting, false}};
  // Sharper than a bell, as a model's logits are. Sixteen rows in turn: more take long to make up.
  std::vector<std::vector<float>> rows(16);
  for (auto& row : rows) {
    row.resize(kVocabulary);
    for (float& logit : row) logit = 2.5f * check::normal();
    for (int i = 0; i < 60; i++) row[below(kVocabulary)] = 16.0f - 0.12f * i;
  }
  for (int sequences : {1, 16, 256}) {
    std::vector<std::vector<float>> logits;
    for (int b = 0; b < sequences; b++) logits.push_back(rows[b % 16]);
    const auto print = [&](const char* what, const char* how, double micros) {
      const double bytes = 4.0 * kVocabulary * sequences;
      printf("time %s, %d rows%s: %.1f us, %.2f TB/s, %.0f %% of limit\n", what, sequences, how, micros,
             1e-6 * bytes / micros, 100 * bytes / check::kReadBytesPerMicro / micros);
    };
    for (const TimedCase& timed : cases) {
      Card card(kVocabulary, sequences, 8, 16, 1, sequences, sequences, sequences);
      Batch batch;
      for (int b = 0; b < sequences; b++) {
        batch.setups.push_back({b, timed.sampling, ids(timed.penalised ? 2000 : 1, kVocabulary), 1});
        batch.setups.back().sampling.seed = b;
        batch.pages.insert(batch.pages.end(), {b, 0, b});
        batch.slots.push_back(b);
        batch.kinds.push_back(TENON_PREFILL_LAST);
        batch.starts.push_back(0);
        batch.offsets.push_back(b + 1);
        batch.tokens.push_back(1);
        batch.next.push_back(-1);
        batch.host_drafts.push_back(0);
        batch.selected.push_back(b);
      }
      card.take_over(batch);
      card.upload(logits, kVocabulary);
      const tenon_sample params = card.sample_params(batch, kVocabulary);
      const tenon_take_over head = {params.step};
      const auto take_over = [&](int, cudaStream_t stream) { CUDA(tenon_take_over_launch(&head, stream)); };
      if (&timed == cases) printf("time take_over, %d rows: %.1f us\n", sequences, check::chained_micros(20, take_over));
      const std::string how = std::string(", ") + timed.name;
      print("sample", how.c_str(), check::chained_micros(20, [&](int, cudaStream_t stream) {
              CUDA(tenon_sample_launch(&params, stream));
            }));
      if (&timed != cases) continue;
      tenon_draft drafting = {params.step, 0, params.logits, kVocabulary, {}, card.arrivals.address(), 0, 0};
      drafting.workspace_bytes = tenon_draft_workspace(&drafting);
      drafting.workspace = card.workspace->address();
      print("draft", "", check::chained_micros(20, [&](int, cudaStream_t stream) {
              CUDA(tenon_draft_launch(&drafting, stream));
            }));
    }
  }
}

#else
void time_all() { printf("there is nothing to time without a card\n"); }
#endif

}  // namespace

int main(int count, char** arguments) {
  if (count > 1 && !strcmp(arguments[1], "time")) {
    time_all();
    return 0;
  }
  const int turns = check::kBrief ? 24 : 60;
  for (int turn = 0; turn < turns; turn++) {
    compare(1000, 17, 1000);
    compare(1003, 9, 1005);
    if (turn % 3 == 0) compare(9001, 9, 9004);
    if (!check::kBrief && turn % 10 == 0) compare(151936, 20, 151936);
  }
  return check::failures != 0;
}
