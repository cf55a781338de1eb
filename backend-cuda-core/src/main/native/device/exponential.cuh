// Powers of two in one instruction, and what they are made of.
#ifndef TENON_DEVICE_EXPONENTIAL_CUH
#define TENON_DEVICE_EXPONENTIAL_CUH

#include "platform.cuh"

namespace tenon {

constexpr float kLog2E = 1.4426950408889634f;

// 2^x, within two units of the last place; 0 where that is below the normal numbers.
__device__ __forceinline__ float power_of_two(float x) {
#if defined(TENON_EMULATED)
  return exp2f(x);
#else
  float y;
  asm("ex2.approx.ftz.f32 %0, %1;" : "=f"(y) : "f"(x));
  return y;
#endif
}

}  // namespace tenon
#endif
