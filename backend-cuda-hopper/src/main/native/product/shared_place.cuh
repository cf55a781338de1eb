// Places in shared memory as what instructions take, 32-bit addresses: a loop that has few registers keeps one and adds, where
// the compiler would make pointers anew again and again.
#ifndef TENON_PRODUCT_SHARED_PLACE_CUH
#define TENON_PRODUCT_SHARED_PLACE_CUH

#include "device/shared_barrier.cuh"

namespace tenon {

#if defined(TENON_EMULATED)

using SharedPlace = unsigned char*;

inline SharedPlace shared_place(void* pointer) { return static_cast<unsigned char*>(pointer); }
template <typename T>
T load_shared(SharedPlace from) {
  return *reinterpret_cast<const T*>(from);
}
inline void barrier_wait(SharedPlace barrier, uint32_t parity) { barrier_wait(reinterpret_cast<uint64_t*>(barrier), parity); }
inline void barrier_arrive(SharedPlace barrier) { barrier_arrive(reinterpret_cast<uint64_t*>(barrier)); }

#elif !defined(__CUDA_ARCH__) || __CUDA_ARCH__ >= 900

using SharedPlace = uint32_t;

__device__ __forceinline__ SharedPlace shared_place(void* pointer) {
  uint32_t at = static_cast<uint32_t>(__cvta_generic_to_shared(pointer));
  asm volatile("" : "+r"(at));  // it is kept, not made again
  return at;
}

template <typename T>
__device__ __forceinline__ T load_shared(SharedPlace from);

template <>
__device__ __forceinline__ uint4 load_shared<uint4>(SharedPlace from) {
  uint4 four;
  asm volatile("ld.shared.v4.u32 {%0, %1, %2, %3}, [%4];" : "=r"(four.x), "=r"(four.y), "=r"(four.z), "=r"(four.w) : "r"(from) : "memory");
  return four;
}
template <>
__device__ __forceinline__ float4 load_shared<float4>(SharedPlace from) {
  float4 four;
  asm volatile("ld.shared.v4.f32 {%0, %1, %2, %3}, [%4];" : "=f"(four.x), "=f"(four.y), "=f"(four.z), "=f"(four.w) : "r"(from) : "memory");
  return four;
}
template <>
__device__ __forceinline__ float load_shared<float>(SharedPlace from) {
  float one;
  asm volatile("ld.shared.f32 %0, [%1];" : "=f"(one) : "r"(from) : "memory");
  return one;
}

__device__ __forceinline__ void barrier_wait(SharedPlace barrier, uint32_t parity) { barrier_wait_at(barrier, parity); }
__device__ __forceinline__ void barrier_arrive(SharedPlace barrier) { barrier_arrive_at(barrier); }

#endif

}  // namespace tenon
#endif
