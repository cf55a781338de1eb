// Packs matrices and multiplies; compares with sums in double precision on the host.
// sources: smxx/product/*.cu
#include "check.h"
#include "../../main/native/abi/kernel_table.h"

int tenon_pack_matrix_launch(const void*, void*);
int tenon_product_launch(const void*, void*);

namespace {

using check::Device;

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

void compare(int type, int rows, int most, int outputs, int inputs, int y_type, bool biased) {
  Matrix m(type, outputs, inputs);
  Packed packed(type, outputs, inputs);
  packed.put(m, 0, 16, 16);
  const int x_stride = inputs + 8;
  std::vector<uint16_t> x(size_t(most) * x_stride);
  for (uint16_t& v : x) v = check::narrow(check::normal());
  std::vector<float> bias(outputs);
  for (float& b : bias) b = check::normal();
  Device<uint16_t> dx(x);
  Device<float> dbias(bias);
  Device<int32_t> count(std::vector<int32_t>{rows});
  const int y_stride = outputs + 3;
  const int y_bytes = y_type == TENON_F32 ? 4 : 2;
  Device<uint8_t> y(size_t(most) * y_stride * y_bytes);
  tenon_product p = {most, count.address(), packed.words, dx.address(), x_stride, biased ? dbias.address() : 0, y_type, y.address(), y_stride, 0, 0};
  CUDA(tenon_product_launch(&p, nullptr));
  CUDA(cudaDeviceSynchronize());
  const std::vector<uint8_t> got = y.read();
  y.poison();
  CUDA(tenon_product_launch(&p, nullptr));
  CUDA(cudaDeviceSynchronize());
  const bool same = got == y.read();
  double error = 0, greatest = 0;
  bool untouched = true;
  for (int row = 0; row < most; row++) {
    for (int o = 0; o < y_stride; o++) {
      const uint8_t* at = &got[(size_t(row) * y_stride + o) * y_bytes];
      if (row >= rows || o >= outputs) {
        for (int b = 0; b < y_bytes; b++) untouched &= at[b] == 0xff;
        continue;
      }
      double wanted = biased ? bias[o] : 0;
      for (int i = 0; i < inputs; i++) wanted += double(m.values[size_t(o) * inputs + i]) * check::widen(x[size_t(row) * x_stride + i]);
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
  char what[160];
  snprintf(what, sizeof what, "%s %d of %d rows, %d x %d%s%s", type == TENON_E4M3 ? "e4m3" : "bf16", rows, most, outputs, inputs,
           y_type == TENON_F32 ? ", f32" : "", biased ? ", bias" : "");
  check::report(what, error / fmax(greatest, 1e-30), y_type == TENON_F32 ? 2e-6 * sqrt(inputs) : 4e-3);
  check::require("  nothing beyond its rows and outputs is written", untouched);
  check::require("  the same bits twice", same);
}

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

void time(int type, int rows, int outputs, int inputs) {
  const int copies = 1 + int(200e6 / Packed::data_bytes(type, outputs, inputs));
  Matrix m(type, outputs, inputs);
  std::vector<Packed*> all;
  for (int i = 0; i < copies; i++) {
    all.push_back(new Packed(type, outputs, inputs));
    all.back()->put(m, 0, 16, 16);
  }
  std::vector<uint16_t> x(size_t(rows) * inputs);
  for (uint16_t& v : x) v = check::narrow(check::normal());
  Device<uint16_t> dx(x);
  Device<int32_t> count(std::vector<int32_t>{rows});
  Device<uint16_t> y(size_t(rows) * outputs);
  // a chain of ten, so that what a launch costs the host is hidden
  const double micros = check::median_micros([&](int turn) {
    for (int i = 0; i < 10; i++) {
      tenon_product p = {rows, count.address(), all[(10 * turn + i) % copies]->words, dx.address(), inputs, 0, TENON_BF16, y.address(), outputs, 0, 0};
      CUDA(tenon_product_launch(&p, nullptr));
    }
  }) / 10;
  const double bytes = double(Packed::data_bytes(type, outputs, inputs));
  printf("time   %s %4d rows %6d x %d: %8.1f us, %.2f TB/s of weights (limit 4.54), %.0f TFLOP/s\n", type == TENON_E4M3 ? "e4m3" : "bf16", rows,
         outputs, inputs, micros, bytes / micros / 1e6, 2.0 * rows * outputs * inputs / micros / 1e6);
  for (Packed* p : all) delete p;
}

}  // namespace

int main(int arguments, char** argument) {
  for (int type : {TENON_BF16, TENON_E4M3}) {
    for (int rows : {0, 1, 3, 8, 9, 16, 17, 31, 33, 100}) {
      const int outputs = 1 + check::random()() % 300, inputs = 8 * (1 + check::random()() % 80);
      compare(type, rows, rows + check::random()() % 5 + 1, outputs, inputs, rows % 2 ? TENON_F32 : TENON_BF16, rows % 3 == 0);
    }
    compare(type, 5, 8, 2048, 4096, TENON_F32, false);
  }
  alternate();
  if (arguments > 1 && !strcmp(argument[1], "time")) {
    for (int type : {TENON_E4M3, TENON_BF16}) {
      for (int rows : {1, 8, 16, 32, 256}) {
        time(type, rows, 12288, 2048);
        time(type, rows, 2048, 4096);
      }
    }
    time(TENON_BF16, 1, 151936, 2048);
  }
  printf("%d failures\n", check::failures);
  return check::failures != 0;
}
