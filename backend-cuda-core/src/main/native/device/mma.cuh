// Tensor-core products of one warp that every generation from Ampere on has, and their operands' loads.
//
// Lane (g, t) = (lane / 4, lane % 4). Sums of 16×8: elements 0 1 are row g, columns 2t 2t + 1; elements 2 3 row g + 8.
// Operand A of 16×16 (16-bit): words 0 … 3 are (row g, columns 2t …), (row g + 8, 2t …), (g, 2t + 8 …), (g + 8, 2t + 8 …).
// Operand B of 16×8: words 0 1 are column g, rows 2t … and 2t + 8 ….
#ifndef TENON_DEVICE_MMA_CUH
#define TENON_DEVICE_MMA_CUH

#include "platform.cuh"

#if !defined(TENON_EMULATED)

namespace tenon {

// sum += a · b, m16n8k16, bf16 operands, f32 sums.
__device__ __forceinline__ void mma_bf16(float (&sum)[4], const uint32_t (&a)[4], uint32_t b0, uint32_t b1) {
  asm volatile(
      "mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32 {%0,%1,%2,%3}, {%4,%5,%6,%7}, {%8,%9}, {%0,%1,%2,%3};\n"
      : "+f"(sum[0]), "+f"(sum[1]), "+f"(sum[2]), "+f"(sum[3])
      : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b0), "r"(b1));
}

// sum += a · b, m16n8k16, f16 operands, f32 sums.
__device__ __forceinline__ void mma_f16(float (&sum)[4], const uint32_t (&a)[4], uint32_t b0, uint32_t b1) {
  asm volatile(
      "mma.sync.aligned.m16n8k16.row.col.f32.f16.f16.f32 {%0,%1,%2,%3}, {%4,%5,%6,%7}, {%8,%9}, {%0,%1,%2,%3};\n"
      : "+f"(sum[0]), "+f"(sum[1]), "+f"(sum[2]), "+f"(sum[3])
      : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b0), "r"(b1));
}

// Four 8×8 matrices of 16-bit elements from shared memory; lane i gives the address of row i % 8 of matrix i / 8.
// Word m of lane (g, t) is row g, columns 2t 2t + 1 of matrix m; transposed: rows 2t 2t + 1, column g.
__device__ __forceinline__ void load_matrices(uint32_t (&to)[4], const void* row) {
  const uint32_t from = static_cast<uint32_t>(__cvta_generic_to_shared(row));
  asm volatile("ldmatrix.sync.aligned.m8n8.x4.shared.b16 {%0,%1,%2,%3}, [%4];"
               : "=r"(to[0]), "=r"(to[1]), "=r"(to[2]), "=r"(to[3])
               : "r"(from)
               : "memory");
}

__device__ __forceinline__ void load_matrices_transposed(uint32_t (&to)[4], const void* row) {
  const uint32_t from = static_cast<uint32_t>(__cvta_generic_to_shared(row));
  asm volatile("ldmatrix.sync.aligned.m8n8.x4.trans.shared.b16 {%0,%1,%2,%3}, [%4];"
               : "=r"(to[0]), "=r"(to[1]), "=r"(to[2]), "=r"(to[3])
               : "r"(from)
               : "memory");
}

}  // namespace tenon

#endif
#endif
