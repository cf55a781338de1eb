// Prepares and attends over scattered pages full of things that must not leak; compares with double precision.
// sources: smxx/attention/*.cu
#include "../../main/native/abi/kernel_table.h"
#include "../../main/native/smxx/entry_points.h"
#include "check.h"
#if !defined(TENON_EMULATED)
#include "timing.h"
#endif

#if defined(TENON_EMULATED)
namespace tenon::attention {
extern bool emulates_warpgroups;
}
#endif

namespace {

using check::Device;

struct Model {
  int heads, kv_heads, dim, gated, type, page_size;
  int width() const { return heads * dim * (gated ? 2 : 1) + 2 * kv_heads * dim; }
  int rotary_pairs() const { return dim / 8; }
  int bytes() const { return type == TENON_E4M3 ? 1 : 2; }
  double scale() const { return 1 / sqrt(double(dim)); }
};

struct Sequence {
  int context;  // positions before the step
  int rows, active;
};

// A step's rows on the device.
struct Rows {
  std::vector<Sequence> sequences;
  std::vector<int> slots;  // of the sequences
  std::vector<int32_t> counts, positions, row_slots, owner, sequence_slots, offsets, active;
  std::vector<Device<int32_t>*> owned;
  tenon_rows words = {};
  Rows(const std::vector<Sequence>& sequences, const std::vector<int>& slots, int spare_rows, int spare_sequences)
      : sequences(sequences), slots(slots) {
    for (size_t s = 0; s < sequences.size(); s++) {
      offsets.push_back(static_cast<int>(positions.size()));
      active.push_back(sequences[s].active);
      sequence_slots.push_back(sequences[s].active ? slots[s] : -1);
      for (int r = 0; r < sequences[s].rows; r++) {
        const bool runs = r < sequences[s].active;
        positions.push_back(runs ? sequences[s].context + r : 0);
        row_slots.push_back(runs ? slots[s] : -1);
        owner.push_back(static_cast<int>(s));
      }
    }
    offsets.push_back(static_cast<int>(positions.size()));
    counts = {int(positions.size()), int(sequences.size()), 0};
    words.max_rows = int64_t(positions.size()) + spare_rows;
    words.max_sequences = int64_t(sequences.size()) + spare_sequences;
    words.counts = put(counts, 3);
    words.positions = put(positions, words.max_rows);
    words.slots = put(row_slots, words.max_rows);
    words.sequence = put(owner, words.max_rows);
    words.sequence_slots = put(sequence_slots, words.max_sequences);
    words.sequence_offsets = put(offsets, words.max_sequences + 1);
    words.sequence_active = put(active, words.max_sequences);
  }
  ~Rows() {
    for (auto* buffer : owned) delete buffer;
  }
  int count() const { return counts[0]; }
  // What lies beyond the values must not be read as any: it is far from small.
  tenon_address put(std::vector<int32_t> values, int64_t size) {
    values.resize(size, 0x7ffffff0);
    owned.push_back(new Device<int32_t>(values));
    return owned.back()->address();
  }
};

// Pages that sequences have at random places.
struct Pool {
  Model model;
  int width, pages;
  std::vector<int32_t> tables;
  std::vector<uint8_t> keys, values;
  Pool(const Model& model, int slots, const std::vector<int>& lengths, const std::vector<int>& slot_of) : model(model) {
    int longest = 1, wanted = 0;
    for (int length : lengths) {
      longest = std::max(longest, length);
      wanted += (length + model.page_size - 1) / model.page_size;
    }
    width = (longest + model.page_size - 1) / model.page_size + 1;
    pages = wanted + 5;
    std::vector<int> free(pages);
    for (int i = 0; i < pages; i++) free[i] = i;
    std::shuffle(free.begin(), free.end(), check::random());
    tables.assign(size_t(slots) * width, -1);
    for (size_t s = 0; s < lengths.size(); s++) {
      for (int i = 0; i * model.page_size < lengths[s]; i++) {
        tables[size_t(slot_of[s]) * width + i] = free.back();
        free.pop_back();
      }
    }
    keys.assign(size_t(pages) * model.kv_heads * model.page_size * model.dim * model.bytes(), 0xff);
    values = keys;
  }
  size_t place(int slot, int kv_head, int position) const {
    const int page = tables[size_t(slot) * width + position / model.page_size];
    return ((size_t(page) * model.kv_heads + kv_head) * model.page_size + position % model.page_size) * model.dim;
  }
  double read(const std::vector<uint8_t>& from, size_t at) const {
    if (model.type == TENON_E4M3) return check::e4m3(from[at]);
    uint16_t bits;
    memcpy(&bits, &from[2 * at], 2);
    return check::widen(bits);
  }
  void write(std::vector<uint8_t>& to, size_t at) {
    if (model.type == TENON_E4M3) {
      to[at] = static_cast<uint8_t>((check::random()() & 0x80) | (0x20 + check::random()() % 0x20));
      return;
    }
    const uint16_t bits = check::narrow(check::normal());
    memcpy(&to[2 * at], &bits, 2);
  }
  void fill(int slot, int positions) {
    for (int position = 0; position < positions; position++) {
      for (int h = 0; h < model.kv_heads; h++) {
        for (int d = 0; d < model.dim; d++) {
          write(keys, place(slot, h, position) + d);
          write(values, place(slot, h, position) + d);
        }
      }
    }
  }
};

// Everything on the device that both operations take.
struct Operations {
  const Model& model;
  int64_t stride;
  Device<uint16_t> projected;
  Device<uint8_t> keys, values;
  Device<int32_t> tables;
  Device<float> query_norm, key_norm, frequencies;
  int table_width;
  Operations(const Model& model, const std::vector<uint16_t>& rows, int64_t stride, const Pool& pool, const std::vector<float>& query_norm,
             const std::vector<float>& key_norm, const std::vector<float>& frequencies)
      : model(model), stride(stride), projected(rows), keys(pool.keys), values(pool.values), tables(pool.tables),
        query_norm(query_norm), key_norm(key_norm), frequencies(frequencies), table_width(pool.width) {}

