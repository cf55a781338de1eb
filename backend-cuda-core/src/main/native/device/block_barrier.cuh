// Barriers 1 … 15 of a block, at which some of its warps meet, from places of the code that may differ.
#ifndef TENON_DEVICE_BLOCK_BARRIER_CUH
#define TENON_DEVICE_BLOCK_BARRIER_CUH

#include "platform.cuh"

namespace tenon {

#if defined(TENON_EMULATED)

inline void block_barrier_sync(int barrier, int threads) { emulation::meet_at(barrier, threads, true); }
inline void block_barrier_arrive(int barrier, int threads) { emulation::meet_at(barrier, threads, false); }

#else

// Waits until `threads` threads, a multiple of 32, are here or have arrived.
__device__ __forceinline__ void block_barrier_sync(int barrier, int threads) {
  asm volatile("bar.sync %0, %1;" ::"r"(barrier), "r"(threads) : "memory");
}
// Counts as one of them, and goes on.
__device__ __forceinline__ void block_barrier_arrive(int barrier, int threads) {
  asm volatile("bar.arrive %0, %1;" ::"r"(barrier), "r"(threads) : "memory");
}

#endif

}  // namespace tenon
#endif
