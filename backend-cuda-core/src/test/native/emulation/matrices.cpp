// Products of a warp and the loads of their operands; lane maps as in device/mma.cuh.
#include "cuda_emulation.h"

#include <algorithm>
#include <cmath>

namespace tenon {
namespace {

typedef float Row __attribute__((vector_size(32)));  // eight columns

struct Operands {
  float* sum;
  const uint32_t* a;
  uint32_t b[2];
};

struct Load {
  uint32_t* to;
  const void* row;
};

float from_bf16(uint16_t bits) { return __uint_as_float(uint32_t(bits) << 16); }

float from_f16(uint16_t bits) {
  const uint32_t magnitude = bits & 0x7fff, sign = uint32_t(bits & 0x8000) << 16;
  if (magnitude >= 0x7c00) return __uint_as_float(sign | 0x7f800000u | magnitude << 13);
  // shifted into place, the exponent's bias differs by 112
  return __uint_as_float(sign | __float_as_uint(__uint_as_float(magnitude << 13) * 0x1p112f));
}

template <int kDepth>
void accumulate(void* const (&records)[32], const float (&a)[16][kDepth], const float (&b)[kDepth][8]) {
  Row rows[16];
  for (int lane = 0; lane < 32; lane++) {
    const float* sum = static_cast<Operands*>(records[lane])->sum;
    const int g = lane / 4, t = lane % 4;
    rows[g][2 * t] = sum[0], rows[g][2 * t + 1] = sum[1];
    rows[g + 8][2 * t] = sum[2], rows[g + 8][2 * t + 1] = sum[3];
  }
  Row factors[kDepth];
  memcpy(factors, b, sizeof factors);
  for (int row = 0; row < 16; row++) {
    Row total = rows[row];
    for (int k = 0; k < kDepth; k++) total += a[row][k] * factors[k];
    rows[row] = total;
  }
  for (int lane = 0; lane < 32; lane++) {
    float* sum = static_cast<Operands*>(records[lane])->sum;
    const int g = lane / 4, t = lane % 4;
    sum[0] = rows[g][2 * t], sum[1] = rows[g][2 * t + 1];
    sum[2] = rows[g + 8][2 * t], sum[3] = rows[g + 8][2 * t + 1];
  }
}

template <float (*widen)(uint16_t)>
void multiply_16(void* const (&records)[32], uint32_t) {
  alignas(32) float a[16][16], b[16][8];
  for (int lane = 0; lane < 32; lane++) {
    const Operands& from = *static_cast<Operands*>(records[lane]);
    const int g = lane / 4, t = lane % 4;
    for (int word = 0; word < 4; word++) {
      const int row = g + word % 2 * 8, column = 2 * t + word / 2 * 8;
      a[row][column] = widen(from.a[word]);
      a[row][column + 1] = widen(from.a[word] >> 16);
    }
    for (int word = 0; word < 2; word++) {
      b[2 * t + 8 * word][g] = widen(from.b[word]);
      b[2 * t + 8 * word + 1][g] = widen(from.b[word] >> 16);
    }
  }
  accumulate(records, a, b);
}

// A row or a column of 32 codes of E4M3: a value is below 2 · 2^exponent.
struct Factors {
  float value[32];
  int exponent[32];

