// Words of memory that other cards write and wait for.
#ifndef TENON_DEVICE_SYSTEM_ORDER_CUH
#define TENON_DEVICE_SYSTEM_ORDER_CUH

#include "platform.cuh"
#if defined(TENON_EMULATED)
#include <sched.h>
#endif

namespace tenon {

#if defined(TENON_EMULATED)

inline void system_store(uint32_t* at, uint32_t value) { __atomic_store_n(at, value, __ATOMIC_RELEASE); }
inline uint32_t system_load(const uint32_t* at) { return __atomic_load_n(at, __ATOMIC_ACQUIRE); }
inline uint4 system_load16(const uint4* at) { return *at; }
inline void system_store_pair(uint64_t* at, uint64_t first, uint64_t second) {
  __atomic_store_n(at, first, __ATOMIC_RELAXED);
  __atomic_store_n(at + 1, second, __ATOMIC_RELAXED);
}
inline void system_load_pair(const uint64_t* at, uint64_t& first, uint64_t& second) {
  first = __atomic_load_n(at, __ATOMIC_RELAXED);
  second = __atomic_load_n(at + 1, __ATOMIC_RELAXED);
}
// Another process may run kernels too, on the same processor.
inline void system_pause() {
  emulation::yield();
  sched_yield();
}

#else

// What this thread did before, and what others of its block did before a barrier with it, is seen by whoever sees the value.
__device__ __forceinline__ void system_store(uint32_t* at, uint32_t value) {
  asm volatile("st.release.sys.global.u32 [%0], %1;" ::"l"(at), "r"(value) : "memory");
}
__device__ __forceinline__ uint32_t system_load(const uint32_t* at) {
  uint32_t value;
  asm volatile("ld.acquire.sys.global.u32 %0, [%1];" : "=r"(value) : "l"(at) : "memory");
  return value;
}
// 16 bytes that another card may have written: not from the first-level cache.
__device__ __forceinline__ uint4 system_load16(const uint4* at) {
  uint4 value;
  asm volatile("ld.volatile.global.v4.u32 {%0,%1,%2,%3}, [%4];" : "=r"(value.x), "=r"(value.y), "=r"(value.z), "=r"(value.w) : "l"(at) : "memory");
  return value;
}
// Two words of 64 bits, each of which another card sees whole or not at all; of the two, in any order.
__device__ __forceinline__ void system_store_pair(uint64_t* at, uint64_t first, uint64_t second) {
  asm volatile("st.volatile.global.v2.u64 [%0], {%1,%2};" ::"l"(at), "l"(first), "l"(second) : "memory");
}
__device__ __forceinline__ void system_load_pair(const uint64_t* at, uint64_t& first, uint64_t& second) {
  asm volatile("ld.volatile.global.v2.u64 {%0,%1}, [%2];" : "=l"(first), "=l"(second) : "l"(at) : "memory");
}
__device__ __forceinline__ void system_pause() {}

#endif

}  // namespace tenon
#endif
