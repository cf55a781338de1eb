// A norm that finishes the sums of the operation before it, beside that operation and a norm one after the other.
#ifndef TENON_TEST_NORM_CHECK_H
#define TENON_TEST_NORM_CHECK_H

#include "check.h"
#include "../../main/native/abi/kernel_table.h"

int tenon_add_norm_launch(const void*, void*);

namespace check {

class NormBeside {
 public:
  NormBeside(int rows, int most, int hidden)
      : rows(rows), most(most), hidden(hidden), output(size_t(most) * hidden), counts(std::vector<int32_t>{rows, 0, 0}),
        before(normals(size_t(most) * hidden, 0, 1)), scale(normals(hidden, 1, 0.3f)), residual(before), apart_residual(before),
        normed(before.size()), apart_normed(before.size()) {}

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

  const std::vector<float> before;
  Device<float> scale, residual, apart_residual;
  Device<uint16_t> normed, apart_normed;
  std::vector<uint16_t> finished;
};

}  // namespace check
#endif
