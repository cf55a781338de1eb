// Matrix instructions of the delta net's chunked form.
//
// Tiles in shared memory hold f16 in rows of `units` 16-byte units; unit u of row r lies at unit swizzled(r, u), so that
// the eight rows of an ldmatrix fall into different banks.
#ifndef TENON_DEVICE_DELTA_MMA_CUH
#define TENON_DEVICE_DELTA_MMA_CUH

#include <cuda_fp16.h>
#include <stdint.h>

namespace tenon::delta {

// Index of a 16-byte unit within a tile whose rows have `units` of them (4, or a multiple of 8).
__device__ __forceinline__ int swizzled(int row, int unit, int units) {
  return row * units + (units == 4 ? unit ^ ((row >> 1) & 3) : unit ^ (row & 7));
}

__device__ __forceinline__ uint32_t shared_address(const void* pointer) {
  return static_cast<uint32_t>(__cvta_generic_to_shared(pointer));
}

__device__ __forceinline__ void ldmatrix4(uint32_t (&to)[4], uint32_t address) {
  asm volatile("ldmatrix.sync.aligned.m8n8.x4.shared.b16 {%0,%1,%2,%3}, [%4];"
               : "=r"(to[0]), "=r"(to[1]), "=r"(to[2]), "=r"(to[3])
               : "r"(address)
               : "memory");
}

__device__ __forceinline__ void ldmatrix4_transposed(uint32_t (&to)[4], uint32_t address) {
  asm volatile("ldmatrix.sync.aligned.m8n8.x4.trans.shared.b16 {%0,%1,%2,%3}, [%4];"
               : "=r"(to[0]), "=r"(to[1]), "=r"(to[2]), "=r"(to[3])
               : "r"(address)
               : "memory");
}

// c += a · b with a 16×16, b 16×8 in f16.
__device__ __forceinline__ void mma_f16(float (&c)[4], const uint32_t (&a)[4], uint32_t b0, uint32_t b1) {
  asm("mma.sync.aligned.m16n8k16.row.col.f32.f16.f16.f32 {%0,%1,%2,%3}, {%4,%5,%6,%7}, {%8,%9}, {%0,%1,%2,%3};"
      : "+f"(c[0]), "+f"(c[1]), "+f"(c[2]), "+f"(c[3])
      : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b0), "r"(b1));
}

__device__ __forceinline__ uint32_t tf32(float x) {
  uint32_t y;
  asm("cvt.rna.tf32.f32 %0, %1;" : "=r"(y) : "f"(x));
  return y;
}

// A fragment a of m16n8k8 made of an accumulator's fragment: the accumulator's columns 2t and 2t + 1 take the places of
// the columns t and t + 4, which is a permutation of the summed index. b must follow it, as `mma_tf32` does.
__device__ __forceinline__ void tf32_fragment(uint32_t (&a)[4], const float (&c)[4]) {
  a[0] = tf32(c[0]), a[1] = tf32(c[2]), a[2] = tf32(c[1]), a[3] = tf32(c[3]);
}

// c += a · b with a 16×8 in tf32 and b 8×8 in f16 (which tf32 holds exactly while it is normal), as ldmatrix gives it.
__device__ __forceinline__ void mma_tf32(float (&c)[4], const uint32_t (&a)[4], uint32_t b) {
  float2 pair = __half22float2(*reinterpret_cast<const __half2*>(&b));
  asm("mma.sync.aligned.m16n8k8.row.col.f32.tf32.tf32.f32 {%0,%1,%2,%3}, {%4,%5,%6,%7}, {%8,%9}, {%0,%1,%2,%3};"
      : "+f"(c[0]), "+f"(c[1]), "+f"(c[2]), "+f"(c[3])
      : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(__float_as_uint(pair.x)), "r"(__float_as_uint(pair.y)));
}

__device__ __forceinline__ void copy_async16(uint32_t to, const void* from) {
  asm volatile("cp.async.cg.shared.global [%0], [%1], 16;" ::"r"(to), "l"(from) : "memory");
}

__device__ __forceinline__ void copy_async_commit() { asm volatile("cp.async.commit_group;" ::: "memory"); }

template <int Pending>
__device__ __forceinline__ void copy_async_wait() {
  asm volatile("cp.async.wait_group %0;" ::"n"(Pending) : "memory");
}

}  // namespace tenon::delta

#endif
