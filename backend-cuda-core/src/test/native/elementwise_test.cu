// Embeddings, norms, gathered rows, joined columns, SiLU products and made-up weights against their definitions on the host.
// sources: smxx/elementwise/*.cu
#include "check.h"
#include "../../main/native/abi/kernel_table.h"
#include "../../main/native/smxx/entry_points.h"
#if !defined(TENON_EMULATED)
#include "timing.h"
#endif

namespace {

using check::Device;

std::vector<uint16_t> normals(size_t count) {
  std::vector<uint16_t> values(count);
  for (uint16_t& v : values) v = check::narrow(check::normal());
  return values;
}

bool poisoned(const uint16_t* from, size_t count) {
  for (size_t i = 0; i < count; i++) {
    if (from[i] != 0xffff) return false;
  }
  return true;
}

void embed(int rows, int most, int hidden, int first, int share) {
  const std::vector<uint16_t> table = normals(size_t(share) * hidden);
  std::vector<int32_t> ids(most);
  for (int32_t& id : ids) id = check::random()() % (first + share + 20);
  Device<uint16_t> dtable(table), out(size_t(most) * hidden);
  Device<int32_t> counts(std::vector<int32_t>{rows, 0, 0}), dids(ids);
  tenon_embed p = {};
  p.rows.max_rows = most, p.rows.counts = counts.address(), p.rows.ids = dids.address();
  p.table = dtable.address(), p.first = first, p.share = share, p.hidden = hidden, p.out = out.address();
  CUDA(tenon_embed_launch(&p, nullptr));
  CUDA(cudaDeviceSynchronize());
  const std::vector<uint16_t> got = out.read();
  bool good = poisoned(&got[size_t(rows) * hidden], size_t(most - rows) * hidden);
  for (int row = 0; row < rows; row++) {
    const int entry = ids[row] - first;
    for (int i = 0; i < hidden; i++) {
      good &= got[size_t(row) * hidden + i] == (entry >= 0 && entry < share ? table[size_t(entry) * hidden + i] : 0);
    }
  }
  char what[100];
  snprintf(what, sizeof what, "embed %d of %d rows of %d, ids %d … %d", rows, most, hidden, first, first + share - 1);
  check::require(what, good);
}

void gather(int selected, int most, int rows, int width) {
  const std::vector<uint16_t> in = normals(size_t(rows) * width);
  std::vector<int32_t> which(most);
  for (int32_t& w : which) w = check::random()() % rows;
  Device<uint16_t> din(in), out(size_t(most) * width);
  Device<int32_t> counts(std::vector<int32_t>{rows, 1, selected}), dwhich(which);
  tenon_gather p = {};
  p.rows.max_rows = rows, p.rows.max_selected = most, p.rows.counts = counts.address(), p.rows.selected = dwhich.address();
  p.width = width, p.in = din.address(), p.out = out.address();
  CUDA(tenon_gather_launch(&p, nullptr));
  CUDA(cudaDeviceSynchronize());
  const std::vector<uint16_t> got = out.read();
  bool good = poisoned(&got[size_t(selected) * width], size_t(most - selected) * width);
  for (int i = 0; i < selected; i++) good &= !memcmp(&got[size_t(i) * width], &in[size_t(which[i]) * width], 2 * width);
  char what[100];
  snprintf(what, sizeof what, "gather %d of %d rows of %d", selected, most, width);
  check::require(what, good);
}

void add_norm(int rows, int most, int hidden, bool start, bool pending, int gap) {
  const double epsilon = 1e-6;
  std::vector<float> residual(size_t(most) * hidden), scale(hidden);
  for (float& v : residual) v = 3 * check::normal();
  for (float& v : scale) v = 1 + 0.3f * check::normal();
  const std::vector<uint16_t> added = normals(residual.size());
  Device<float> dresidual(residual), dscale(scale);
  if (start) dresidual.poison();  // must not be read
  const std::vector<float> before = dresidual.read();
  Device<uint16_t> dadded(added), normed(size_t(most) * (hidden + gap));
  Device<int32_t> counts(std::vector<int32_t>{rows, 0, 0});
  const tenon_add_norm p = {most, counts.address(), hidden, start, dresidual.address(), pending ? dadded.address() : 0, dscale.address(),
                            epsilon, normed.address(), hidden + gap};
  CUDA(tenon_add_norm_launch(&p, nullptr));
  CUDA(cudaDeviceSynchronize());
  const std::vector<float> sums = dresidual.read();
  const std::vector<uint16_t> got = normed.read();
  bool untouched = true, exact = true;
  double error = 0;
  for (int row = 0; row < most; row++) {
    const size_t at = size_t(row) * hidden, to = size_t(row) * (hidden + gap);
    untouched &= poisoned(&got[to + hidden], gap);
    if (row >= rows) {
      untouched &= poisoned(&got[to], hidden) && !memcmp(&sums[at], &before[at], 4 * hidden);
      continue;
    }
    std::vector<float> wanted(hidden);
    double square = 0;
    for (int i = 0; i < hidden; i++) {
      wanted[i] = (start ? 0 : residual[at + i]) + (pending ? check::widen(added[at + i]) : 0);
      square += double(wanted[i]) * wanted[i];
      exact &= sums[at + i] == wanted[i];
    }
    const double factor = 1 / sqrt(square / hidden + epsilon);
    for (int i = 0; i < hidden; i++) {
      const double value = wanted[i] * factor * scale[i];
      const double off = fabs(check::widen(got[to + i]) - value) / fmax(fabs(value), 1e-3);
      if (!(off <= error)) error = off;
    }
  }
  char what[120];
  snprintf(what, sizeof what, "add_norm %d of %d rows of %d%s%s", rows, most, hidden, start ? ", start" : "", pending ? "" : ", nothing pending");
  check::report(what, error, 0.0042);  // half a step of bf16's 8 bits, and the sums' rounding
  check::require("  the residual stream is exact, nothing else is written", exact && untouched);
}

void silu_product(int rows, int most, int inner) {
  const std::vector<uint16_t> in = normals(size_t(most) * 2 * inner);
  Device<uint16_t> din(in), y(size_t(most) * inner);
  Device<int32_t> counts(std::vector<int32_t>{rows, 0, 0});
  const tenon_silu_product p = {most, counts.address(), inner, din.address(), y.address()};
  CUDA(tenon_silu_product_launch(&p, nullptr));
  CUDA(cudaDeviceSynchronize());
  const std::vector<uint16_t> got = y.read();
  double error = 0;
  for (int row = 0; row < rows; row++) {
    for (int i = 0; i < inner; i++) {
      const uint16_t* pair = &in[size_t(row) * 2 * inner + i / 16 * 32 + i % 16];
      const double gate = check::widen(pair[0]), value = gate / (1 + exp(-gate)) * check::widen(pair[16]);
      const double off = fabs(check::widen(got[size_t(row) * inner + i]) - value) / fmax(fabs(value), 1e-3);
      if (!(off <= error)) error = off;
    }
  }
  char what[100];
  snprintf(what, sizeof what, "silu_product %d of %d rows of %d", rows, most, inner);
  check::report(what, error, 0.0042);
  check::require("  rows beyond are untouched", poisoned(&got[size_t(rows) * inner], size_t(most - rows) * inner));
}

void join_columns(int rows, int most, int parts, int part_columns, int columns, int bytes) {
  std::vector<uint8_t> in(size_t(parts) * most * part_columns * bytes);
  for (uint8_t& v : in) v = check::random()();
  Device<uint8_t> din(in), out(size_t(most) * columns * bytes);
  Device<int32_t> count(std::vector<int32_t>{rows});
  const tenon_join_columns p = {most, count.address(), part_columns, columns, bytes, din.address(), out.address()};
  CUDA(tenon_join_columns_launch(&p, nullptr));
  CUDA(cudaDeviceSynchronize());
  const std::vector<uint8_t> got = out.read();
  bool good = true;
  for (size_t i = size_t(rows) * columns * bytes; i < got.size(); i++) good &= got[i] == 0xff;
  for (int row = 0; row < rows; row++) {
    for (int column = 0; column < columns; column++) {
      const int part = column / part_columns;
      const size_t from = (size_t(part) * most + row) * part_columns + column % part_columns;
      good &= !memcmp(&got[(size_t(row) * columns + column) * bytes], &in[from * bytes], bytes);
    }
  }
  char what[120];
  snprintf(what, sizeof what, "join_columns %d of %d rows, %d parts of %d to %d, %d bytes each", rows, most, parts, part_columns, columns, bytes);
  check::require(what, good);
}

std::vector<uint8_t> filled(int type, int64_t elements, int bytes, int64_t seed, double low, double high) {
  Device<uint8_t> target(elements * bytes + 16);
  const tenon_fill p = {target.address(), type, elements, seed, low, high};
  CUDA(tenon_fill_launch(&p, nullptr));
  CUDA(cudaDeviceSynchronize());
  std::vector<uint8_t> got = target.read();
  bool beyond = true;
  for (int i = 0; i < 16; i++) beyond &= got[elements * bytes + i] == 0xff;
  check::require("  fill stops at its end", beyond);
  got.resize(elements * bytes);
  return got;
}

void fill() {
  const int64_t count = 100003;
  const std::vector<uint8_t> codes = filled(TENON_E4M3, count, 1, 7, 0, 0);
  double sum = 0, square = 0;
  bool finite = true;
  for (uint8_t code : codes) {
    finite &= (code & 0x7f) != 0x7f;
    sum += check::e4m3(code);
    square += double(check::e4m3(code)) * check::e4m3(code);
  }
  const double deviation = sqrt(square / count);
  check::report("e4m3: mean in units of 111", fabs(sum / count) / 111, 5 / sqrt(double(count)));
  check::report("e4m3: standard deviation against 111", fabs(deviation / 111 - 1), 0.03);
  check::require("e4m3: all finite", finite);

  const std::vector<uint8_t> narrow = filled(TENON_BF16, count, 2, 7, -0.05, 0.05), wide = filled(TENON_F32, count, 4, 9, 0.25, 0.75);
  double low = 1, high = -1, least = 1, most = 0, mean = 0, wide_mean = 0;
  for (int64_t i = 0; i < count; i++) {
    uint16_t bits;
    float value;
    memcpy(&bits, &narrow[2 * i], 2);
    memcpy(&value, &wide[4 * i], 4);
    const double v = check::widen(bits);
    low = fmin(low, v), high = fmax(high, v), mean += v / count;
    least = fmin(least, value), most = fmax(most, value), wide_mean += value / count;
  }
  check::report("bf16: uniform, its ends", fmax(fabs(low + 0.05), fabs(high - 0.05)), 2e-4);
  check::report("bf16: uniform, its mean", fabs(mean), 5 * 0.029 / sqrt(double(count)));
  check::report("f32: uniform, its ends", fmax(fabs(least - 0.25), fabs(most - 0.75)), 2e-4);
  check::report("f32: uniform, its mean", fabs(wide_mean - 0.5), 5 * 0.145 / sqrt(double(count)));

  const std::vector<uint8_t> shorter = filled(TENON_E4M3, 1001, 1, 7, 0, 0), other = filled(TENON_E4M3, 1001, 1, 8, 0, 0);
  check::require("a word depends on the seed and its index only", !memcmp(shorter.data(), codes.data(), 1001));
  check::require("another seed, other words", memcmp(shorter.data(), other.data(), 1001) != 0);
}

#if !defined(TENON_EMULATED)
void time() {
  Device<float> residual(size_t(2048) * 2048), scale(2048);
  Device<uint16_t> pending(size_t(2048) * 2048), normed(size_t(2048) * 2048);
  for (Device<float>* f : {&residual, &scale}) {
    const tenon_fill p = {f->address(), TENON_F32, int64_t(f->size), 1, -1, 1};
    CUDA(tenon_fill_launch(&p, nullptr));
  }
  const tenon_fill p = {pending.address(), TENON_BF16, int64_t(pending.size), 2, -1, 1};
  CUDA(tenon_fill_launch(&p, nullptr));
  for (int rows : {1, 16, 256, 2048}) {
    Device<int32_t> counts(std::vector<int32_t>{rows, 1, 1});
    const double took = check::chained_micros(40, [&](int, cudaStream_t stream) {
      const tenon_add_norm norm = {rows, counts.address(), 2048, 0, residual.address(), pending.address(), scale.address(),
                                   1e-6, normed.address(), 2048};
      CUDA(tenon_add_norm_launch(&norm, stream));
    });
    printf("time add_norm %4d rows of 2048: %6.2f us, %.2f TB/s\n", rows, took, rows * 2048 * 12.0 / took / 1e6);
  }
  Device<uint8_t> large(size_t(4) << 30);
  for (int type : {TENON_E4M3, TENON_BF16}) {
    const double took = check::chained_micros(2, [&](int i, cudaStream_t stream) {
      const tenon_fill f = {large.address(), type, int64_t(large.size) / (type == TENON_E4M3 ? 1 : 2), i, -1, 1};
      CUDA(tenon_fill_launch(&f, stream));
    }, 5);
    printf("time fill %s 4 GiB: %8.0f us, %.2f TB/s\n", type == TENON_E4M3 ? "e4m3" : "bf16", took, large.size / took / 1e6);
  }
}
#endif

}  // namespace

