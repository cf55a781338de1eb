// What warps of sm_90a do together beyond mma.sync: products of four warps (wgmma), barriers in shared memory that count
// arrivals, and registers handed from one group of four warps to another. Emulated, products are done at once; what fences
// are for and how operand B is described to the matrix engine shows on a card only.
#ifndef TENON_PRODUCT_MATRIX_ENGINE_CUH
#define TENON_PRODUCT_MATRIX_ENGINE_CUH

#include "device/mma.cuh"
#include "device/platform.cuh"

#if defined(TENON_EMULATED)

namespace tenon::warpgroup {

// Low half: arrivals still missing in this phase; high half: arrivals of a phase, and above them the parity of the phase.
inline void barrier_init(uint64_t* barrier, int arrivals) { *barrier = uint64_t(arrivals) << 32 | arrivals; }
inline void barrier_init_done() {}
inline void barrier_arrive(uint64_t* barrier) {
  const uint64_t parity = *barrier >> 63, arrivals = *barrier >> 32 & 0xffff, missing = (*barrier & 0xffff) - 1;
  *barrier = missing ? parity << 63 | arrivals << 32 | missing : (parity ^ 1) << 63 | arrivals << 32 | arrivals;
}
inline void barrier_wait(uint64_t* barrier, uint32_t parity) {
  __syncwarp();  // none of the warp waits here while another has not come as far
  while (*barrier >> 63 == parity) emulation::yield();
}
inline void group_sync(int id) { emulation::meet_at(id, 128, true); }
inline void publish_shared() {}
template <int kRegisters>
void give_registers() {}
template <int kRegisters>
void take_registers() {}
inline uint64_t rows_of_128_bytes(const unsigned char* stage, int k) { return reinterpret_cast<uint64_t>(stage) + k * 32; }
inline void fence() {}
inline void commit() {}
inline void wait() {}

inline void multiply(float (&sum)[64], const uint32_t (&a)[4], uint64_t b) {
  const unsigned char* stage = reinterpret_cast<const unsigned char*>(b & ~uint64_t(1023));
  const int unit = b % 1024 / 16, g = threadIdx.x % 32 / 4, t = threadIdx.x % 4;
  for (int n = 0; n < 16; n++) {
    uint32_t word[2];
    for (int i = 0; i < 2; i++) memcpy(&word[i], stage + (n * 8 + g) * 128 + ((unit + i) ^ g) * 16 + t * 4, 4);
    float part[4];
    memcpy(part, &sum[4 * n], 16);
    mma_bf16(part, a, word[0], word[1]);
    memcpy(&sum[4 * n], part, 16);
  }
}

inline void pin(float (&)[64]) {}
inline void pin(uint32_t (&)[4]) {}

}  // namespace tenon::warpgroup

#else

