// A mixture of experts against sums in double precision on the host.
// sources: smxx/moe/*.cu smxx/elementwise/add_norm.cu smxx/product/*.cu
//   moe_test                     compares
//   moe_test time [ROWS…]        prints times of the 80B shapes (on a card)
//   moe_test tune ROWS           tries every candidate of tile parameters for so many rows (on a card)
#include "check.h"
#include "norm_check.h"
#include "../../main/native/abi/kernel_table.h"
#include "../../main/native/smxx/moe/plan.h"
#if !defined(TENON_EMULATED)
#include "timing.h"
#endif

#include <memory>
#include <set>
#include <utility>

int tenon_moe_launch(const void*, void*);
int64_t tenon_moe_workspace(const void*);
int64_t tenon_moe_candidates(const void*, int64_t*, int64_t);
int tenon_moe_add_norm_launch(const void*, void*);

namespace {

using check::Device;
const char* const kForms[] = {"through memory", "owned", "few", "warpgroups"};
using tenon::moe::Plan;

// A matrix in packed form, made on the host, and what its elements mean.
struct Matrix {
  int type, outputs, inputs, stretches, tiles;
  std::vector<uint8_t> data;
  std::vector<float> scales;  // [tiles][stretches]
  std::vector<float> values;
  Matrix(int type, int outputs, int inputs, float size)
      : type(type), outputs(outputs), inputs(inputs), stretches((inputs + 127) / 128), tiles((outputs + 15) / 16),
        data(size_t(tiles) * 16 * stretches * 128 * (type == TENON_E4M3 ? 1 : 2)), scales(size_t(tiles) * stretches),
        values(size_t(outputs) * inputs) {
    for (float& scale : scales) scale = size * (0.5f + fabsf(check::normal())) / 200;
    for (int o = 0; o < outputs; o++) {
      for (int i = 0; i < inputs; i++) put(o, i, size * check::normal());
    }
  }
  void put(int o, int i, float value) {
    const int tile = o / 16, g = o % 8;
    const bool high = o % 16 >= 8;
    if (type == TENON_E4M3) {
      uint8_t code = check::random()();
      if ((code & 0x7f) == 0x7f) code ^= 1;  // not a number
      const int t = i % 32 / 8, pair = i % 8 / 2, odd = i % 2;
      data[((size_t(tile) * stretches * 4 + i / 32) * 32 + g * 4 + t) * 16 + pair * 4 + odd * 2 + !high] = code;
      values[size_t(o) * inputs + i] = check::e4m3(code) * scales[size_t(tile) * stretches + i / 128];
    } else {
      const uint16_t code = check::narrow(value);
      const int t = i % 16 / 4, pair = i % 4 / 2, odd = i % 2;
      const size_t at = ((size_t(tile) * stretches * 8 + i / 16) * 32 + g * 4 + t) * 8 + pair * 4 + high * 2 + odd;
      memcpy(&data[at * 2], &code, 2);
      values[size_t(o) * inputs + i] = check::widen(code);
    }
  }
  const float* row(int o) const { return &values[size_t(o) * inputs]; }
};

struct Shape {
  int hidden, inner, experts, chosen, first, held, normalised, type, shared_type, shared_inner;
};

double dot(const float* w, const float* x, int n) {
  double sum = 0;
  for (int i = 0; i < n; i++) sum += double(w[i]) * x[i];
  return sum;
}

// gate_up alternates 16 rows of gate and 16 of up; inner values are rounded as they are stored. Where rows are quantised, x
// has been already.
std::vector<double> expert(const Matrix& gate_up, int first_output, const Matrix& down, int first_down, int inner, int hidden,
                           const float* x, bool quantised) {
  std::vector<float> h(inner);
  for (int i = 0; i < inner; i++) {
    const int at = first_output + i / 16 * 32 + i % 16;
    const double gate = dot(gate_up.row(at), x, hidden), up = dot(gate_up.row(at + 16), x, hidden);
    const float value = gate / (1 + exp(-gate)) * up;
    h[i] = quantised ? value : check::widen(check::narrow(value));
  }
  if (quantised) h = check::Quantised(h.data(), inner).values();
  std::vector<double> y(hidden);
  for (int o = 0; o < hidden; o++) y[o] = dot(down.row(first_down + o), h.data(), inner);
  return y;
}

// What `quantised` and `tuned` of tenon_moe are.
int64_t quantised = 0, tuned_as = 0;

// The weights of one block on host and device.
struct Block {
  Shape s;
  Matrix router, gate_up, down, shared_gate_up, shared_down;
  Device<uint8_t> router_data, gate_up_data, down_data, shared_gate_up_data, shared_down_data;
  Device<float> gate_up_scales, down_scales, shared_gate_up_scales, shared_down_scales;
  explicit Block(const Shape& s, bool twins = false, const std::vector<float>& pull = {}, bool alike = false)
      : s(s),
        router(made_router(s, twins, pull, alike)),
        gate_up(s.type, 2 * s.inner * s.held, s.hidden, 0.1f),
        down(s.type, s.hidden * s.held, s.inner, 0.1f),
        shared_gate_up(s.shared_type, 2 * s.shared_inner, s.hidden, 0.1f),
        shared_down(s.shared_type, s.shared_inner ? s.hidden : 0, s.shared_inner, 0.1f),
        router_data(router.data), gate_up_data(gate_up.data), down_data(down.data), shared_gate_up_data(shared_gate_up.data),
        shared_down_data(shared_down.data), gate_up_scales(gate_up.scales), down_scales(down.scales),
        shared_gate_up_scales(shared_gate_up.scales), shared_down_scales(shared_down.scales) {}
  // twins: experts 2i and 2i + 1 are routed alike; alike: all are; pull: added to the routes of the first `chosen` experts
  static Matrix made_router(const Shape& s, bool twins, const std::vector<float>& pull, bool alike) {
    Matrix m(TENON_BF16, s.experts + (s.shared_inner > 0), s.hidden, 0.12f);
    for (int e = 0; e < s.experts; e++) {
      for (int i = 0; i < s.hidden; i++) {
        if (alike || (twins && e % 2)) m.put(e, i, m.row(alike ? 0 : e - 1)[i]);
        if (!pull.empty() && e < s.chosen) m.put(e, i, m.row(e)[i] + pull[i]);
      }
    }
    return m;
  }
  tenon_moe words(int most, int64_t counts, int64_t x, int64_t out, int64_t distinct, int64_t tuned) const {
    auto of = [](const Device<float>& scales, int type) { return type == TENON_E4M3 ? scales.address() : 0; };
    return {most, counts, s.hidden, s.inner, s.experts, s.chosen, s.first, s.held, s.normalised, s.type, router_data.address(),
            gate_up_data.address(), of(gate_up_scales, s.type), down_data.address(), of(down_scales, s.type), s.shared_type,
            s.shared_inner, s.shared_inner ? shared_gate_up_data.address() : 0, of(shared_gate_up_scales, s.shared_type),
            s.shared_inner ? shared_down_data.address() : 0, of(shared_down_scales, s.shared_type), x, out, 0, 0, distinct, quantised, tuned};
  }
};

struct Run {
  std::vector<uint16_t> out;
  std::vector<int32_t> experts;
  int distinct;
  bool quantised;
  bool cut;  // by Hopper's matrix engine, which keeps 14 bits of sums in E4M3
};

Run run(const Block& block, const std::vector<uint16_t>& x, int rows, int most, int64_t tuned) {
  std::vector<uint16_t> padded(x.begin(), x.begin() + size_t(rows) * block.s.hidden);
  padded.resize(size_t(most) * block.s.hidden, 0x7fc0);  // not numbers
  Device<uint16_t> dx(padded), out(padded.size());
  Device<int32_t> counts(std::vector<int32_t>{rows, 0, 0}), distinct(std::vector<int32_t>{5});
  tenon_moe p = block.words(most, counts.address(), dx.address(), out.address(), distinct.address(), tuned);
  p.workspace_bytes = tenon_moe_workspace(&p);
  Device<uint8_t> workspace(p.workspace_bytes);
  p.workspace = workspace.address();
  CUDA(tenon_moe_launch(&p, nullptr));
  CUDA(cudaDeviceSynchronize());
  const Plan plan = tenon::moe::make_plan(p);
  Run result = {out.read(), {}, distinct.read()[0] - 5, plan.terms == 1, plan.terms > 0};
  result.experts.resize(size_t(rows) * block.s.chosen);
  if (rows > 0) CUDA(cudaMemcpy(result.experts.data(), plan.experts, result.experts.size() * 4, cudaMemcpyDeviceToHost));
  return result;
}

// exact: against rows that are not quantised. The device's own choice counts where it is as good as the host's: f32 sums decide between near equals.
void compare(const char* what, const Block& block, const std::vector<uint16_t>& x, int rows, int most, const Run& got,
             bool twins = false, bool exact = false) {
  const Shape& s = block.s;
  bool sound = true, kept = true, finite = true;
  double worst = 0, greatest = 1e-30, squares = 0, wanted_squares = 0;
  std::set<int> visited;
  for (int row = 0; row < rows; row++) {
    std::vector<float> n(s.hidden);
    for (int i = 0; i < s.hidden; i++) n[i] = check::widen(x[size_t(row) * s.hidden + i]);
    std::vector<double> p(s.experts);
    double total = 0;
    for (int e = 0; e < s.experts; e++) total += p[e] = exp(dot(block.router.row(e), n.data(), s.hidden));
    for (double& value : p) value /= total;
    std::vector<double> order(p);
    std::sort(order.rbegin(), order.rend());
    const int32_t* experts = &got.experts[size_t(row) * s.chosen];
    double chosen = 0;
    for (int k = 0; k < s.chosen; k++) {
      sound &= experts[k] >= 0 && experts[k] < s.experts && (k == 0 || experts[k] > experts[k - 1]);
      if (!sound) break;
      sound &= p[experts[k]] >= order[s.chosen - 1] * (1 - 1e-4);
      if (twins && experts[k] % 2) sound &= k > 0 && experts[k - 1] == experts[k] - 1;
      chosen += p[experts[k]];
    }
    if (!sound) break;
    const std::vector<float> input = got.quantised && !exact ? check::Quantised(n.data(), s.hidden).values() : n;
    std::vector<double> want(s.hidden);
    const auto add = [&](double weight, const std::vector<double>& y) {  // an expert's results, rounded as they are kept
      for (int o = 0; o < s.hidden; o++) want[o] += weight * (most > tenon::moe::kPartialWideRows ? check::widen(check::narrow(y[o])) : y[o]);
    };
    for (int k = 0; k < s.chosen; k++) {
      const int local = experts[k] - s.first;
      if (local < 0 || local >= s.held) continue;
      visited.insert(local);
      const double weight = p[experts[k]] / (s.normalised ? chosen : 1);
      add(weight, expert(block.gate_up, 2 * s.inner * local, block.down, s.hidden * local, s.inner, s.hidden, input.data(), got.quantised && !exact));
    }
    if (s.shared_inner) {
      const double weight = 1 / (1 + exp(-dot(block.router.row(s.experts), n.data(), s.hidden)));
      add(weight, expert(block.shared_gate_up, 0, block.shared_down, 0, s.shared_inner, s.hidden, input.data(), got.quantised && !exact));
    }
    for (int o = 0; o < s.hidden; o++) {
      const double value = check::widen(got.out[size_t(row) * s.hidden + o]);
      finite &= isfinite(value);
      worst = std::max(worst, fabs(value - want[o]));
      greatest = std::max(greatest, fabs(want[o]));
      squares += (value - want[o]) * (value - want[o]), wanted_squares += want[o] * want[o];
    }
  }
  for (size_t i = size_t(rows) * s.hidden; i < size_t(most) * s.hidden; i++) kept &= got.out[i] == 0xffff;
  char line[200];
  snprintf(line, sizeof line, "%s, %d of %d rows%s", what, rows, most, exact ? ", against rows in bf16" : got.quantised ? ", quantised" : "");
  if (!sound) check::require("the choice of experts", false);
  if (!kept) check::require("rows beyond the count are left alone", false);
  if (got.distinct != int(visited.size())) check::require("the number of distinct experts", false);
  // Sums in another order may round a quantised inner value the other way, by up to a sixteenth of it, and of 33 numbers that
  // it adds the engine cuts off up to 33 · 2^-13 = 0.4 % of the greatest: the root of the mean square says more about such
  // errors than the greatest of them, which is that of the few sums of one much greater product.
  const double greatest_error = worst / greatest;
  if (got.cut) worst = sqrt(squares), greatest = sqrt(wanted_squares) + 1e-30;
  check::report(line, finite && sound ? worst / greatest : NAN, exact ? 6e-2 : got.quantised ? 1.5e-2 : got.cut ? 4e-3 : 6e-3);
  if (got.cut && !got.quantised && greatest_error > 2e-2) check::require("the greatest error", false);
}

std::vector<uint16_t> tokens(int rows, int hidden, const std::vector<float>& around = {}) {
  std::vector<uint16_t> x(size_t(rows) * hidden);
  for (size_t i = 0; i < x.size(); i++) x[i] = check::narrow(check::normal() * (around.empty() ? 1 : 0.2f) + (around.empty() ? 0 : around[i % hidden]));
  return x;
}

void check_shape(const char* what, const Shape& s, std::vector<std::pair<int, int>> rows, bool twins = false, bool crowded = false) {
  std::vector<float> around;
  if (crowded) {
    for (int i = 0; i < s.hidden; i++) around.push_back(check::normal());
  }
  std::vector<float> pull(around);
  for (float& value : pull) value *= 0.05f;
  const Block block(s, twins, pull);
  for (auto [count, most] : rows) {
    const std::vector<uint16_t> x = tokens(count, s.hidden, around);
    const Run first = run(block, x, count, most, tuned_as);
    compare(what, block, x, count, most, first, twins);
    if (first.quantised) compare(what, block, x, count, most, first, twins, true);
    check::require("the same bits twice", run(block, x, count, most, tuned_as).out == first.out);
  }
}

// Of experts with the same logit the first are chosen, be they many or in the same places of every 32.
void check_ties(int rows, int most) {
  const Shape s = {256, 32, 512, 10, 0, 512, 1, TENON_E4M3, TENON_E4M3, 32};
  const std::vector<uint16_t> x = tokens(rows, s.hidden);
  const Block alike(s, false, {}, true);
  const Run all = run(alike, x, rows, most, 0);
  compare("all experts alike", alike, x, rows, most, all);
  bool first = true;
  for (size_t i = 0; i < all.experts.size(); i++) first &= all.experts[i] == int(i % s.chosen);
  check::require("of equal experts the first are chosen", first);
  Block crowded(s);
  const std::vector<uint16_t> same(x.begin(), x.begin() + s.hidden);
  for (int beyond : {48, 96}) {  // of which every other one is like the others and greater than the rest
    for (int e = 0; e < s.experts; e++) {
      for (int i = 0; i < s.hidden; i++) crowded.router.put(e, i, e % 2 == 0 && e < beyond ? check::widen(x[i]) * 0.25f : 0);
    }
    CUDA(cudaMemcpy(crowded.router_data.at, crowded.router.data.data(), crowded.router.data.size(), cudaMemcpyHostToDevice));
    const Run few = run(crowded, same, 1, most, 0);
    first = true;
    for (int i = 0; i < s.chosen; i++) first &= few.experts[i] == 2 * i;
    check::require("of equal experts that are greater the first are chosen", first);
  }
}

// Every row by itself, in a step of the same greatest size, gives the bits that it gives among others.
void check_independence(const Shape& s, int rows, int most) {
  const Block block(s);
  const std::vector<uint16_t> x = tokens(rows, s.hidden);
  const Run all = run(block, x, rows, most, tuned_as);
  bool same = true;
  for (int row = 0; row < rows; row += 3) {
    const std::vector<uint16_t> one(x.begin() + size_t(row) * s.hidden, x.begin() + size_t(row + 1) * s.hidden);
    const Run alone = run(block, one, 1, most, tuned_as);
    same &= std::equal(alone.out.begin(), alone.out.begin() + s.hidden, all.out.begin() + size_t(row) * s.hidden);
  }
  check::require("a row's bits do not depend on the other rows", same);
}

// A mixture whose sums are left to the norm that follows.
void check_add_norm(const char* what, const Shape& s, int rows, int most) {
  const Block block(s);
  std::vector<uint16_t> x = tokens(rows, s.hidden);
  x.resize(size_t(most) * s.hidden, 0x7fc0);
  Device<uint16_t> dx(x);
  Device<int32_t> distinct(1);
  check::NormBeside norm(rows, most, s.hidden);
  tenon_moe p = block.words(most, norm.counts.address(), dx.address(), norm.output.address(), distinct.address(), 0);
  p.workspace_bytes = tenon_moe_workspace(&p);
  Device<uint8_t> workspace(p.workspace_bytes);
  p.workspace = workspace.address();
  CUDA(tenon_moe_launch(&p, nullptr));
  norm.apart();
  p.unfinished = 1;
  CUDA(tenon_moe_launch(&p, nullptr));
  const tenon_moe_add_norm both = {p, norm.together()};
  CUDA(tenon_moe_add_norm_launch(&both, nullptr));
  CUDA(cudaDeviceSynchronize());
  char line[160];
  snprintf(line, sizeof line, "%s, %d of %d rows, %s: the sum joins the residual stream", what, rows, most, kForms[tenon::moe::make_plan(p).tuning.form]);
  norm.compare(line);
  CUDA(tenon_moe_launch(&p, nullptr));
  const tenon_moe_add_norm summed = {p, norm.together_with_another_rank()};
  CUDA(tenon_moe_add_norm_launch(&summed, nullptr));
  CUDA(cudaDeviceSynchronize());
  norm.compare_sum();
}

void check_candidates(const Shape& s, int rows, int most, int step) {
  const Block block(s);
  const std::vector<uint16_t> x = tokens(rows, s.hidden);
  tenon_moe p = block.words(most, 0, 0, 0, 0, 0);
  std::vector<int64_t> words(tenon_moe_candidates(&p, nullptr, 0));
  tenon_moe_candidates(&p, words.data(), words.size());
  check::require("there are candidates of tile parameters", words.size() > 10);
  for (size_t i = 0; i < words.size(); i += step) {
    const tenon::moe::Tuning t = tenon::moe::decode(words[i]);
    char line[100];
    snprintf(line, sizeof line, "groups %d pairs %d depth %d loops %d %s", t.groups, t.pairs, t.depth, t.down_loops,
             kForms[t.form]);
    compare(line, block, x, rows, most, run(block, x, rows, most, words[i]));
  }
}

void check_refusals() {
  const Block block({256, 64, 32, 10, 0, 32, 1, TENON_E4M3, TENON_E4M3, 64});
  tenon_moe p = block.words(16, 0, 0, 0, 0, 0);
  p.experts_per_token = 33;
  check::require("too many experts per token are refused", tenon_moe_launch(&p, nullptr) != 0);
  p = block.words(16, 0, 0, 0, 0, 3);
  check::require("unknown tile parameters are refused", tenon_moe_launch(&p, nullptr) != 0);
  p = block.words(16, 0, 0, 0, 0, 0);
  check::require("a missing workspace is refused", tenon_moe_launch(&p, nullptr) != 0);
  tenon_moe_add_norm both = {p, {16, 0, 256, 0, 0, p.out, 0, 1e-6, 0, 256}};
  both.moe.workspace_bytes = tenon_moe_workspace(&p);
  check::require("a norm after a mixture that has finished is refused", tenon_moe_add_norm_launch(&both, nullptr) != 0);
  both.moe.unfinished = 1, both.norm.max_rows = 8;
  check::require("a norm of other rows is refused", tenon_moe_add_norm_launch(&both, nullptr) != 0);
}

#if !defined(TENON_EMULATED)

// The 80B's block on the device, made up; layers share nothing.
struct Layer {
  Device<uint8_t> weights;
  Device<float> scales;
  explicit Layer(const std::vector<uint8_t>& some) : weights(size_t(513) * 3 * 512 * 2048), scales(size_t(513) * 3 * 512 * 128 / 8) {
    for (size_t at = 0; at < weights.size; at += some.size()) {
      CUDA(cudaMemcpy(weights.at + at, some.data(), std::min(some.size(), weights.size - at), cudaMemcpyHostToDevice));
    }
    CUDA(cudaMemcpy(scales.at, std::vector<float>(scales.size, 0.01f).data(), scales.size * 4, cudaMemcpyHostToDevice));
  }
};

constexpr int kLayers = 4;

struct Timing {
  std::vector<uint8_t> some;
  std::vector<std::unique_ptr<Layer>> layers;
  Matrix router;
  Device<uint8_t> router_data;
  int most;
  Device<uint16_t> x, out;
  Device<int32_t> counts, distinct;
  Device<uint8_t> workspace;
  explicit Timing(int most)
      : some(size_t(96) << 20), router(TENON_BF16, 513, 2048, 0.05f), router_data(router.data), most(most),
        x(tokens(std::min(most, 1024) * 8, 2048)), out(size_t(most) * 2048), counts(3), distinct(1),
        workspace(needed(most)) {
    for (size_t i = 0; i < some.size(); i += 8) {
      const uint64_t word = check::random()() & 0xbfbfbfbfbfbfbfbfull;  // finite, of moderate size
      memcpy(&some[i], &word, 8);
    }
    for (int i = 0; i < kLayers; i++) layers.push_back(std::make_unique<Layer>(some));
  }
  tenon_moe words(int rows, int turn, int64_t tuned) const {
    const Layer& layer = *layers[turn % kLayers];
    const int64_t data = layer.weights.address(), scales = layer.scales.address();
    const int64_t gate_up = int64_t(512) * 1024 * 2048, down = int64_t(512) * 512 * 2048;
    const int64_t gate_up_scales = gate_up / 2048 * 4, down_scales = down / 2048 * 4;
    const int64_t shared = data + gate_up + down, shared_scales = scales + gate_up_scales + down_scales;
    return {rows, counts.address(), 2048, 512, 512, 10, 0, 512, 1, TENON_E4M3, router_data.address(), data, scales, data + gate_up,
            scales + gate_up_scales, TENON_E4M3, 512, shared, shared_scales, shared + 1024 * 2048, shared_scales + 4096,
            x.address() + turn % (int64_t(x.size) / 2048 / rows) * rows * 4096, out.address(),
            workspace.address(), int64_t(workspace.size), distinct.address(), quantised, tuned};
  }
  static int64_t needed(int most) {
    tenon_moe p = {};
    p.max_rows = most, p.hidden = 2048, p.inner = 512, p.experts = 512, p.experts_per_token = 10, p.held = 512;
    p.type = p.shared_type = TENON_E4M3, p.shared_inner = 512;
    const int64_t own = tenon_moe_workspace(&p);
    p.tuned = tenon::moe::encode({1, 8, 3, 1, 1, 0});
    return std::max(own, tenon_moe_workspace(&p)) + (1 << 20);
  }
  // Microseconds of a launch within a captured chain of them, and the mean number of distinct experts; 0 where refused.
  double micros(int rows, int64_t tuned, double& visited) {
    CUDA(cudaMemcpy(counts.at, std::vector<int32_t>{rows, 0, 0}.data(), 12, cudaMemcpyHostToDevice));
    CUDA(cudaMemset(distinct.at, 0, 4));
    tenon_moe p = words(rows, 0, tuned);
    if (tenon_moe_launch(&p, nullptr) != 0) return 0;
    const int launches = rows > 512 ? 8 : 24, repeats = rows > 512 ? 5 : 11;
    CUDA(cudaDeviceSynchronize());
    CUDA(cudaMemset(distinct.at, 0, 4));
    const double result = check::chained_micros(launches, [&](int i, cudaStream_t stream) {
      const tenon_moe p = words(rows, i, tuned);
      CUDA(tenon_moe_launch(&p, stream));
    }, repeats);
    visited = distinct.read()[0] / double(launches) / (repeats + 3);
    return result;
  }
};

void print_time(const char* what, int rows, double micros, double visited) {
  const double bytes = (visited + 1) * 3 * 512 * 2048 + 513 * 4096.0;
  const double flops = rows * 2.0 * 2048 * (11 * 3 * 512 + 513);
  printf("time %s %5d rows: %9.1f us, %6.1f distinct, %.2f TB/s, %3.0f %% of 4.54 | %6.1f TFLOP/s, %3.0f %% of 790\n", what, rows, micros, visited,
         bytes / micros * 1e-6, bytes / micros * 1e-6 / 4.54 * 100, flops / micros * 1e-6, flops / micros * 1e-6 / 790 * 100);
  fflush(stdout);
}

void time_all(const std::vector<int>& counts) {
  Timing timing(*std::max_element(counts.begin(), counts.end()));
  for (int rows : counts) {
    for (quantised = 0; quantised <= tenon::moe::kHasWarpgroups; quantised++) {
      tenon_moe p = timing.words(rows, 0, 0);
      if (quantised && tenon::moe::make_plan(p).terms != 1) continue;
      double visited = 0;
      const double micros = timing.micros(rows, 0, visited);
      print_time(quantised ? "moe 80B e4m3, quantised rows" : "moe 80B e4m3", rows, micros, visited);
    }
  }
}

void tune(int rows) {
  Timing timing(rows);
  const tenon_moe p = timing.words(rows, 0, 0);
  std::vector<int64_t> words(tenon_moe_candidates(&p, nullptr, 0));
  tenon_moe_candidates(&p, words.data(), words.size());
  std::vector<std::pair<double, int64_t>> results;
  double visited = 0;
  const double usual = timing.micros(rows, 0, visited);
  for (int64_t word : words) {
    const double micros = timing.micros(rows, word, visited);
    if (micros > 0) results.push_back({micros, word});
  }
  std::sort(results.begin(), results.end());
  print_time("default", rows, usual, visited);
  for (size_t i = 0; i < results.size() && i < 6; i++) {
    const tenon::moe::Tuning t = tenon::moe::decode(results[i].second);
    printf("tune %d rows: %9.1f us groups %d pairs %d depth %d down loops %d gate loops %d %s (tuned %lld)\n", rows, results[i].first,
           t.groups, t.pairs, t.depth, t.down_loops, t.gate_loops, kForms[t.form], static_cast<long long>(results[i].second));
  }
}

#endif

}  // namespace