  void prepare(const tenon_rows& rows, int32_t* counters, int64_t counter_bytes) {
    tenon_attention_prepare p = {rows, model.heads, model.kv_heads, model.dim, model.gated, projected.address(), stride,
                                 query_norm.address(), key_norm.address(), 1e-6, frequencies.address(), model.rotary_pairs(), 1.25,
                                 keys.address(), values.address(), model.page_size, tables.address(), table_width, model.type,
                                 reinterpret_cast<int64_t>(counters), counter_bytes};
    CUDA(tenon_attention_prepare_launch(&p, nullptr));
  }
  int64_t counter_bytes(const tenon_rows& rows) const {
    tenon_attention_prepare p = {};
    p.rows = rows;
    p.heads = model.heads;
    p.kv_heads = model.kv_heads;
    return tenon_attention_prepare_workspace(&p);
  }
  std::vector<uint16_t> attend(const tenon_rows& rows, Device<int32_t>& counters) {
    Device<uint16_t> out(size_t(rows.max_rows) * model.heads * model.dim);
    tenon_attention p = {rows, model.heads, model.kv_heads, model.dim, model.gated, model.scale(), projected.address(), stride,
                         keys.address(), values.address(), model.page_size, tables.address(), table_width,
                         model.type, counters.address(), out.address(), 0, 0};
    p.workspace_bytes = tenon_attention_workspace(&p);
    Device<uint8_t> workspace(p.workspace_bytes);
    p.workspace = workspace.address();
    CUDA(tenon_attention_launch(&p, nullptr));
    CUDA(cudaDeviceSynchronize());
    return out.read();
  }
};

std::vector<uint16_t> cleared_and_attended(Operations& operations, const tenon_rows& rows) {
  Device<int32_t> counters(std::vector<int32_t>(operations.counter_bytes(rows) / 4, 0));
  return operations.attend(rows, counters);
}

// A head as it should be after norm and rotation.
std::vector<double> prepared(const Model& m, const uint16_t* from, const std::vector<float>& norm, const std::vector<float>& frequencies,
                             int position) {
  std::vector<double> x(m.dim), y;
  double squares = 0;
  for (int d = 0; d < m.dim; d++) squares += double(check::widen(from[d])) * check::widen(from[d]);
  for (int d = 0; d < m.dim; d++) x[d] = check::widen(from[d]) / sqrt(squares / m.dim + 1e-6) * norm[d];
  y = x;
  for (int i = 0; i < m.rotary_pairs(); i++) {
    const double angle = static_cast<float>(position) * frequencies[i], cosine = 1.25 * cos(angle), sine = 1.25 * sin(angle);
    const int j = i + m.rotary_pairs();
    y[i] = x[i] * cosine - x[j] * sine;
    y[j] = x[j] * cosine + x[i] * sine;
  }
  return y;
}

double worst(double so_far, double got, double wanted, double size) {
  const double error = fabs(got - wanted) / size;
  return so_far != so_far || error <= so_far ? so_far : error;  // NaN stays
}

void check_case(const char* name, const Model& m, const std::vector<Sequence>& sequences, bool alone) {
  printf("     %s: %d/%d heads of %d, gate %d, %s, pages of %d\n", name, m.heads, m.kv_heads, m.dim, m.gated,
         m.type == TENON_E4M3 ? "e4m3" : "bf16", m.page_size);
  const int slots = static_cast<int>(sequences.size()) + 2;
  std::vector<int> order(slots), slot_of, lengths;
  for (int i = 0; i < slots; i++) order[i] = i;
  std::shuffle(order.begin(), order.end(), check::random());
  for (size_t s = 0; s < sequences.size(); s++) {
    slot_of.push_back(order[s]);
    lengths.push_back(sequences[s].context + sequences[s].active);
  }
  Rows rows(sequences, slot_of, 3, 2);
  Pool pool(m, slots, lengths, slot_of);
  for (size_t s = 0; s < sequences.size(); s++) pool.fill(slot_of[s], sequences[s].context);

  const int64_t stride = m.width() + 8;
  std::vector<uint16_t> projected(size_t(rows.words.max_rows) * stride);
  for (uint16_t& x : projected) x = check::narrow(check::normal());
  std::vector<float> query_norm(m.dim), key_norm(m.dim), frequencies(m.rotary_pairs());
  for (float& x : query_norm) x = 1 + 0.1f * check::normal();
  for (float& x : key_norm) x = 1 + 0.1f * check::normal();
  for (int i = 0; i < m.rotary_pairs(); i++) frequencies[i] = powf(1e4f, -float(i) / m.rotary_pairs());
  Operations operations(m, projected, stride, pool, query_norm, key_norm, frequencies);
  Device<int32_t> counters(operations.counter_bytes(rows.words) / 4);
  operations.prepare(rows.words, counters.at, counters.size * 4);
  CUDA(cudaDeviceSynchronize());
  bool clear = true;
  for (int32_t counter : counters.read()) clear = clear && counter == 0;
  check::require("counters cleared", clear);

  const std::vector<uint16_t> after = operations.projected.read();
  const Pool before = pool;
  pool.keys = operations.keys.read();
  pool.values = operations.values.read();
  const int query_width = (m.gated ? 2 : 1) * m.dim;
  std::vector<uint16_t> untouched = projected;
  std::vector<uint8_t> other_keys = pool.keys, other_values = pool.values;
  double query_error = 0, key_error = 0, value_error = 0;
  for (int r = 0; r < rows.count(); r++) {
    const uint16_t* const from = &projected[r * stride];
    for (int h = 0; h < m.heads; h++) {
      const std::vector<double> wanted = prepared(m, from + h * query_width, query_norm, frequencies, rows.positions[r]);
      for (int d = 0; d < m.dim; d++) {
        const size_t at = r * stride + h * query_width + d;
        query_error = worst(query_error, check::widen(after[at]), wanted[d], fabs(wanted[d]) + 1e-2);
        untouched[at] = after[at];
      }
    }
    if (rows.row_slots[r] < 0) continue;
    for (int h = 0; h < m.kv_heads; h++) {
      const std::vector<double> wanted = prepared(m, from + m.heads * query_width + h * m.dim, key_norm, frequencies, rows.positions[r]);
      const uint16_t* const value = from + m.heads * query_width + (m.kv_heads + h) * m.dim;
      for (int d = 0; d < m.dim; d++) {
        const size_t at = pool.place(rows.row_slots[r], h, rows.positions[r]) + d;
        key_error = worst(key_error, pool.read(pool.keys, at), wanted[d], fabs(wanted[d]) + 1.0 / 64);
        double distance = fabs(pool.read(pool.values, at) - check::widen(value[d])), least = 1e9;
        for (int code = 0; code < 256 && m.type == TENON_E4M3; code++) {
          if ((code & 0x7f) != 0x7f) least = std::min(least, fabs(double(check::e4m3(code)) - check::widen(value[d])));
        }
        value_error = worst(value_error, distance, m.type == TENON_E4M3 ? least : 0, 1);
        for (int b = 0; b < m.bytes(); b++) {
          other_keys[at * m.bytes() + b] = before.keys[at * m.bytes() + b];
          other_values[at * m.bytes() + b] = before.values[at * m.bytes() + b];
        }
      }
    }
  }
  check::report("queries", query_error, 1.0 / 250);
  check::report("keys in pages", key_error, m.type == TENON_E4M3 ? 1.01 / 16 : 1.0 / 250);
  check::report("values in pages", value_error, 0);
  check::require("nothing else written", untouched == after && other_keys == before.keys && other_values == before.values);

  const std::vector<uint16_t> out = operations.attend(rows.words, counters);
  const int width = m.heads * m.dim;
  bool zeros = true, beyond = true;
  for (int r = 0; r < rows.words.max_rows; r++) {
    if (r < rows.count() && rows.row_slots[r] >= 0) continue;
    for (int i = 0; i < width; i++) {
      if (r < rows.count()) zeros = zeros && out[size_t(r) * width + i] == 0;
      else beyond = beyond && out[size_t(r) * width + i] == 0xffff;
    }
  }
  std::vector<double> errors(rows.count() * m.heads, 0.0);
  check::parallel(errors.size(), [&](int part) {
    const int r = part / m.heads, h = part % m.heads;
    if (rows.row_slots[r] < 0) return;
    const int slot = rows.row_slots[r], length = rows.positions[r] + 1;
    const int kv = h / (m.heads / m.kv_heads);
    const uint16_t* const query = &after[r * stride + h * query_width];
    std::vector<double> chance(length), sum(m.dim, 0.0);
    double most = -1e300, all = 0;
    for (int k = 0; k < length; k++) {
      const size_t at = pool.place(slot, kv, k);
      double score = 0;
      for (int d = 0; d < m.dim; d++) score += check::widen(query[d]) * pool.read(pool.keys, at + d);
      chance[k] = score * m.scale();
      most = std::max(most, chance[k]);
    }
    for (int k = 0; k < length; k++) all += chance[k] = exp(chance[k] - most);
    for (int k = 0; k < length; k++) {
      const size_t at = pool.place(slot, kv, k);
      for (int d = 0; d < m.dim; d++) sum[d] += chance[k] / all * pool.read(pool.values, at + d);
    }
    double size = 1e-3;
    for (int d = 0; d < m.dim; d++) size = std::max(size, fabs(sum[d]));
    for (int d = 0; d < m.dim; d++) {
      const double gate = m.gated ? 1 / (1 + exp(-check::widen(query[m.dim + d]))) : 1;
      errors[part] = worst(errors[part], check::widen(out[size_t(r) * width + h * m.dim + d]), sum[d] * gate, size);
    }
  });
  double error = 0;
  for (double some : errors) error = worst(error, some, 0, 1);
  check::report("attention", error, 0.01);
  check::require("inactive rows zero", zeros);
  check::require("rows beyond untouched", beyond);
  check::require("same bits twice", cleared_and_attended(operations, rows.words) == out);

  for (size_t s = 0; alone && s < sequences.size(); s++) {
    if (sequences[s].active < 1 || sequences[s].active > 16) continue;
    // the rows of one sequence, at their place among the step's
    std::vector<Sequence> one = {{0, rows.offsets[s], 0}, sequences[s]};
    Rows single(one, {0, slot_of[s]}, 0, 0);
    const std::vector<uint16_t> same = cleared_and_attended(operations, single.words);
    const size_t from = size_t(rows.offsets[s]) * width, to = from + size_t(sequences[s].active) * width;
    check::require("same bits alone", std::equal(out.begin() + from, out.begin() + to, same.begin() + from));
    if (check::kBrief) break;
  }
}

// Rows whose page is missing, or would lie beyond the table, write nothing.
void check_missing_pages() {
  const Model m = {2, 1, 64, 0, TENON_BF16, 16};
  Pool pool(m, 2, {20, 40}, {0, 1});
  pool.tables[pool.width + 2] = -1;
  Rows rows({{20, 1, 1}, {40, 1, 1}, {16 * pool.width, 1, 1}}, {0, 1, 1}, 0, 0);
  const std::vector<uint16_t> projected(size_t(3) * m.width(), check::narrow(1));
  const std::vector<float> ones(m.dim, 1.0f);
  Operations operations(m, projected, m.width(), pool, ones, ones, ones);
  Device<int32_t> counters(operations.counter_bytes(rows.words) / 4);
  pool.tables[1] = -1;  // position 20 of slot 0 lies in the second page
  CUDA(cudaMemcpy(operations.tables.at, pool.tables.data(), pool.tables.size() * 4, cudaMemcpyHostToDevice));
  operations.prepare(rows.words, counters.at, counters.size * 4);
  CUDA(cudaDeviceSynchronize());
  check::require("missing pages", operations.keys.read() == pool.keys && operations.values.read() == pool.values);
}

void check_all() {
  const int bf16 = TENON_BF16, e4m3 = TENON_E4M3;
  const Model big = {16, 2, 256, 1, bf16, 16};
  check_case("first token", big, {{0, 1, 1}}, false);
  check_case("drafts, borders of pages and steps", big, {{62, 3, 3}, {15, 5, 2}, {0, 0, 0}, {127, 2, 2}, {63, 2, 1}, {64, 1, 0}}, true);
  check_case("splits", {8, 2, 256, 1, bf16, 32}, {{529, 1, 1}, {20, 1, 1}, {1535, 1, 1}, {800, 6, 5}}, true);
  check_case("splits in two levels", {2, 1, 64, 0, bf16, 64}, {{8900, 2, 2}, {2060, 1, 1}}, true);
  check_case("fresh prompt", {16, 2, 256, 1, bf16, 64}, {{0, 40, 40}}, false);
  check_case("chunk after context", {8, 2, 128, 0, bf16, 16}, {{77, 70, 67}}, false);
  check_case("mixed step", {8, 2, 128, 1, bf16, 32}, {{100, 1, 1}, {33, 37, 35}, {64, 2, 1}, {0, 18, 18}, {5, 3, 3}}, true);
  check_case("one head each", {4, 4, 64, 0, bf16, 16}, {{190, 3, 3}, {10, 17, 17}, {0, 130, 130}}, true);
  check_case("chunk with split context", {2, 1, 64, 1, bf16, 16}, {{2500, 70, 68}}, false);
  check_case("e4m3", {16, 2, 256, 1, e4m3, 16}, {{100, 2, 2}, {10, 18, 18}}, true);
  check_case("e4m3, dim 128", {8, 2, 128, 0, e4m3, 32}, {{140, 3, 2}, {70, 20, 20}}, true);
  check_case("e4m3, dim 64", {2, 1, 64, 1, e4m3, 64}, {{200, 1, 1}, {70, 70, 70}}, true);
  check_case("many sequences, longer splits", {2, 1, 64, 0, bf16, 16}, std::vector<Sequence>(270, {520, 16, 16}), false);
  check_missing_pages();
#if defined(TENON_EMULATED)
  tenon::attention::emulates_warpgroups = true;
  check_case("warpgroups: first token", big, {{0, 1, 1}}, false);
  check_case("warpgroups: drafts, borders of pages and steps", big, {{62, 3, 3}, {15, 5, 2}, {0, 0, 0}, {127, 2, 2}, {63, 2, 1}, {64, 1, 0}}, true);
  check_case("warpgroups: splits", {8, 2, 256, 1, bf16, 32}, {{529, 1, 1}, {20, 1, 1}, {1535, 1, 1}, {800, 6, 5}}, true);
  check_case("warpgroups: splits in two levels, long ones", {2, 1, 256, 0, bf16, 64}, {{8900, 2, 2}, {9000, 1, 1}}, true);
  check_case("warpgroups: several items of a block", {2, 1, 256, 0, bf16, 16}, std::vector<Sequence>(130, {1030, 1, 1}), false);
  check_case("warpgroups: more pairs than an item has", {40, 1, 256, 1, bf16, 16}, {{300, 16, 16}, {70, 3, 3}}, true);
  check_case("warpgroups: fresh prompt", {16, 2, 256, 1, bf16, 64}, {{0, 40, 40}}, false);
  check_case("warpgroups: mixed step", {8, 2, 256, 1, bf16, 32}, {{100, 1, 1}, {33, 67, 65}, {0, 18, 18}}, true);
  check_case("warpgroups: split context", {4, 1, 256, 0, bf16, 16}, {{800, 20, 20}}, false);
#endif
  if (check::kBrief) return;
  for (int dim : {64, 128, 256}) {
    for (int type : {bf16, e4m3}) {
      for (const auto& heads : std::vector<std::pair<int, int>>{{16, 2}, {8, 2}, {2, 1}, {4, 4}, {12, 2}, {40, 1}}) {
        const int page_size = 16 << check::random()() % 3;
        const Model m = {heads.first, heads.second, dim, dim != 128, type, page_size};
        std::vector<Sequence> sequences;
        for (int i = 0; i < 12; i++) {
          const int rows = check::random()() % 3 ? 1 + check::random()() % 5 : check::random()() % 200;
          const int context = check::random()() % 2 ? check::random()() % 300 : check::random()() % 2000;
          sequences.push_back({context, rows, rows ? int(rows - check::random()() % std::min(rows, 4)) : 0});
        }
        check_case("random", m, sequences, true);
      }
    }
  }
  check_case("many rows", {16, 2, 256, 1, bf16, 16}, {{1000, 600, 600}, {0, 300, 299}, {700, 1, 1}}, true);
  check_case("long context", {16, 2, 256, 1, bf16, 16}, {{36000, 3, 3}, {20000, 1, 1}}, true);
  // few heads: the host takes a second for each of a row
  for (int type : {bf16, e4m3}) check_case("greatest context", {2, 1, 256, 1, type, 16}, {{262143, 1, 1}}, false);
  check_case("prompt that ends at the greatest context", {1, 1, 256, 1, bf16, 16}, {{262127, 17, 17}}, false);
}

#if !defined(TENON_EMULATED)
const char* timed = "";  // what the names of steps that are timed contain

// One step's timing: `turns` sets of sequences, so that the second-level cache doesn't answer.
void time_step(const char* name, int batch, int context, int rows_each, int type) {
  if (!strstr(name, timed)) return;
  const Model m = {16, 2, 256, 1, type, 16};
  const int length = context + rows_each;
  const double bytes = 2.0 * m.bytes() * m.kv_heads * m.dim * double(length) * batch;
  const int turns = std::max(1, std::min(32, int(300e6 / bytes)));
  const int pages_each = (length + m.page_size - 1) / m.page_size, slots = batch * turns;
  std::vector<int32_t> tables(size_t(slots) * pages_each);
  for (size_t i = 0; i < tables.size(); i++) tables[i] = int(i);
  std::shuffle(tables.begin(), tables.end(), check::random());
  Device<int32_t> device_tables(tables);
  const size_t pool_bytes = tables.size() * m.page_size * m.kv_heads * m.dim * m.bytes();
  std::vector<uint8_t> sample(8 << 20);
  for (size_t i = 0; i < sample.size(); i += m.bytes()) {
    if (type == TENON_E4M3) {
      sample[i] = static_cast<uint8_t>((check::random()() & 0x80) | (0x20 + check::random()() % 0x20));
    } else {
      const uint16_t bits = check::narrow(check::normal());
      memcpy(&sample[i], &bits, 2);
    }
  }
  Device<uint8_t> keys(pool_bytes), values(pool_bytes);
  for (size_t at = 0; at < pool_bytes; at += sample.size()) {
    const size_t some = std::min(sample.size(), pool_bytes - at);
    CUDA(cudaMemcpy(keys.at + at, sample.data(), some, cudaMemcpyHostToDevice));
    CUDA(cudaMemcpy(values.at + at, sample.data(), some, cudaMemcpyHostToDevice));
  }
  std::vector<Rows*> sets;
  for (int turn = 0; turn < turns; turn++) {
    std::vector<int> slot_of;
    for (int s = 0; s < batch; s++) slot_of.push_back(turn * batch + s);
    sets.push_back(new Rows(std::vector<Sequence>(batch, {context, rows_each, rows_each}), slot_of, 0, 0));
  }
  const int64_t rows = int64_t(batch) * rows_each;
  std::vector<uint16_t> projected(rows * m.width());
  for (size_t i = 0; i < projected.size(); i++) projected[i] = i < (1 << 20) ? check::narrow(check::normal()) : projected[i - (1 << 20)];
  Device<uint16_t> device_projected(projected), out(rows * m.heads * m.dim);
  Device<float> norm(std::vector<float>(m.dim, 1.0f)), frequencies(std::vector<float>(32, 0.01f));
  tenon_attention_prepare prepare = {sets[0]->words, m.heads, m.kv_heads, m.dim, m.gated, device_projected.address(), m.width(),
                                     norm.address(), norm.address(), 1e-6, frequencies.address(), 32, 1.0, keys.address(),
                                     values.address(), m.page_size, device_tables.address(), pages_each, type, 0, 0};
  prepare.counter_bytes = tenon_attention_prepare_workspace(&prepare);
  Device<int32_t> counters(std::vector<int32_t>(prepare.counter_bytes / 4, 0));
  prepare.counters = counters.address();
  tenon_attention attention = {sets[0]->words, m.heads, m.kv_heads, m.dim, m.gated, m.scale(), device_projected.address(), m.width(),
                               keys.address(), values.address(), m.page_size, device_tables.address(), pages_each, type,
                               counters.address(), out.address(), 0, 0};
  attention.workspace_bytes = tenon_attention_workspace(&attention);
  Device<uint8_t> workspace(attention.workspace_bytes);
  attention.workspace = workspace.address();
  const int inside = std::max(turns, 4);
  const auto micros = [&](bool prepares, bool attends) {
    return check::chained_micros(inside, [&](int i, void* stream) {
      prepare.rows = attention.rows = sets[i % turns]->words;
      if (prepares) CUDA(tenon_attention_prepare_launch(&prepare, stream));
      if (attends) CUDA(tenon_attention_launch(&attention, stream));
    });
  };
  const double prepared = micros(true, false), both = micros(true, true), attended = both - prepared;
  const double moved = 2.0 * rows * (m.heads + 2 * m.kv_heads) * m.dim * 2;
  printf("time prepare %s: %.2f us, %.2f TB/s\n", name, prepared, moved / prepared * 1e-6);
  if (rows_each <= 16) {
    printf("time attend %s: %.2f us, %.2f TB/s, %.0f %% of 4.54 TB/s\n", name, attended, bytes / attended * 1e-6,
           100 * bytes / attended / check::kReadBytesPerMicro);
  } else {
    const double products = 4.0 * m.heads * m.dim * batch * (double(rows_each) * context + 0.5 * rows_each * (rows_each + 1.0));
    printf("time attend %s: %.1f us, %.0f TFLOP/s, %.0f %% of 790\n", name, attended, products / attended * 1e-6,
           products / attended * 1e-6 / 790 * 100);
  }
  for (Rows* set : sets) delete set;
}

void time_all() {
  for (int type : {int(TENON_BF16), int(TENON_E4M3)}) {
    const char* form = type == TENON_E4M3 ? "e4m3" : "bf16";
    for (const auto& [batch, context] : std::vector<std::pair<int, int>>{{1, 255}, {1, 2559}, {1, 35999}, {16, 255}, {16, 2559}, {16, 35999},
                                                                         {64, 255}, {64, 2559}, {256, 255}, {256, 2559}}) {
      char name[80];
      snprintf(name, sizeof name, "%s batch %d context %d", form, batch, context + 1);
      time_step(name, batch, context, 1, type);
    }
    char name[80];
    snprintf(name, sizeof name, "%s batch 256 context 2560 two drafts", form);
    time_step(name, 256, 2557, 3, type);
    for (const auto& [context, rows] : std::vector<std::pair<int, int>>{{0, 2048}, {30720, 64}, {30720, 512}, {30720, 2048}, {24576, 8192}}) {
      snprintf(name, sizeof name, "%s prefill %d rows after %d", form, rows, context);
      time_step(name, 1, context, rows, type);
    }
  }
}

#endif

}  // namespace

int main(int count, char** arguments) {
#if !defined(TENON_EMULATED)
  if (count > 1 && !strcmp(arguments[1], "time")) {
    if (count > 2) timed = arguments[2];
    time_all();
    return 0;
  }
#endif
  check_all();
  printf("%d failures\n", check::failures);
  return check::failures != 0;
}
