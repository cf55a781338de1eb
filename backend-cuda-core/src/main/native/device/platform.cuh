// What kernels take from CUDA beyond the language: launches that may overlap, dynamic shared memory, bulk moves. The
// same sources compile for the host (TENON_EMULATED), where tests run them thread by thread without a card.
#ifndef TENON_DEVICE_PLATFORM_CUH
#define TENON_DEVICE_PLATFORM_CUH

#include <stdint.h>

#if defined(TENON_EMULATED)
#include "cuda_emulation.h"
#else

#include <cuda_bf16.h>
#include <cuda_fp16.h>
#include <cuda_fp8.h>
#include <cuda_runtime.h>

// Declares a pointer to the block's dynamic shared memory, aligned to 128 bytes.
#define TENON_DYNAMIC_SHARED(type, name)                              \
  extern __shared__ __align__(128) unsigned char tenon_dynamic_shared[]; \
  type* name = reinterpret_cast<type*>(tenon_dynamic_shared)

namespace tenon {

// How a kernel is launched. An early one may start while the kernel before it in the stream still runs (programmatic
// dependent launch): it must call wait_for_predecessor() before it touches anything that an earlier kernel writes.
enum class Start { AFTER, EARLY };

// Enqueues a kernel; returns a CUDA error code. May be called while the stream is captured.
template <typename... Parameters, typename... Arguments>
int enqueue(void (*kernel)(Parameters...), dim3 grid, dim3 block, int shared_bytes, void* stream, Start start,
            Arguments... arguments) {
  if (shared_bytes > 48 * 1024) {
    const cudaError_t raised = cudaFuncSetAttribute(reinterpret_cast<const void*>(kernel),
                                                    cudaFuncAttributeMaxDynamicSharedMemorySize, shared_bytes);
    if (raised != cudaSuccess) return raised;
  }
  cudaLaunchConfig_t config = {};
  config.gridDim = grid;
  config.blockDim = block;
  config.dynamicSmemBytes = shared_bytes;
  config.stream = static_cast<cudaStream_t>(stream);
  cudaLaunchAttribute overlap = {};
  overlap.id = cudaLaunchAttributeProgrammaticStreamSerialization;
  overlap.val.programmaticStreamSerializationAllowed = 1;
  config.attrs = &overlap;
  config.numAttrs = start == Start::EARLY ? 1 : 0;
  return cudaLaunchKernelEx(&config, kernel, static_cast<Parameters>(arguments)...);
}

// Waits until the kernels before have ended and their writes are visible. No-op below sm_90, where nothing overlaps.
__device__ __forceinline__ void wait_for_predecessor() {
#if __CUDA_ARCH__ >= 900
  asm volatile("griddepcontrol.wait;" ::: "memory");
#endif
}

// Lets the next kernel start once every block has said so or ended. It does not publish any writes.
__device__ __forceinline__ void release_successor() {
#if __CUDA_ARCH__ >= 900
  asm volatile("griddepcontrol.launch_dependents;" ::: "memory");
#endif
}

// 16 bytes that are read once: they need not stay in the first-level cache.
__device__ __forceinline__ uint4 stream_load(const void* address) {
  uint4 value;
  asm volatile("ld.global.nc.L1::no_allocate.v4.u32 {%0,%1,%2,%3}, [%4];"
               : "=r"(value.x), "=r"(value.y), "=r"(value.z), "=r"(value.w)
               : "l"(address));
  return value;
}

// Copies 16 bytes from global to shared memory, or fills them with zeros where not `valid`.
__device__ __forceinline__ void copy_async16(void* shared, const void* global, bool valid = true) {
  const uint32_t to = static_cast<uint32_t>(__cvta_generic_to_shared(shared));
  asm volatile("cp.async.cg.shared.global [%0], [%1], 16, %2;" ::"r"(to), "l"(global), "r"(valid ? 16 : 0) : "memory");
}

// The same for 4 bytes, which may stay in the first-level cache.
__device__ __forceinline__ void copy_async4(void* shared, const void* global, bool valid = true) {
  const uint32_t to = static_cast<uint32_t>(__cvta_generic_to_shared(shared));
  asm volatile("cp.async.ca.shared.global [%0], [%1], 4, %2;" ::"r"(to), "l"(global), "r"(valid ? 4 : 0) : "memory");
}

__device__ __forceinline__ void copy_commit() { asm volatile("cp.async.commit_group;" ::: "memory"); }

// Waits until at most `kPending` of this thread's committed groups are on their way.
template <int kPending>
__device__ __forceinline__ void copy_wait() {
  asm volatile("cp.async.wait_group %0;" ::"n"(kPending) : "memory");
}

}  // namespace tenon

#endif
#endif
