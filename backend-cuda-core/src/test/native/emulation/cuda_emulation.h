// The part of CUDA's language and of device/platform.cuh and device/mma.cuh that kernels use, for the host's compiler.
// Types, conversions and the run-time's declarations come from CUDA's own headers.
#ifndef TENON_EMULATION_CUDA_EMULATION_H
#define TENON_EMULATION_CUDA_EMULATION_H

#include <cuda_bf16.h>
#include <cuda_fp16.h>
#include <cuda_fp8.h>
#include <cuda_runtime.h>
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <tuple>
#include <type_traits>

#include "launch.h"
#include "order.h"

// A shared variable lives in the thread-local storage of the one thread that runs blocks, which is poisoned before each.
#undef __shared__
#define __shared__ static thread_local
#undef __launch_bounds__
#define __launch_bounds__(...)
#undef __grid_constant__
#define __grid_constant__
#undef __cluster_dims__
#define __cluster_dims__(...)
#undef __maxnreg__
#define __maxnreg__(...)
#undef __noinline__
#define __noinline__ __attribute__((noinline))
#undef __constant__
#define __constant__
#undef __managed__
#define __managed__

#define TENON_DYNAMIC_SHARED(type, name) type* name = static_cast<type*>(::tenon::emulation::dynamic_shared())

constexpr int warpSize = 32;

namespace tenon {

enum class Start { AFTER, EARLY };

template <typename... Parameters, typename... Arguments>
int enqueue(void (*kernel)(Parameters...), dim3 grid, dim3 block, int shared_bytes, void* stream, Start start,
            Arguments... arguments) {
  std::tuple<std::remove_cv_t<Parameters>...> kept(static_cast<Parameters>(arguments)...);
  return emulation::enqueue({reinterpret_cast<const void*>(kernel), grid, block, shared_bytes, start == Start::EARLY,
                             [kernel, kept] { std::apply(kernel, kept); }},
                            stream);
}

inline void wait_for_predecessor() { emulation::waited_for_predecessor(); }
inline void release_successor() {}

inline void check_aligned(const void* address, unsigned bytes, const char* what) {
  if (reinterpret_cast<uintptr_t>(address) % bytes) emulation::fail("%s at %p: not a multiple of %u", what, address, bytes);
}

inline uint4 stream_load(const void* address) {
  check_aligned(address, 16, "stream_load");
  uint4 value;
  memcpy(&value, address, 16);
  return value;
}

inline void copy_async16(void* shared, const void* global, bool valid = true) { emulation::copy_later(shared, global, 16, valid); }
inline void copy_async4(void* shared, const void* global, bool valid = true) { emulation::copy_later(shared, global, 4, valid); }
inline void copy_commit() { emulation::commit_copies(); }
template <int kPending>
void copy_wait() {
  emulation::finish_copies(kPending);
}

// Sums are f32, added in ascending order of the summed index; a card adds several products at a time, cut off at the end.
void mma_bf16(float (&sum)[4], const uint32_t (&a)[4], uint32_t b0, uint32_t b1);
void mma_f16(float (&sum)[4], const uint32_t (&a)[4], uint32_t b0, uint32_t b1);
// 16 × 8 over 32, as Hopper's matrix engine cuts such sums off.
void mma_e4m3(float (&sum)[4], const uint32_t (&a)[4], uint32_t b0, uint32_t b1);
void load_matrices(uint32_t (&to)[4], const void* row);
void load_matrices_transposed(uint32_t (&to)[4], const void* row);

}  // namespace tenon

#include "arithmetic.h"
#include "collectives.h"
#include "memory.h"

#endif