namespace tenon::warpgroup {

__device__ __forceinline__ uint32_t shared_address(const void* pointer) {
  return static_cast<uint32_t>(__cvta_generic_to_shared(pointer));
}

__device__ __forceinline__ void barrier_init(uint64_t* barrier, int arrivals) {
  asm volatile("mbarrier.init.shared::cta.b64 [%0], %1;" ::"r"(shared_address(barrier)), "r"(arrivals) : "memory");
}

// Makes initialised barriers visible to the copy and matrix engines too; a __syncthreads() must follow.
__device__ __forceinline__ void barrier_init_done() { asm volatile("fence.mbarrier_init.release.cluster;" ::: "memory"); }

__device__ __forceinline__ void barrier_arrive(uint64_t* barrier) {
  asm volatile("{ .reg .b64 state; mbarrier.arrive.shared::cta.b64 state, [%0]; }" ::"r"(shared_address(barrier)) : "memory");
}

// Waits until the phase of this parity has ended. On a new barrier, the phase of parity 1 counts as ended.
__device__ __forceinline__ void barrier_wait(uint64_t* barrier, uint32_t parity) {
  uint32_t ended;
  do {
    asm volatile(
        "{\n"
        ".reg .pred ended;\n"
        "mbarrier.try_wait.parity.shared::cta.b64 ended, [%1], %2;\n"
        "selp.u32 %0, 1, 0, ended;\n"
        "}\n"
        : "=r"(ended)
        : "r"(shared_address(barrier)), "r"(parity)
        : "memory");
  } while (!ended);
}

// Waits for the other warps of a group of 128 threads; `id` from 1.
__device__ __forceinline__ void group_sync(int id) { asm volatile("bar.sync %0, 128;" ::"r"(id) : "memory"); }

// This thread's ordinary writes to shared memory become visible to the matrix engine.
__device__ __forceinline__ void publish_shared() { asm volatile("fence.proxy.async.shared::cta;" ::: "memory"); }

template <int kRegisters>
__device__ __forceinline__ void give_registers() {
  asm volatile("setmaxnreg.dec.sync.aligned.u32 %0;" ::"n"(kRegisters));
}

template <int kRegisters>
__device__ __forceinline__ void take_registers() {
  asm volatile("setmaxnreg.inc.sync.aligned.u32 %0;" ::"n"(kRegisters));
}

// Operand B in shared memory: rows of 128 bytes along the summed index, the 16-byte unit u of row r at u ^ (r & 7), eight
// rows after another. The stage begins at a multiple of 1,024; k: which 16 elements along the rows.
__device__ __forceinline__ uint64_t rows_of_128_bytes(const unsigned char* stage, int k) {
  const uint32_t address = shared_address(stage) + k * 32;
  return uint64_t(1) << 62 | uint64_t(1024 >> 4) << 32 | uint64_t(1) << 16 | ((address & 0x3ffff) >> 4);
}

__device__ __forceinline__ void fence() { asm volatile("wgmma.fence.sync.aligned;" ::: "memory"); }
__device__ __forceinline__ void commit() { asm volatile("wgmma.commit_group.sync.aligned;" ::: "memory"); }
__device__ __forceinline__ void wait() { asm volatile("wgmma.wait_group.sync.aligned 0;" ::: "memory"); }

// sum += a · b for 64 × 128 over 16, bf16 operands: each of the four warps has 16 rows of a, in the fragment of
// mma.m16n8k16, and element 4n + c of its sums is element c of that instruction's sums for columns 8n … 8n + 7.
__device__ __forceinline__ void multiply(float (&sum)[64], const uint32_t (&a)[4], uint64_t b) {
  asm volatile(
      "{\n"
      ".reg .pred add;\n"
      "setp.ne.b32 add, 1, 0;\n"
      "wgmma.mma_async.sync.aligned.m64n128k16.f32.bf16.bf16 {"
      "%0, %1, %2, %3, %4, %5, %6, %7, %8, %9, %10, %11, %12, %13, %14, %15, "
      "%16, %17, %18, %19, %20, %21, %22, %23, %24, %25, %26, %27, %28, %29, %30, %31, "
      "%32, %33, %34, %35, %36, %37, %38, %39, %40, %41, %42, %43, %44, %45, %46, %47, "
      "%48, %49, %50, %51, %52, %53, %54, %55, %56, %57, %58, %59, %60, %61, %62, %63"
      "}, {%64, %65, %66, %67}, %68, add, 1, 1, 0;\n"
      "}\n"
      : "+f"(sum[0]), "+f"(sum[1]), "+f"(sum[2]), "+f"(sum[3]), "+f"(sum[4]), "+f"(sum[5]), "+f"(sum[6]), "+f"(sum[7]),
        "+f"(sum[8]), "+f"(sum[9]), "+f"(sum[10]), "+f"(sum[11]), "+f"(sum[12]), "+f"(sum[13]), "+f"(sum[14]), "+f"(sum[15]),
        "+f"(sum[16]), "+f"(sum[17]), "+f"(sum[18]), "+f"(sum[19]), "+f"(sum[20]), "+f"(sum[21]), "+f"(sum[22]), "+f"(sum[23]),
        "+f"(sum[24]), "+f"(sum[25]), "+f"(sum[26]), "+f"(sum[27]), "+f"(sum[28]), "+f"(sum[29]), "+f"(sum[30]), "+f"(sum[31]),
        "+f"(sum[32]), "+f"(sum[33]), "+f"(sum[34]), "+f"(sum[35]), "+f"(sum[36]), "+f"(sum[37]), "+f"(sum[38]), "+f"(sum[39]),
        "+f"(sum[40]), "+f"(sum[41]), "+f"(sum[42]), "+f"(sum[43]), "+f"(sum[44]), "+f"(sum[45]), "+f"(sum[46]), "+f"(sum[47]),
        "+f"(sum[48]), "+f"(sum[49]), "+f"(sum[50]), "+f"(sum[51]), "+f"(sum[52]), "+f"(sum[53]), "+f"(sum[54]), "+f"(sum[55]),
        "+f"(sum[56]), "+f"(sum[57]), "+f"(sum[58]), "+f"(sum[59]), "+f"(sum[60]), "+f"(sum[61]), "+f"(sum[62]), "+f"(sum[63])
      : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "l"(b));
}

// Keeps the compiler from moving what it does with operands and sums across a fence or a wait.
__device__ __forceinline__ void pin(float (&sum)[64]) {
#pragma unroll
  for (int i = 0; i < 64; i++) asm volatile("" : "+f"(sum[i])::"memory");
}

__device__ __forceinline__ void pin(uint32_t (&a)[4]) {
#pragma unroll
  for (int i = 0; i < 4; i++) asm volatile("" : "+r"(a[i])::"memory");
}

}  // namespace tenon::warpgroup

#endif
#endif
