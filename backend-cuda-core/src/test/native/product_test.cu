// Packs matrices and multiplies; compares with sums in double precision on the host.
// sources: smxx/product/*.cu smxx/elementwise/fill.cu smxx/elementwise/add_norm.cu
#include "check.h"
#include "norm_check.h"
#include "../../main/native/abi/kernel_table.h"
#include "../../main/native/smxx/entry_points.h"
#include "../../main/native/smxx/product/plan.h"
#if !defined(TENON_EMULATED)
#include "timing.h"
#endif
#if defined(TENON_TEST_WARPGROUP)
#include "../../../../backend-cuda-hopper/src/main/native/product/warpgroup_rows.h"
#endif

namespace {

using check::Device;
using tenon::product::Plan;

// The forms for many rows: the sizes that every generation has, and Hopper's own.
#if defined(TENON_TEST_WARPGROUP)
constexpr const char* kForms[] = {"narrow", "small", "middle", "large", "rows-32", "rows-64", "rows-128", "wide"};
constexpr int kFormCount = int(tenon::product::SIZES) + tenon::product::WARPGROUP_SHAPES;
#else
constexpr const char* kForms[] = {"narrow", "small", "middle", "large"};
constexpr int kFormCount = tenon::product::SIZES;
#endif

#if !defined(TENON_EMULATED)
tenon::product::Tile tile_of(int form) {
#if defined(TENON_TEST_WARPGROUP)
  if (form >= tenon::product::SIZES) return tenon::product::kWarpgroupTiles[form - tenon::product::SIZES];
#endif
  return tenon::product::kTiles[form];
}
#endif

struct Matrix {
  int type, outputs, inputs;
  std::vector<uint8_t> bytes;   // row-major source
  std::vector<float> scales;    // [ceil(outputs/128)][ceil(inputs/128)]
  std::vector<float> values;    // what they mean
  Matrix(int type, int outputs, int inputs) : type(type), outputs(outputs), inputs(inputs), values(size_t(outputs) * inputs) {
    const int columns = (inputs + 127) / 128;
    scales.resize((outputs + 127) / 128 * columns);
    for (float& scale : scales) scale = 0.001f + 0.01f * fabsf(check::normal());
    bytes.resize(values.size() * (type == TENON_E4M3 ? 1 : 2));
    for (size_t i = 0; i < values.size(); i++) {
      if (type == TENON_E4M3) {
        uint8_t code = check::random()();
        if ((code & 0x7f) == 0x7f) code ^= 1;  // not a number
        bytes[i] = code;
        values[i] = check::e4m3(code) * scales[i / inputs / 128 * columns + i % inputs / 128];
      } else {
        const uint16_t code = check::narrow(check::normal());
        memcpy(&bytes[2 * i], &code, 2);
        values[i] = check::widen(code);
      }
    }
  }
};

struct Packed {
  Device<uint8_t> data;
  Device<float> scales;
  tenon_matrix words;
  static size_t data_bytes(int type, int outputs, int inputs) {
    return size_t(outputs + 15) / 16 * 16 * ((inputs + 127) / 128) * 128 * (type == TENON_E4M3 ? 1 : 2);
  }
  Packed(int type, int outputs, int inputs)
      : data(data_bytes(type, outputs, inputs)), scales((outputs + 15) / 16 * ((inputs + 127) / 128)) {
    CUDA(cudaMemset(data.at, 0, data.size));
    CUDA(cudaMemset(scales.at, 0, scales.size * 4));
    words = {type, outputs, inputs, data.address(), type == TENON_E4M3 ? scales.address() : 0};
  }
  void put(const Matrix& m, int first, int group, int stride) {
    Device<uint8_t> source(m.bytes);
    Device<float> factors(m.scales);
    tenon_pack_matrix p = {source.address(), m.type, m.outputs, m.inputs, factors.address(), (m.inputs + 127) / 128, 128, 128, 0, 0,
                           words.data, words.scales, words.inputs, first, group, stride};
    CUDA(tenon_pack_matrix_launch(&p, nullptr));
    CUDA(cudaDeviceSynchronize());
  }
};

// Without a plan as the engine launches it.
int launch(const tenon_product& p, const Plan* plan, void* stream = nullptr) {
  if (!plan) return tenon_product_launch(&p, stream);
#if defined(TENON_TEST_WARPGROUP)
  if (plan->size >= tenon::product::SIZES) {
    return tenon::product::launch_warpgroup_rows(p, {plan->size - tenon::product::SIZES, plan->parts, 0}, stream);
  }
#endif
  return tenon::product::launch_many_rows(p, *plan, stream);
}

// Values of x beyond the count are not numbers: no sum may take them in.
void compare(int type, int rows, int most, int outputs, int inputs, int y_type, bool biased, const Plan* plan = nullptr) {
  Matrix m(type, outputs, inputs);
  Packed packed(type, outputs, inputs);
  packed.put(m, 0, 16, 16);
  const int x_stride = inputs + 8;
  std::vector<uint16_t> x(size_t(most) * x_stride);
  for (size_t i = 0; i < x.size(); i++) {
    const bool real = int(i / x_stride) < rows && int(i % x_stride) < inputs;
    x[i] = real ? check::narrow(check::normal()) : 0x7fff;
  }
  std::vector<float> bias(outputs);
  for (float& b : bias) b = check::normal();
  Device<uint16_t> dx(x);
  Device<float> dbias(bias);
  Device<int32_t> count(std::vector<int32_t>{rows});
  const int y_stride = biased ? outputs + 3 : (outputs + 7) / 8 * 8;  // without or with room for stores of 16 bytes
  const int y_bytes = y_type == TENON_F32 ? 4 : 2;
  Device<uint8_t> y(size_t(most) * y_stride * y_bytes);
  tenon_product p = {most, count.address(), packed.words, dx.address(), x_stride, biased ? dbias.address() : 0, y_type, y.address(), y_stride, 0, 0};
  p.workspace_bytes = plan ? tenon::product::partial_bytes(p, plan->parts) : tenon_product_workspace(&p);
  Device<uint8_t> workspace(p.workspace_bytes);
  if (p.workspace_bytes) p.workspace = workspace.address();
  CUDA(launch(p, plan));
  CUDA(cudaDeviceSynchronize());
  const std::vector<uint8_t> got = y.read();
  y.poison();
  workspace.poison();
  CUDA(launch(p, plan));
  CUDA(cudaDeviceSynchronize());
  const bool same = got == y.read();
  double error = 0, greatest = 0;
  bool untouched = true;
  std::vector<float> inputs_of(inputs);
  for (int row = 0; row < most; row++) {
    for (int i = 0; i < inputs; i++) inputs_of[i] = check::widen(x[size_t(row) * x_stride + i]);
    for (int o = 0; o < y_stride; o++) {
      const uint8_t* at = &got[(size_t(row) * y_stride + o) * y_bytes];
      if (row >= rows || o >= outputs) {
        for (int b = 0; b < y_bytes; b++) untouched &= at[b] == 0xff;
        continue;
      }
      double wanted = biased ? bias[o] : 0;
      for (int i = 0; i < inputs; i++) wanted += double(m.values[size_t(o) * inputs + i]) * inputs_of[i];
      float value;
      if (y_type == TENON_F32) {
        memcpy(&value, at, 4);
      } else {
        uint16_t bits;
        memcpy(&bits, at, 2);
        value = check::widen(bits);
      }
      const double off = fabs(value - wanted);
      if (!(off <= error)) error = off;
      greatest = fmax(greatest, fabs(wanted));
    }
  }
  char what[160], how[40] = "";
  if (plan) snprintf(how, sizeof how, "%s in %d: ", kForms[plan->size], plan->parts);
  snprintf(what, sizeof what, "%s%s %d of %d rows, %d x %d%s%s", how, type == TENON_E4M3 ? "e4m3" : "bf16", rows, most, outputs, inputs,
           y_type == TENON_F32 ? ", f32" : "", biased ? ", bias" : "");
  check::report(what, error / fmax(greatest, 1e-30), y_type == TENON_F32 ? 2e-6 * sqrt(inputs) : 4e-3);
  check::require("  nothing beyond its rows and outputs is written", untouched);
  check::require("  the same bits twice", same);
}

// A product whose sums are left to the norm that follows.
void add_norm(int type, int rows, int most, int hidden, int inputs, const Plan* plan = nullptr) {
  Matrix m(type, hidden, inputs);
  Packed packed(type, hidden, inputs);
  packed.put(m, 0, 16, 16);
  std::vector<uint16_t> x(size_t(most) * inputs, 0x7fff);
  for (int i = 0; i < rows * inputs; i++) x[i] = check::narrow(check::normal());
  Device<uint16_t> dx(x);
  std::vector<float> bias(hidden);
  for (float& b : bias) b = check::normal();
  Device<float> dbias(bias);
  check::NormBeside norm(rows, most, hidden);
  tenon_product p = {most, norm.counts.address(), packed.words, dx.address(), inputs, rows % 2 ? dbias.address() : 0, TENON_BF16, norm.output.address(), hidden, 0, 0, 0};
  p.workspace_bytes = plan ? tenon::product::partial_bytes(p, plan->parts) : tenon_product_workspace(&p);
  Device<uint8_t> workspace(p.workspace_bytes);
  if (p.workspace_bytes) p.workspace = workspace.address();
  CUDA(launch(p, plan));
  norm.apart();
  workspace.poison();
  p.unfinished = 1;
  CUDA(launch(p, plan));
  const tenon_product_add_norm both = {p, norm.together()};
  const auto finish = [&](const tenon_product_add_norm& with) {
    CUDA(plan ? tenon::product::launch_add_norm(with, plan->parts, nullptr) : tenon_product_add_norm_launch(&with, nullptr));
    CUDA(cudaDeviceSynchronize());
  };
  finish(both);
  char line[160];
  snprintf(line, sizeof line, "%s %d of %d rows, %d x %d%s: joins the residual stream", type == TENON_E4M3 ? "e4m3" : "bf16", rows, most, hidden, inputs,
           norm.left() ? ", in parts" : "");
  norm.compare(line);
  if (plan && rows > 0) check::require("  its parts are left to the norm", norm.left());
  CUDA(launch(p, plan));
  const tenon_product_add_norm summed = {p, norm.together_with_another_rank()};
  finish(summed);
  norm.compare_sum();
}

void add_norm_refusals() {
  tenon_product p = {16, 0, {TENON_BF16, 256, 256, 0, 0}, 0, 256, 0, TENON_BF16, 0, 256, 0, 0, 0};
  tenon_product_add_norm both = {p, {16, 0, 256, 0, 0, 0, 0, 1e-6, 0, 256}};
  check::require("a norm after a product that has finished is refused", tenon_product_add_norm_launch(&both, nullptr) != 0);
  both.product.unfinished = 1, both.norm.hidden = 128;
  check::require("a norm of another width is refused", tenon_product_add_norm_launch(&both, nullptr) != 0);
}

#if defined(TENON_TEST_WARPGROUP)
// A layer's first product would be a node more with parts, whose sums another kernel joins.
void first_products() {
  for (int outputs : {12288, 9216}) {
    bool one = true;
    for (int rows = 1; rows <= 512; rows++) {
      tenon_product p = {};
      p.max_rows = rows, p.weights = {TENON_E4M3, outputs, 2048, 0, 0};
      one &= tenon_product_workspace(&p) == 0;
    }
    char line[80];
    snprintf(line, sizeof line, "%d x 2048 has one part up to 512 rows", outputs);
    check::require(line, one);
  }
}
#endif

void alternate() {
  Matrix even(TENON_E4M3, 48, 256), odd(TENON_E4M3, 48, 256), joined(TENON_E4M3, 96, 256);
  Packed apart(TENON_E4M3, 96, 256), together(TENON_E4M3, 96, 256);
  apart.put(even, 0, 16, 32);
  apart.put(odd, 16, 16, 32);
  for (int row = 0; row < 96; row++) {
    const Matrix& from = row / 16 % 2 ? odd : even;
    memcpy(&joined.bytes[row * 256], &from.bytes[(row / 32 * 16 + row % 16) * 256], 256);
  }
  together.put(joined, 0, 16, 16);
  check::require("tiles of two matrices alternate", apart.data.read() == together.data.read());
}

// Blocks of zeros may have a scale of 0; others next to them must not suffer.
void zero_scales() {
  Matrix m(TENON_E4M3, 64, 512);
  Packed packed(TENON_E4M3, 64, 512);
  m.scales[1] = 0;
  packed.put(m, 0, 16, 16);
  const int rows = 20;
  std::vector<uint16_t> x(rows * 512);
  for (uint16_t& v : x) v = check::narrow(check::normal());
  Device<uint16_t> dx(x);
  Device<int32_t> count(std::vector<int32_t>{rows});
  Device<float> y(rows * 64);
  const tenon_product p = {rows, count.address(), packed.words, dx.address(), 512, 0, TENON_F32, y.address(), 64, 0, 0};
  CUDA(tenon_product_launch(&p, nullptr));
  CUDA(cudaDeviceSynchronize());
  const std::vector<float> got = y.read();
  double error = 0, greatest = 0;
  for (int row = 0; row < rows; row++) {
    for (int o = 0; o < 64; o++) {
      double wanted = 0;
      for (int i = 0; i < 512; i++) {
        if (i / 128 != 1) wanted += double(m.values[o * 512 + i]) * check::widen(x[row * 512 + i]);
      }
      const double off = fabs(got[row * 64 + o] - wanted);
      if (!(off <= error)) error = off;
      greatest = fmax(greatest, fabs(wanted));
    }
  }
  check::report("a stretch with scale 0", error / greatest, 2e-6 * sqrt(512));
}

#if !defined(TENON_EMULATED)
// Fills on the card: random values of a matrix this large would take the host minutes.
struct Bulk {
  Device<uint8_t> data;
  Device<float> scales;
  tenon_matrix words;
  Bulk(int type, int outputs, int inputs)
      : data(Packed::data_bytes(type, outputs, inputs)), scales((outputs + 15) / 16 * ((inputs + 127) / 128)) {
    tenon_fill fill = {data.address(), type, int64_t(data.size / (type == TENON_E4M3 ? 1 : 2)), 1, -0.05, 0.05};
    CUDA(tenon_fill_launch(&fill, nullptr));
    fill = {scales.address(), TENON_F32, int64_t(scales.size), 2, 1e-4, 3e-4};
    CUDA(tenon_fill_launch(&fill, nullptr));
    CUDA(cudaDeviceSynchronize());
    words = {type, outputs, inputs, data.address(), type == TENON_E4M3 ? scales.address() : 0};
  }
};

// All rows in turn over matrices that together do not fit into the cache.
class Timed {
 public:
  Timed(int type, int outputs, int inputs, int most)
      : type(type), outputs(outputs), inputs(inputs), bytes(double(Packed::data_bytes(type, outputs, inputs))), x(size_t(most) * inputs),
        y(size_t(most) * outputs), count(1), space(size_t(64) << 20) {
    const int copies = std::min(40, 2 + int(250e6 / bytes));
    for (int i = 0; i < copies; i++) all.push_back(new Bulk(type, outputs, inputs));
    tenon_fill fill = {x.address(), TENON_BF16, int64_t(x.size), 3, -1, 1};
    CUDA(tenon_fill_launch(&fill, nullptr));
  }
  ~Timed() {
    for (Bulk* b : all) delete b;
  }
  double micros(int rows, const Plan* plan) {
    const int32_t rows_word = rows;
    CUDA(cudaMemcpy(count.at, &rows_word, 4, cudaMemcpyHostToDevice));
    const int launches = rows > 512 ? 5 : 40;
    return check::chained_micros(launches, [&](int i, cudaStream_t stream) {
      tenon_product p = {rows, count.address(), all[i % all.size()]->words, x.address(), inputs, 0, TENON_BF16, y.address(), outputs,
                         space.address(), int64_t(space.size)};
      CUDA(launch(p, plan, stream));
    });
  }
  void row(int rows) {
    const double took = micros(rows, nullptr), flops = 2.0 * rows * outputs * inputs;
    const double floor = std::max(bytes / check::kReadBytesPerMicro, flops / 790e6);
    printf("time %s %6d x %d, %5d rows: %8.2f us, %.2f TB/s, %4.0f TFLOP/s, %3.0f %% of the limit\n", name(), outputs, inputs, rows, took,
           bytes / took / 1e6, flops / took / 1e6, 100 * floor / took);
  }
  // every plan whose tiles are neither mostly empty nor many times too small, for the choice between them
  void tune(int rows) {
    tenon_product p = {};
    p.max_rows = rows;
    p.weights = {type, outputs, inputs, 0, 0};
    const Plan chosen = tenon::product::plan(p, space.size);
    printf("tune %s %6d x %d, %5d rows:", name(), outputs, inputs, rows);
    for (int size = 0; size < kFormCount; size++) {
      const int tile_rows = tile_of(size).rows;
      for (int parts = 1; parts <= 8; parts *= 2) {
        if (tile_rows > 4 * rows || (tile_rows < 128 && tile_rows * 8 < rows)) continue;
        const Plan plan = {size, parts};
        if (tenon::product::partial_bytes(p, plan.parts) > int64_t(space.size) || 128 * 2 * parts > inputs) continue;
        const bool own = chosen.size == plan.size && chosen.parts == parts;
        printf(" %s/%d %.1f%s", kForms[size], parts, micros(rows, &plan), own ? "*" : "");
      }
    }
    printf("\n");
  }

