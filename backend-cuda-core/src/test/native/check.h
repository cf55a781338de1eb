// What the operations' test programs share: random data with a printed seed, device buffers, bf16 and e4m3 on the host.
#ifndef TENON_TEST_CHECK_H
#define TENON_TEST_CHECK_H

#include <cuda_runtime.h>
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <algorithm>
#include <atomic>
#include <cmath>
#include <random>
#include <thread>
#include <vector>

#define CUDA(call)                                                                        \
  do {                                                                                    \
    cudaError_t status_ = static_cast<cudaError_t>(call);                                 \
    if (status_ != cudaSuccess) {                                                         \
      printf("FAILED %s:%d: %s\n", __FILE__, __LINE__, cudaGetErrorString(status_));      \
      exit(2);                                                                            \
    }                                                                                     \
  } while (0)

namespace check {

// Small sizes: where kernels run thread by thread, or under compute-sanitizer (run --brief).
#if defined(TENON_EMULATED) || defined(TENON_BRIEF)
constexpr bool kBrief = true;
#else
constexpr bool kBrief = false;
#endif

inline int failures = 0;

inline std::mt19937_64& random() {
  static std::mt19937_64 engine = [] {
    const char* given = getenv("TEST_SEED");
    const uint64_t seed = given ? strtoull(given, nullptr, 10) : std::random_device{}();
    printf("seed %llu (TEST_SEED=… repeats)\n", static_cast<unsigned long long>(seed));
    return std::mt19937_64(seed);
  }();
  return engine;
}

inline float normal() { return std::normal_distribution<float>()(random()); }

// Runs what the host defines, parts 0 … count - 1, on all its processors.
template <typename Part>
void parallel(int count, const Part& part) {
  std::atomic<int> next{0};
  const auto work = [&] {
    for (int i = next++; i < count; i = next++) part(i);
  };
  std::vector<std::thread> others;
  for (unsigned i = 1; i < std::thread::hardware_concurrency(); i++) others.emplace_back(work);
  work();
  for (std::thread& other : others) other.join();
}

inline float widen(uint16_t bits) {
  const uint32_t wide = uint32_t(bits) << 16;
  float value;
  memcpy(&value, &wide, 4);
  return value;
}

inline uint16_t narrow(float value) {
  uint32_t bits;
  memcpy(&bits, &value, 4);
  return (bits + 0x7fff + (bits >> 16 & 1)) >> 16;
}

inline float e4m3(uint8_t bits) {
  const int exponent = bits >> 3 & 15, mantissa = bits & 7;
  const float magnitude = exponent ? ldexpf(8 + mantissa, exponent - 10) : ldexpf(mantissa, -9);
  return bits & 0x80 ? -magnitude : magnitude;
}

// The nearest e4m3, ties to even, at most ±448.
inline uint8_t narrow_e4m3(float value) {
  const uint8_t sign = std::signbit(value) ? 0x80 : 0;
  const float magnitude = std::min(fabsf(value), 448.0f);
  if (magnitude == 0) return sign;
  int exponent = 0;
  frexpf(magnitude, &exponent);
  exponent = std::max(exponent - 1, -6);
  const int steps = static_cast<int>(rintf(ldexpf(magnitude, 3 - exponent)));  // 8 … 16, less where subnormal
  return sign | (steps + (exponent + 6) * 8);
}

// A row as it is when every 128 inputs have been quantised: codes, and a scale for each 128.
struct Quantised {
  std::vector<uint8_t> codes;
  std::vector<float> scales;
  Quantised(const float* row, int inputs) : codes(inputs), scales((inputs + 127) / 128) {
    for (size_t s = 0; s < scales.size(); s++) {
      const int end = std::min(inputs, static_cast<int>(s + 1) * 128);
      float greatest = 1e-10f;
      for (int i = s * 128; i < end; i++) greatest = std::max(greatest, fabsf(row[i]));
      scales[s] = greatest / 448;
      const float inverse = 448 / greatest;
      for (int i = s * 128; i < end; i++) codes[i] = narrow_e4m3(row[i] * inverse);
    }
  }
  std::vector<float> values() const {
    std::vector<float> result(codes.size());
    for (size_t i = 0; i < codes.size(); i++) result[i] = e4m3(codes[i]) * scales[i / 128];
    return result;
  }
};

template <typename T>
struct Device {
  T* at;
  size_t size;
  explicit Device(size_t count) : size(count) {
    CUDA(cudaMalloc(&at, count * sizeof(T) + 256));
    poison();
  }
  explicit Device(const std::vector<T>& values) : Device(values.size()) {
    CUDA(cudaMemcpy(at, values.data(), size * sizeof(T), cudaMemcpyHostToDevice));
  }
  Device(const Device&) = delete;
  ~Device() { cudaFree(at); }
  void poison() { CUDA(cudaMemset(at, 0xff, size * sizeof(T))); }
  std::vector<T> read() const {
    std::vector<T> values(size);
    CUDA(cudaMemcpy(values.data(), at, size * sizeof(T), cudaMemcpyDeviceToHost));
    return values;
  }
  int64_t address() const { return reinterpret_cast<int64_t>(at); }
};

// Prints a line; the error is relative to the greatest wanted value.
inline void report(const char* what, double error, double bound) {
  const bool good = error <= bound;  // NaN fails
  failures += !good;
  printf("%s %s: error %.2e, bound %.2e\n", good ? "ok    " : "FAILED", what, error, bound);
}

inline void require(const char* what, bool good) {
  failures += !good;
  printf("%s %s\n", good ? "ok    " : "FAILED", what);
}

// Median time of a launch in microseconds; `run` is given the number of the turn.
template <typename Run>
double median_micros(Run run, int repeats = 50) {
  cudaEvent_t from, to;
  CUDA(cudaEventCreate(&from));
  CUDA(cudaEventCreate(&to));
  std::vector<float> times;
  for (int i = -5; i < repeats; i++) {
    CUDA(cudaEventRecord(from));
    run(i + 5);
    CUDA(cudaEventRecord(to));
    CUDA(cudaEventSynchronize(to));
    float elapsed;
    CUDA(cudaEventElapsedTime(&elapsed, from, to));
    if (i >= 0) times.push_back(elapsed * 1000);
  }
  std::nth_element(times.begin(), times.begin() + times.size() / 2, times.end());
  return times[times.size() / 2];
}

}  // namespace check
#endif
