// A norm that finishes the sums of the operation before it, beside that operation and a norm one after the other.
#ifndef TENON_TEST_NORM_CHECK_H
#define TENON_TEST_NORM_CHECK_H

#include <memory>

#include "check.h"
#include "../../main/native/abi/kernel_table.h"

int tenon_add_norm_launch(const void*, void*);

namespace check {

class NormBeside {
 public:
  NormBeside(int rows, int most, int hidden)
      : rows(rows), most(most), hidden(hidden), output(size_t(most) * hidden), counts(std::vector<int32_t>{rows, 0, 0}),
        before(normals(size_t(most) * hidden, 0, 1)), scales(normals(hidden, 1, 0.3f)), scale(scales), residual(before), apart_residual(before),
        normed(before.size()), apart_normed(before.size()), sum_residual(before), sum_normed(before.size()) {}

  const int rows, most, hidden;
  Device<uint16_t> output;  // of the operation before
  Device<int32_t> counts;

  // After the operation, finished: adds and normalises its output.
  void apart() {
    const tenon_add_norm p = words(apart_residual, apart_normed);
    CUDA(tenon_add_norm_launch(&p, nullptr));
    CUDA(cudaDeviceSynchronize());
    finished = output.read();
    output.poison();
  }
  // What is to be launched after the operation, unfinished.
  tenon_add_norm together() const { return words(residual, normed); }
  // The same as one of two ranks, of which the other has given the same part already.
  tenon_add_norm together_with_another_rank() {
    const int64_t bytes = int64_t(most) * hidden * 2;
    std::vector<uint8_t> memory(TENON_PEER_HEAD_BYTES + 8 * bytes);
    region_of_the_other = std::make_unique<Device<uint8_t>>(memory);
    for (int64_t i = 0; i < int64_t(rows) * hidden / 2; i++) {
      const uint64_t word = uint64_t(1) << 32 | uint32_t(finished[2 * i + 1]) << 16 | finished[2 * i];
      memcpy(&memory[TENON_PEER_HEAD_BYTES + 6 * bytes + i * 8], &word, 8);  // of rank 1 in the half of odd numbers
    }
    region = std::make_unique<Device<uint8_t>>(memory);
    tenon_add_norm p = words(sum_residual, sum_normed);
    p.peers = {2, 0, bytes, 0, {region->address(), region_of_the_other->address()}};
    return p;
  }
  void compare_sum() const {
    const std::vector<float> got = sum_residual.read();
    const std::vector<uint16_t> norm = sum_normed.read();
    const std::vector<uint8_t> mine = region->read(), others = region_of_the_other->read();
    const int64_t bytes = int64_t(most) * hidden * 2, count = int64_t(rows) * hidden;
    bool sums = true, gives = true, kept = true;
    for (size_t i = 0; i < before.size(); i++) {
      const double part = widen(finished[i]);
      uint32_t word[2];
      memcpy(word, &others[TENON_PEER_HEAD_BYTES + 4 * bytes + i / 2 * 8], 8);  // of rank 0
      if (int64_t(i) >= count) {
        kept &= got[i] == before[i] && norm[i] == 0xffff && word[1] == 0;
        continue;
      }
      sums &= fabs(got[i] - before[i] - 2 * part) <= fabs(part) / 128 + 1e-5;
      gives &= word[1] == 1 && fabs(widen(word[0] >> i % 2 * 16) - part) <= fabs(part) / 128;
    }
    for (int row = 0; row < rows; row++) {
      double square = 0;
      for (int64_t i = int64_t(row) * hidden; i < int64_t(row + 1) * hidden; i++) square += double(got[i]) * got[i];
      for (int i = 0; i < hidden; i++) {
        const double wanted = got[int64_t(row) * hidden + i] / sqrt(square / hidden + 1e-6) * scales[i];
        sums &= fabs(widen(norm[int64_t(row) * hidden + i]) - wanted) <= fabs(wanted) / 128 + 1e-6;
      }
    }
    uint64_t counter;
    memcpy(&counter, &mine[TENON_PEER_LEAVE + 8], 8);
    require("  with another rank's part too", sums);
    require("  which gets this one's, with the sum's number", gives && kept && counter == (rows > 0 ? 1 << 16 : 0));
  }
  // Whether the unfinished operation left its output to the norm.
  bool left() const { return rows > 0 && output.read()[0] == 0xffff; }

  void compare(const char* what) const {
    const std::vector<float> got = residual.read(), wanted = apart_residual.read();
    const std::vector<uint16_t> norm = normed.read(), apart_norm = apart_normed.read();
    double worst = 0;
    bool kept = true;
    for (size_t i = 0; i < before.size(); i++) {
      if (i >= size_t(rows) * hidden) {
        kept &= got[i] == before[i] && norm[i] == 0xffff;
        continue;
      }
      // the finished output was rounded to bf16 on its way
      const double bound = fabs(widen(finished[i])) / 256 + 1e-5, far = fabs(got[i] - wanted[i]);
      const double value = widen(norm[i]), other = widen(apart_norm[i]);
      worst = std::max({worst, far / bound, fabs(value - other) / (fabs(other) / 64 + 2 * bound)});
      if (!std::isfinite(got[i]) || !std::isfinite(value)) worst = NAN;
    }
    report(what, worst, 1);
    require("  nothing beyond its rows is written", kept);
  }

 private:
  static std::vector<float> normals(size_t count, float mean, float spread) {
    std::vector<float> values(count);
    for (float& value : values) value = mean + spread * normal();
    return values;
  }
  tenon_add_norm words(const Device<float>& sum, const Device<uint16_t>& to) const {
    return {most, counts.address(), hidden, 0, sum.address(), output.address(), scale.address(), 1e-6, to.address(), hidden};
  }

  const std::vector<float> before, scales;
  Device<float> scale, residual, apart_residual;
  Device<uint16_t> normed, apart_normed;
  Device<float> sum_residual;
  Device<uint16_t> sum_normed;
  std::unique_ptr<Device<uint8_t>> region, region_of_the_other;
  std::vector<uint16_t> finished;
};

}  // namespace check
#endif