 private:
  const char* name() const { return type == TENON_E4M3 ? "e4m3" : "bf16"; }
  int type, outputs, inputs;
  double bytes;
  Device<uint16_t> x, y;
  Device<int32_t> count;
  Device<uint8_t> space;
  std::vector<Bulk*> all;
};

// tune: every plan in place of the chosen one; only: index of the one shape to take, or -1.
void time(bool tune, int only) {
  const int shapes[][3] = {{TENON_E4M3, 12288, 2048}, {TENON_E4M3, 9216, 2048}, {TENON_E4M3, 2048, 4096}, {TENON_BF16, 64, 2048},
                           {TENON_BF16, 12288, 2048}};
  for (int i = 0; i < int(std::size(shapes)); i++) {
    if (only >= 0 && i != only) continue;
    const auto& shape = shapes[i];
    Timed timed(shape[0], shape[1], shape[2], 8192);
    for (int rows : {1, 4, 8, 16, 32, 64, 128, 256, 512, 1024, 2048, 8192}) {
      if (!tune) timed.row(rows);
      if (tune && rows > 8) timed.tune(rows);
    }
  }
  if (tune || only >= 0) return;
  Timed head(TENON_BF16, 151936, 2048, 256);
  for (int rows : {1, 8, 32, 256}) head.row(rows);
}
#endif

}  // namespace