int main([[maybe_unused]] int arguments, [[maybe_unused]] char** argument) {
  embed(0, 3, 64, 0, 10);
  embed(7, 9, 2048, 0, 300);
  embed(40, 50, 72, 100, 60);
  gather(0, 2, 5, 64);
  gather(3, 8, 9, 2048);
  gather(20, 20, 64, 88);
  for (int hidden : {8, 72, 512, 2048, 8192}) {
    for (int rows : {0, 1, 5}) add_norm(rows, rows + 2, hidden, rows == 5 && hidden != 512, true, 16);
  }
  add_norm(3, 3, 2048, false, false, 0);
  add_norm(3, 3, 2048, true, true, 2048);
  for (int inner : {16, 48, 512, 5120}) silu_product(3, 4, inner);
  silu_product(0, 2, 64);
  join_columns(0, 2, 2, 8, 16, 4);
  join_columns(3, 4, 2, 31, 61, 4);
  join_columns(5, 5, 8, 3, 19, 4);
  join_columns(2, 3, 4, 2048, 8192, 4);
  join_columns(2, 3, 4, 48, 192, 2);
  join_columns(2, 2, 3, 5, 15, 2);
  fill();
#if !defined(TENON_EMULATED)
  if (arguments > 1 && !strcmp(argument[1], "time")) time();
#endif
  printf("%d failures\n", check::failures);
  return check::failures != 0;
}