int main(int arguments, char** argument) {
#if !defined(TENON_EMULATED)
  if (arguments > 1 && !strcmp(argument[1], "time")) {
    std::vector<int> counts;
    for (int i = 2; i < arguments; i++) counts.push_back(atoi(argument[i]));
    if (counts.empty()) counts = {1, 2, 3, 4, 8, 16, 32, 64, 128, 256, 512, 1024, 2048, 4096, 8192};
    time_all(counts);
    return 0;
  }
  if (arguments > 2 && !strcmp(argument[1], "tune")) {
    for (int i = 2; i < arguments; i++) tune(atoi(argument[i]));
    return 0;
  }
#endif
  const int e4m3 = TENON_E4M3, bf16 = TENON_BF16;
  const Shape mini = {512, 128, 32, 10, 0, 32, 1, e4m3, e4m3, 128};
  check_shape("512×128, 32 experts, e4m3", mini, {{0, 4}, {1, 1}, {2, 2}, {7, 8}, {8, 8}, {9, 16}, {33, 40}});
  check_shape("512×128, 32 experts, bf16", {512, 128, 32, 10, 0, 32, 0, bf16, bf16, 128}, {{1, 1}, {6, 8}, {9, 16}, {33, 33}});
  check_shape("256×64, 512 experts, no shared one", {256, 64, 512, 10, 0, 512, 1, e4m3, bf16, 0}, {{1, 1}, {9, 9}, {check::kBrief ? 33 : 100, 128}});
  check_shape("bf16 shared expert of another size", {256, 64, 64, 4, 0, 64, 1, e4m3, bf16, 192}, {{3, 3}, {20, 300}});
  check_shape("e4m3 shared expert beside bf16", {144, 48, 48, 3, 0, 48, 1, bf16, e4m3, 80}, {{5, 5}, {17, 200}});
  check_shape("experts 16 … 39 of 64", {256, 64, 64, 8, 16, 24, 1, e4m3, e4m3, 32}, {{1, 1}, {19, 24}, {19, 100}});
  check_shape("all rows to the same experts", mini, {{33, 40}, {check::kBrief ? 70 : 300, 300}}, false, true);
  check_shape("equal experts in pairs", {256, 64, 64, 5, 0, 64, 1, bf16, bf16, 64}, {{1, 1}, {7, 8}, {13, 16}}, true);
  check_ties(1, 1);
  check_ties(5, 8);
  check_ties(9, 16);
  check_shape("results in bf16", {256, 64, 32, 6, 0, 32, 1, e4m3, e4m3, 64}, {{check::kBrief ? 30 : 1100, 1100}});
  check_independence(mini, 5, 8);
  check_independence(mini, 10, 16);
  check_independence(mini, 10, 400);
  check_candidates({256, 160, 32, 4, 0, 32, 1, e4m3, e4m3, 96}, check::kBrief ? 21 : 100, check::kBrief ? 24 : 100, check::kBrief ? 7 : 1);
  check_candidates({256, 160, 32, 4, 0, 32, 1, bf16, bf16, 96}, check::kBrief ? 21 : 100, check::kBrief ? 24 : 100, check::kBrief ? 23 : 1);
  check_candidates(mini, 3, 5, check::kBrief ? 31 : 1);
  for (auto [rows, most] : std::vector<std::pair<int, int>>{{0, 4}, {3, 5}, {9, 40}, {0, 300}, {21, 300}, {25, 1100}}) {
    check_add_norm("512×128, 32 experts", mini, rows, most);
  }
  check_add_norm("experts 16 … 39 of 64, wide", {2064, 48, 64, 8, 16, 24, 0, e4m3, e4m3, 32}, 17, 130);
  check_add_norm("no shared one, wide", {2064, 48, 32, 7, 0, 32, 1, bf16, bf16, 0}, 5, 1030);
  check_refusals();
  if (tenon::moe::kHasWarpgroups) {
    tuned_as = tenon::moe::encode({1, 1, 3, 1, 1, tenon::moe::WARPGROUPS});
    check_shape("512×128, 32 experts, warpgroups", mini, {{0, 9}, {3, 9}, {9, 60}, {check::kBrief ? 30 : 300, 300}});
    check_shape("all rows to the same experts", mini, {{7, 9}, {15, 30}, {29, 60}, {check::kBrief ? 70 : 300, 300}, {check::kBrief ? 139 : 200, 200}}, false, true);
    check_shape("256×160, shared expert of 96", {256, 160, 32, 6, 0, 32, 1, e4m3, e4m3, 96}, {{check::kBrief ? 30 : 1100, 1100}});
    check_shape("288×96, no shared one", {288, 96, 16, 4, 0, 16, 0, e4m3, bf16, 0}, {{17, 100}});
    check_shape("experts 16 … 39 of 64", {256, 64, 64, 8, 16, 24, 1, e4m3, e4m3, 32}, {{19, 200}});
    check_shape("more inputs than a warp has lanes for", {4224, 64, 8, 2, 0, 8, 1, e4m3, e4m3, 64}, {{9, 20}});
    check_shape("more tasks than blocks", {1024, 128, 176, 8, 0, 176, 1, e4m3, e4m3, 128}, {{check::kBrief ? 60 : 150, 200}});
    check_independence(mini, 10, 400);
    tuned_as = 0;
    quantised = 1;
    check_shape("512×128, 32 experts", mini, {{0, 60}, {9, 60}, {check::kBrief ? 30 : 300, 300}});
    check_shape("all rows to the same experts", mini, {{check::kBrief ? 70 : 300, 300}, {check::kBrief ? 139 : 200, 200}}, false, true);
    check_shape("256×160, shared expert of 96", {256, 160, 32, 6, 0, 32, 1, e4m3, e4m3, 96}, {{check::kBrief ? 30 : 1100, 1100}});
    check_shape("288×96, no shared one", {288, 96, 16, 4, 0, 16, 0, e4m3, bf16, 0}, {{17, 100}});
    check_shape("experts 16 … 39 of 64", {256, 64, 64, 8, 16, 24, 1, e4m3, e4m3, 32}, {{19, 200}});
    check_independence(mini, 10, 400);
    check_add_norm("512×128, 32 experts, quantised", mini, 21, 300);
    check_add_norm("512×128, 32 experts, quantised", mini, 21, 1100);
  }
  printf("%d failures\n", check::failures);
  return check::failures != 0;
}
