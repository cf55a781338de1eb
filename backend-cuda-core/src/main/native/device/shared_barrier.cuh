// Barriers in shared memory that count arrivals (mbarrier, sm_90 and later): threads that arrive need not wait. Phases of a
// barrier have parities 0, 1, 0, …; on a new one the phase of parity 1 counts as ended.
#ifndef TENON_DEVICE_SHARED_BARRIER_CUH
#define TENON_DEVICE_SHARED_BARRIER_CUH

#include "platform.cuh"

namespace tenon {

#if defined(TENON_EMULATED)

// From the lowest bit: 16 of arrivals still missing in this phase, 16 of bytes / 16 that it waits for, 16 of arrivals of a phase;
// the highest is the parity of the phase.
TENON_UNWATCHED inline void barrier_init(uint64_t* barrier, int arrivals) { *barrier = uint64_t(arrivals) << 32 | arrivals; }
inline void barrier_init_done() {}
TENON_UNWATCHED inline void barrier_change(uint64_t* barrier, int arrived, int bytes) {
  emulation::before(barrier);
  const uint64_t parity = *barrier >> 63, arrivals = *barrier >> 32 & 0xffff;
  const uint64_t missing = (*barrier & 0xffff) - arrived, awaited = (*barrier >> 16 & 0xffff) + bytes / 16;
  *barrier = missing || awaited ? parity << 63 | arrivals << 32 | awaited << 16 | missing : (parity ^ 1) << 63 | arrivals << 32 | arrivals;
}
inline void barrier_arrive(uint64_t* barrier) { barrier_change(barrier, 1, 0); }
inline void barrier_arrive_expecting(uint64_t* barrier, int bytes) { barrier_change(barrier, 1, bytes); }
inline void barrier_arrive_after_copies(uint64_t* barrier) {
  copy_commit();
  copy_wait<0>();
  barrier_arrive(barrier);
}
TENON_UNWATCHED inline void barrier_wait(uint64_t* barrier, uint32_t parity) {
  emulation::meet(~0u, "barrier_wait", emulation::unordered, nullptr);  // none of the warp waits while another has not come as far
  while (*barrier >> 63 == parity) emulation::yield();
  emulation::after(barrier);
}

#elif !defined(__CUDA_ARCH__) || __CUDA_ARCH__ >= 900

// A barrier of the block must follow before other threads use it.
__device__ __forceinline__ void barrier_init(uint64_t* barrier, int arrivals) {
  const uint32_t at = static_cast<uint32_t>(__cvta_generic_to_shared(barrier));
  asm volatile("mbarrier.init.shared::cta.b64 [%0], %1;" ::"r"(at), "r"(arrivals) : "memory");
}

// Makes new barriers visible to copies and products too.
__device__ __forceinline__ void barrier_init_done() { asm volatile("fence.mbarrier_init.release.cluster;" ::: "memory"); }

__device__ __forceinline__ void barrier_arrive_at(uint32_t at) {
  asm volatile("{ .reg .b64 state; mbarrier.arrive.shared::cta.b64 state, [%0]; }" ::"r"(at) : "memory");
}
__device__ __forceinline__ void barrier_arrive(uint64_t* barrier) { barrier_arrive_at(static_cast<uint32_t>(__cvta_generic_to_shared(barrier))); }

// Arrives, and has the phase wait for so many bytes of copies too.
__device__ __forceinline__ void barrier_arrive_expecting(uint64_t* barrier, int bytes) {
  const uint32_t at = static_cast<uint32_t>(__cvta_generic_to_shared(barrier));
  asm volatile("{ .reg .b64 state; mbarrier.arrive.expect_tx.shared::cta.b64 state, [%0], %1; }" ::"r"(at), "r"(bytes) : "memory");
}

// Arrives, without waiting, when all that this thread has asked copy_async16 and copy_async4 for is there.
__device__ __forceinline__ void barrier_arrive_after_copies(uint64_t* barrier) {
  const uint32_t at = static_cast<uint32_t>(__cvta_generic_to_shared(barrier));
  asm volatile("cp.async.mbarrier.arrive.noinc.shared::cta.b64 [%0];" ::"r"(at) : "memory");
}

// Waits until the phase of this parity has ended. The hint lets a warp sleep for up to 100 µs at a time: asking again and
// again takes turns from others.
__device__ __forceinline__ void barrier_wait_at(uint32_t at, uint32_t parity) {
  uint32_t ended;
  do {
    asm volatile(
        "{\n.reg .pred ended;\n"
        "mbarrier.try_wait.parity.shared::cta.b64 ended, [%1], %2, 100000;\n"
        "selp.u32 %0, 1, 0, ended;\n}\n"
        : "=r"(ended)
        : "r"(at), "r"(parity)
        : "memory");
  } while (!ended);
}
__device__ __forceinline__ void barrier_wait(uint64_t* barrier, uint32_t parity) {
  barrier_wait_at(static_cast<uint32_t>(__cvta_generic_to_shared(barrier)), parity);
}

#endif

// Arrivals of a warp, one where arrives_for_warp() says so.
#if defined(TENON_LANES_ARRIVE)
constexpr int kWarpArrivals = 32;
#else
constexpr int kWarpArrivals = 1;
#endif

// Whether this lane is to arrive now that all lanes of its warp have come. The first does so for all, which __syncwarp() has
// put in order; compute-sanitizer's racecheck does not take it that way, and in builds for it each lane arrives for itself.
__device__ __forceinline__ bool arrives_for_warp() {
  __syncwarp();
  return kWarpArrivals > 1 || threadIdx.x % 32 == 0;
}

}  // namespace tenon
#endif
