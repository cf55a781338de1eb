// Rows in E4M3, one term against the scalar definition (check::Quantised), bit by bit, two against what they stand for; on the card:
//   backend-cuda-core/src/test/native/run --card backend-cuda-hopper/src/test/native/quantise_hopper_test.cu
// sources:
#include "../../../../backend-cuda-core/src/test/native/check.h"
#include "device/quantise.cuh"

namespace {

// A warp for each row.
template <int kTerms>
__global__ void quantise_rows(const __nv_bfloat16* x, int64_t stride, int inputs, const int32_t* count, unsigned char* to, float* scales) {
  const int64_t row = blockIdx.x, stretches = (inputs + tenon::kStretch - 1) / tenon::kStretch;
  if (row >= *count) return;
  tenon::quantise_row<kTerms>(x + row * stride, inputs, to + row * stretches * kTerms * tenon::kStretch, scales + row * stretches);
}

using check::Device;

// Where the byte of an input lies in its row: the words of every 32 bytes change places.
int place(int input) {
  const int word = input % 32 / 4;
  return input / 32 * 32 + (word % 2 * 4 + word / 2) * 4 + input % 4;
}

// What a stretch of two terms of `inputs` values is: close to them, exact where it is to be.
bool stands_for(const float* values, int inputs, const uint8_t* got, float scale) {
  float greatest = 1e-10f;
  for (int i = 0; i < inputs; i++) greatest = std::max(greatest, fabsf(values[i]));
  int exponent;
  bool sound = frexpf(scale, &exponent) == 0.5f && greatest / scale <= 448 && greatest / scale > 223.9f;
  for (int i = 0; i < inputs; i++) {
    const double sum = double(check::e4m3(got[place(i)])) + check::e4m3(got[128 + place(i)]);
    const double error = fabs(values[i] / double(scale) - sum);
    sound &= error <= (fabsf(values[i]) >= scale / 4 ? 0 : 0x1p-10);
  }
  return sound;
}

template <int kTerms>
void compare(const char* what, int rows, int most, int inputs, const std::vector<float>& values) {
  const int stride = inputs + 8, stretches = (inputs + 127) / 128, row_bytes = stretches * kTerms * 128;
  std::vector<uint16_t> x(size_t(most) * stride, 0x7fc0);  // not numbers
  for (int row = 0; row < rows; row++) {
    for (int i = 0; i < inputs; i++) x[size_t(row) * stride + i] = check::narrow(values[size_t(row) * inputs + i]);
  }
  Device<uint16_t> dx(x);
  Device<int32_t> count(std::vector<int32_t>{rows});
  Device<uint8_t> to(size_t(most) * row_bytes);
  Device<float> scales(size_t(most) * stretches);
  if (most > 0) {
    CUDA(tenon::enqueue(quantise_rows<kTerms>, most, 32, 0, nullptr, tenon::Start::AFTER, reinterpret_cast<const __nv_bfloat16*>(dx.address()), stride,
                        inputs, reinterpret_cast<const int32_t*>(count.address()), reinterpret_cast<unsigned char*>(to.address()),
                        reinterpret_cast<float*>(scales.address())));
  }
  CUDA(cudaDeviceSynchronize());
  const std::vector<uint8_t> codes = to.read();
  const std::vector<float> factors = scales.read();
  bool same = true, padded = true, kept = true;
  for (int row = 0; row < most; row++) {
    const uint8_t* got = &codes[size_t(row) * row_bytes];
    const float* factor = &factors[size_t(row) * stretches];
    if (row >= rows) {
      for (int i = 0; i < row_bytes; i++) kept &= got[i] == 0xff;
      for (int s = 0; s < stretches; s++) kept &= std::isnan(factor[s]);
      continue;
    }
    std::vector<float> input(inputs);
    for (int i = 0; i < inputs; i++) input[i] = check::widen(x[size_t(row) * stride + i]);
    const check::Quantised wanted(input.data(), inputs);
    for (int s = 0; s < stretches; s++) {
      const uint8_t* stretch = got + s * kTerms * 128;
      const int first = s * 128, here = std::min(128, inputs - first);
      if (kTerms == 1) {
        same &= factor[s] == wanted.scales[s];
        for (int i = 0; i < here; i++) same &= stretch[place(i)] == wanted.codes[first + i];
      } else {
        same &= stands_for(&input[first], here, stretch, factor[s]);
      }
      for (int i = here; i < 128; i++) {
        for (int term = 0; term < kTerms; term++) padded &= stretch[term * 128 + place(i)] == 0;
      }
    }
  }
  char line[120];
  snprintf(line, sizeof line, "%s, %d of %d rows, %d inputs, %d terms", what, rows, most, inputs, kTerms);
  check::require(line, same);
  check::require("  zeros beyond the inputs", padded);
  check::require("  rows beyond the count are left alone", kept);
}

void compare(const char* what, int rows, int most, int inputs, const std::vector<float>& values) {
  compare<1>(what, rows, most, inputs, values);
  compare<2>(what, rows, most, inputs, values);
}

}  // namespace

int main() {
  const float greatest = check::widen(0x7f7f), least = check::widen(0x0001);
  for (int inputs : {8, 120, 128, 136, 256, 264, 1000, 2048, 4096}) {
    const int rows = 1 + check::random()() % 20;
    std::vector<float> values(size_t(rows) * inputs);
    for (float& value : values) value = check::normal() * expf(3 * check::normal());
    compare("normal values", rows, rows + check::random()() % 9, inputs, values);
    for (float& value : values) value = 0;
    compare("zeros", rows, rows, inputs, values);
    for (float& value : values) value = check::random()() % 2 ? greatest : greatest * (check::normal() / 8);
    compare("greatest values", rows, rows, inputs, values);
    for (float& value : values) value = least * (check::random()() % 100);
    compare("next to nothing", rows, rows, inputs, values);
    for (float& value : values) value = 1e-10f * check::normal();
    compare("near the least magnitude", rows, rows, inputs, values);
    for (float& value : values) value = check::random()() % 50 ? 1e-3f * check::normal() : 0;
    values[0] = 448;  // others become subnormal
    compare("one great value", rows, rows, inputs, values);
  }
  compare("no rows", 0, 7, 256, {});
  compare("no rows at all", 0, 0, 256, {});
  printf("%d failures\n", check::failures);
  return check::failures != 0;
}