int main([[maybe_unused]] int arguments, [[maybe_unused]] char** argument) {
#if !defined(TENON_EMULATED)
  const char* how = arguments > 1 ? argument[1] : "";
  if (!strcmp(how, "time") || !strcmp(how, "tune")) {
    time(!strcmp(how, "tune"), arguments > 2 ? atoi(argument[2]) : -1);
    return 0;
  }
#endif
  for (int type : {TENON_BF16, TENON_E4M3}) {
    for (int rows : {0, 1, 3, 8, 9, 16, 17, 31, 33, 100}) {
      const int outputs = 1 + check::random()() % 300, inputs = 8 * (1 + check::random()() % 80);
      compare(type, rows, rows + check::random()() % 5 + 1, outputs, inputs, rows % 2 ? TENON_F32 : TENON_BF16, rows % 3 == 0);
    }
    compare(type, 5, 8, 2048, 4096, TENON_F32, false);
    compare(type, 1, 1, 4300, 256, TENON_BF16, false);  // 8 warps per block
    compare(type, 0, 70, 200, 256, TENON_F32, false);
    compare(type, 131, 140, 64, 512, TENON_F32, false);  // few outputs
    compare(type, 9, 512, 115, 1160, TENON_BF16, true);
    compare(type, 20, 513, 40, 264, TENON_F32, false);
    for (int size = 0; size < kFormCount; size++) {
      for (int parts : {1, 2, 4}) {
        const Plan plan = {size, parts};
        const int outputs = 1 + check::random()() % 600, inputs = 8 * (1 + check::random()() % 150), rows = 1 + check::random()() % 140;
        compare(type, rows, rows + check::random()() % 200, outputs, inputs, parts == 2 ? TENON_F32 : TENON_BF16, parts == 1, &plan);
#if !defined(TENON_EMULATED) && !defined(TENON_BRIEF)
        compare(type, 700, 1000, 1100, 2048, TENON_F32, false, &plan);
        if (parts == 1) compare(type, 2900, 3000, 2000, 136, TENON_BF16, true, &plan);  // more tiles than multiprocessors
#endif
      }
    }
  }
#if !defined(TENON_EMULATED) && !defined(TENON_BRIEF)
  compare(TENON_E4M3, 2048, 2048, 1280, 2048, TENON_F32, false);
  compare(TENON_BF16, 1000, 2500, 300, 512, TENON_BF16, true);
#endif
  for (int type : {TENON_BF16, TENON_E4M3}) {
    for (auto [rows, most] : std::vector<std::pair<int, int>>{{0, 4}, {3, 5}, {16, 16}, {0, 40}, {33, 40}, {70, 130}}) add_norm(type, rows, most, 512, 1024);
  }
  add_norm(TENON_E4M3, 9, 20, 2064, 520);
  for (int parts : {2, 4}) {
    const Plan plan = {tenon::product::SMALL, parts, 0};
    for (auto [rows, most] : std::vector<std::pair<int, int>>{{0, 10}, {9, 16}, {33, 40}}) add_norm(rows % 2 ? TENON_E4M3 : TENON_BF16, rows, most, 512, 1024, &plan);
    add_norm(TENON_BF16, 10, 12, 2064, 1024, &plan);
  }
  add_norm_refusals();
  zero_scales();
  alternate();
#if defined(TENON_TEST_WARPGROUP)
  first_products();
#endif
  printf("%d failures\n", check::failures);
  return check::failures != 0;
}