  void put(int k, uint8_t code) {
    constexpr int kNone = -1000;  // of nothing
    const int exponent_bits = code >> 3 & 15, mantissa = exponent_bits ? 8 + code % 8 : code % 8;
    exponent[k] = mantissa ? std::max(exponent_bits, 1) - 7 : kNone;
    value[k] = (code & 128 ? -mantissa : mantissa) * power_of_two(std::max(exponent_bits, 1) - 10);
  }
  static float power_of_two(int exponent) { return __uint_as_float(uint32_t(exponent + 127) << 23); }
};

// sum + 32 products as the engine of sm_90 has it: bits below 2^-13 of the greatest power of two that exponents of two factors
// make, or the sum's own, are cut off from each of them, toward zero, and then from the result. Found by holding errors of
// moe_hopper_test on an H200, to three digits, against those of other guesses (all 102 lines agree).
float summed(float sum, const Factors& a, const Factors& b) {
  constexpr int kKeptBits = 13;
  int most = sum == 0 ? -500 : std::ilogb(sum);
  for (int k = 0; k < 32; k++) most = std::max(most, a.exponent[k] + b.exponent[k]);
  if (most == -500) return sum;
  const float unit = Factors::power_of_two(kKeptBits - most);
  int total = sum * unit;
  for (int k = 0; k < 32; k++) total += static_cast<int>(a.value[k] * b.value[k] * unit);  // conversions cut off
  const int beyond = std::max(0, 32 - __builtin_clz(std::abs(total) | 1) - (kKeptBits + 1));
  return static_cast<float>(total / (1 << beyond) * (1 << beyond)) / unit;
}

void multiply_32_e4m3(void* const (&records)[32], uint32_t) {
  Factors a[16], b[8];
  for (int lane = 0; lane < 32; lane++) {
    const Operands& from = *static_cast<Operands*>(records[lane]);
    const int g = lane / 4, t = lane % 4;
    for (int i = 0; i < 4; i++) {
      for (int word = 0; word < 4; word++) a[g + word % 2 * 8].put(4 * t + i + word / 2 * 16, from.a[word] >> 8 * i);
      for (int word = 0; word < 2; word++) b[g].put(4 * t + i + word * 16, from.b[word] >> 8 * i);
    }
  }
  for (int lane = 0; lane < 32; lane++) {
    float* sum = static_cast<Operands*>(records[lane])->sum;
    for (int i = 0; i < 4; i++) sum[i] = summed(sum[i], a[lane / 4 + i / 2 * 8], b[lane % 4 * 2 + i % 2]);
  }
}

void load(void* const (&records)[32], uint32_t) {
  for (int matrix = 0; matrix < 4; matrix++) {
    for (int lane = 0; lane < 32; lane++) {
      const char* row = static_cast<const char*>(static_cast<Load*>(records[matrix * 8 + lane / 4])->row);
      memcpy(&static_cast<Load*>(records[lane])->to[matrix], row + lane % 4 * 4, 4);
    }
  }
}

void load_transposed(void* const (&records)[32], uint32_t) {
  for (int matrix = 0; matrix < 4; matrix++) {
    for (int lane = 0; lane < 32; lane++) {
      uint16_t element[2];
      for (int i = 0; i < 2; i++) {
        const char* row = static_cast<const char*>(static_cast<Load*>(records[matrix * 8 + lane % 4 * 2 + i])->row);
        memcpy(&element[i], row + lane / 4 * 2, 2);
      }
      memcpy(&static_cast<Load*>(records[lane])->to[matrix], element, 4);
    }
  }
}

void multiply(const char* operation, emulation::Finish finish, float (&sum)[4], const uint32_t (&a)[4], uint32_t b0, uint32_t b1) {
  Operands record = {sum, a, {b0, b1}};
  emulation::meet_warp(operation, finish, &record);
}

}  // namespace

void mma_bf16(float (&sum)[4], const uint32_t (&a)[4], uint32_t b0, uint32_t b1) {
  multiply("mma_bf16", multiply_16<from_bf16>, sum, a, b0, b1);
}

void mma_f16(float (&sum)[4], const uint32_t (&a)[4], uint32_t b0, uint32_t b1) {
  multiply("mma_f16", multiply_16<from_f16>, sum, a, b0, b1);
}

void mma_e4m3(float (&sum)[4], const uint32_t (&a)[4], uint32_t b0, uint32_t b1) {
  multiply("mma_e4m3", multiply_32_e4m3, sum, a, b0, b1);
}

void load_matrices(uint32_t (&to)[4], const void* row) {
  check_aligned(row, 16, "load_matrices");
  emulation::reads(row, 16);
  Load record = {to, row};
  emulation::meet_warp("load_matrices", load, &record);
}

void load_matrices_transposed(uint32_t (&to)[4], const void* row) {
  check_aligned(row, 16, "load_matrices_transposed");
  emulation::reads(row, 16);
  Load record = {to, row};
  emulation::meet_warp("load_matrices_transposed", load_transposed, &record);
}

}  // namespace tenon
