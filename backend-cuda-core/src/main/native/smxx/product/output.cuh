// Where the sums of many rows go, and the scales that they are kept in units of.
#ifndef TENON_PRODUCT_OUTPUT_CUH
#define TENON_PRODUCT_OUTPUT_CUH

#include "../../abi/kernel_table.h"
#include "../../device/platform.cuh"

namespace tenon::product {

// Where sums go: y, or a part's place in the work space.
struct Target {
  unsigned char* at;
  int64_t stride;
  const float* bias;
  int outputs;
  bool wide;     // f32, else bf16
  bool aligned;  // 8 outputs may be stored at once
};

__device__ __forceinline__ void store8(const Target& to, int row, int output, float (&value)[8]) {
  if (to.bias) {
#pragma unroll
    for (int i = 0; i < 8; i++) value[i] += output + i < to.outputs ? to.bias[output + i] : 0.0f;
  }
  const int64_t at = row * to.stride + output;
  const bool whole = to.aligned && output + 8 <= to.outputs;
  if (to.wide) {
    float* y = reinterpret_cast<float*>(to.at) + at;
    if (whole) {
      *reinterpret_cast<float4*>(y) = make_float4(value[0], value[1], value[2], value[3]);
      *reinterpret_cast<float4*>(y + 4) = make_float4(value[4], value[5], value[6], value[7]);
    } else {
#pragma unroll
      for (int i = 0; i < 8; i++) {
        if (output + i < to.outputs) y[i] = value[i];
      }
    }
    return;
  }
  __nv_bfloat16* y = reinterpret_cast<__nv_bfloat16*>(to.at) + at;
  __nv_bfloat162 narrow[4];
#pragma unroll
  for (int i = 0; i < 4; i++) narrow[i] = __floats2bfloat162_rn(value[2 * i], value[2 * i + 1]);
  if (whole) {
    uint4 bits;
    memcpy(&bits, narrow, 16);
    *reinterpret_cast<uint4*>(y) = bits;
  } else {
#pragma unroll
    for (int i = 0; i < 8; i++) {
      if (output + i < to.outputs) y[i] = i % 2 ? narrow[i / 2].y : narrow[i / 2].x;
    }
  }
}

__device__ __forceinline__ Target target_of(const tenon_product& p, int parts, int part) {
  Target to;
  to.outputs = p.weights.outputs;
  if (parts > 1) {
    to.stride = (p.weights.outputs + 15) / 16 * 16;
    to.at = reinterpret_cast<unsigned char*>(p.workspace) + part * p.max_rows * to.stride * 4;
    to.bias = nullptr;
    to.outputs = to.stride;
    to.wide = to.aligned = true;
    return to;
  }
  to.at = reinterpret_cast<unsigned char*>(p.y);
  to.stride = p.y_stride;
  to.bias = reinterpret_cast<const float*>(p.bias);
  to.wide = p.y_type == TENON_F32;
  to.aligned = p.y % 16 == 0 && p.y_stride * (to.wide ? 4 : 2) % 16 == 0;
  return to;
}

// A scale of 0 would leave no way back from its units; this one is as good.
__device__ __forceinline__ float usable(float scale) { return fabsf(scale) < 1e-30f ? 1e-30f : scale; }

}  // namespace tenon::product
#endif
