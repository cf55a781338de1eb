// Products of a warpgroup (four warps) on sm_90a: operands in shared memory, sums in registers, under way until waited for.
//
// A panel is rows of 128 bytes (64 elements of bf16) one after another, from a multiple of 1024 bytes on; chunk c of 16 bytes of
// row r lies at place c ^ (r % 8). Sums of 64×N are, in each warp, those of 16×8 (mma.cuh) one after another, the warps' rows
// following one another. The same holds for operand A in registers.
#ifndef TENON_DEVICE_WARPGROUP_CUH
#define TENON_DEVICE_WARPGROUP_CUH

#include "mma.cuh"
#include "platform.cuh"

namespace tenon {

__device__ __forceinline__ int panel_offset(int row, int chunk) { return row * 128 + ((chunk ^ row) & 7) * 16; }

#if defined(TENON_EMULATED)

// Element `column` of a row of a panel.
inline uint32_t panel_element(const unsigned char* panel, int row, int column) {
  uint16_t bits;
  emulation::read_operand(&bits, panel + panel_offset(row, column / 8) + column % 8 * 2, 2);
  return bits;
}

inline void warpgroup_begin() {}
inline void warpgroup_commit() {}
template <int kPending = 0>
void warpgroup_wait() {
  emulation::operands_have_been_read();
}
template <int kCount>
void warpgroup_keep(float (&)[kCount][4]) {}
inline void warpgroup_after(float, int*) {}
inline void publish_to_products() {}
template <int kRegisters>
void warpgroup_gives_registers() {}
template <int kRegisters>
void warpgroup_takes_registers() {}

// sum (+)= a · bᵀ over 16 columns from `column` on; panels have 64 rows (of a: 64 from its first). Of a, kRows are meant: what
// comes for others is anything.
template <int kRows>
void warpgroup_scores(float (&sum)[8][4], const unsigned char* a, const unsigned char* b, int column, bool adds) {
  const int lane = static_cast<int>(threadIdx.x) % 32, row = static_cast<int>(threadIdx.x) / 32 % 4 * 16 + lane / 4;
  const int from = column + lane % 4 * 2;
  uint32_t word[4];
  for (int i = 0; i < 4; i++) {
    const int at = from + i / 2 * 8, own = row + i % 2 * 8;
    word[i] = own < kRows ? panel_element(a, own, at) | panel_element(a, own, at + 1) << 16 : 0x7fc07fc0u;  // not numbers
  }
  for (int n = 0; n < 8; n++) {
    if (!adds) memset(sum[n], 0, sizeof sum[n]);
    uint32_t b_word[2];
    for (int i = 0; i < 2; i++) {
      const int at = from + i * 8, key = n * 8 + lane / 4;
      b_word[i] = panel_element(b, key, at) | panel_element(b, key, at + 1) << 16;
    }
    mma_bf16(sum[n], word, b_word[0], b_word[1]);
  }
}

// sum += a · b over 16 rows from `row` on of four panels, `panel_bytes` apart.
inline void warpgroup_values(float (&sum)[32][4], const uint32_t (&a)[4], const unsigned char* b, int row, int panel_bytes) {
  const int lane = static_cast<int>(threadIdx.x) % 32;
  for (int n = 0; n < 32; n++) {
    const unsigned char* const panel = b + n / 8 * panel_bytes;
    uint32_t word[2];
    for (int i = 0; i < 2; i++) {
      const int at = row + lane % 4 * 2 + i * 8, column = n % 8 * 8 + lane / 4;
      word[i] = panel_element(panel, at, column) | panel_element(panel, at + 1, column) << 16;
    }
    mma_bf16(sum[n], a, word[0], word[1]);
  }
}

#elif !defined(__CUDA_ARCH__) || defined(__CUDA_ARCH_FEAT_SM90_ALL)

// Before the first product of a batch, after registers that it uses were written.
__device__ __forceinline__ void warpgroup_begin() { asm volatile("wgmma.fence.sync.aligned;" ::: "memory"); }
__device__ __forceinline__ void warpgroup_commit() { asm volatile("wgmma.commit_group.sync.aligned;" ::: "memory"); }
// Waits until at most `kPending` batches are under way.
template <int kPending = 0>
__device__ __forceinline__ void warpgroup_wait() {
  asm volatile("wgmma.wait_group.sync.aligned %0;" ::"n"(kPending) : "memory");
}
// Keeps the compiler from moving what it does with sums across this place.
template <int kCount>
__device__ __forceinline__ void warpgroup_keep(float (&sum)[kCount][4]) {
#pragma unroll
  for (int n = 0; n < kCount; n++) {
#pragma unroll
    for (int c = 0; c < 4; c++) asm volatile("" : "+f"(sum[n][c])::"memory");
  }
}
// Keeps the assembler from waiting for products, further down, before it has made `value`: it is stored, to be forgotten.
__device__ __forceinline__ void warpgroup_after(float value, int* shared_word) {
  const uint32_t to = static_cast<uint32_t>(__cvta_generic_to_shared(shared_word));
  asm volatile("st.shared.f32 [%0], %1;" ::"r"(to), "f"(value) : "memory");
}
// What this thread wrote to shared memory, or knows of, can be operands of products, after a barrier. It waits for all that
// this thread has asked memory for, copies under way included.
__device__ __forceinline__ void publish_to_products() { asm volatile("fence.proxy.async.shared::cta;" ::: "memory"); }

// From here on the warpgroup's threads have so many registers: fewer than the kernel began with, or more, once others have
// given enough.
template <int kRegisters>
__device__ __forceinline__ void warpgroup_gives_registers() {
  asm volatile("setmaxnreg.dec.sync.aligned.u32 %0;" ::"n"(kRegisters));
}
template <int kRegisters>
__device__ __forceinline__ void warpgroup_takes_registers() {
  asm volatile("setmaxnreg.inc.sync.aligned.u32 %0;" ::"n"(kRegisters));
}

// Where an operand lies: address and strides in units of 16 bytes, permuted within 128 bytes.
__device__ __forceinline__ uint64_t operand_at(const unsigned char* at, int leading_bytes, int stride_bytes) {
  const uint64_t address = static_cast<uint32_t>(__cvta_generic_to_shared(at));
  return (address & 0x3ffff) >> 4 | uint64_t(leading_bytes >> 4) << 16 | uint64_t(stride_bytes >> 4) << 32 | uint64_t(1) << 62;
}

// sum (+)= a · bᵀ over 16 columns from `column` on; panels have 64 rows (of a: 64 from its first).
template <int kRows>
__device__ __forceinline__ void warpgroup_scores(float (&sum)[8][4], const unsigned char* a, const unsigned char* b,
                                                 int column, bool adds) {
  const uint64_t from_a = operand_at(a + column * 2, 16, 1024), from_b = operand_at(b + column * 2, 16, 1024);
#define TENON_SUMS(n) "+f"(sum[n][0]), "+f"(sum[n][1]), "+f"(sum[n][2]), "+f"(sum[n][3])
  asm volatile(
      "{\n.reg .pred p;\nsetp.ne.b32 p, %34, 0;\n"
      "wgmma.mma_async.sync.aligned.m64n64k16.f32.bf16.bf16 {"
      "%0, %1, %2, %3, %4, %5, %6, %7, %8, %9, %10, %11, %12, %13, %14, %15, "
      "%16, %17, %18, %19, %20, %21, %22, %23, %24, %25, %26, %27, %28, %29, %30, %31"
      "}, %32, %33, p, 1, 1, 0, 0;\n}\n"
      : TENON_SUMS(0), TENON_SUMS(1), TENON_SUMS(2), TENON_SUMS(3), TENON_SUMS(4), TENON_SUMS(5), TENON_SUMS(6), TENON_SUMS(7)
      : "l"(from_a), "l"(from_b), "r"(static_cast<int>(adds)));
}

// sum += a · b over 16 rows from `row` on of four panels, `panel_bytes` apart.
__device__ __forceinline__ void warpgroup_values(float (&sum)[32][4], const uint32_t (&a)[4], const unsigned char* b,
                                                 int row, int panel_bytes) {
  const uint64_t from_b = operand_at(b + row * 128, panel_bytes, 1024);
#define TENON_SUMS_OF_4(n) TENON_SUMS(n), TENON_SUMS(n + 1), TENON_SUMS(n + 2), TENON_SUMS(n + 3)
  asm volatile(
      "wgmma.mma_async.sync.aligned.m64n256k16.f32.bf16.bf16 {"
      "%0, %1, %2, %3, %4, %5, %6, %7, %8, %9, %10, %11, %12, %13, %14, %15, "
      "%16, %17, %18, %19, %20, %21, %22, %23, %24, %25, %26, %27, %28, %29, %30, %31, "
      "%32, %33, %34, %35, %36, %37, %38, %39, %40, %41, %42, %43, %44, %45, %46, %47, "
      "%48, %49, %50, %51, %52, %53, %54, %55, %56, %57, %58, %59, %60, %61, %62, %63, "
      "%64, %65, %66, %67, %68, %69, %70, %71, %72, %73, %74, %75, %76, %77, %78, %79, "
      "%80, %81, %82, %83, %84, %85, %86, %87, %88, %89, %90, %91, %92, %93, %94, %95, "
      "%96, %97, %98, %99, %100, %101, %102, %103, %104, %105, %106, %107, %108, %109, %110, %111, "
      "%112, %113, %114, %115, %116, %117, %118, %119, %120, %121, %122, %123, %124, %125, %126, %127"
      "}, {%128, %129, %130, %131}, %132, 1, 1, 1, 1;\n"
      : TENON_SUMS_OF_4(0), TENON_SUMS_OF_4(4), TENON_SUMS_OF_4(8), TENON_SUMS_OF_4(12), TENON_SUMS_OF_4(16),
        TENON_SUMS_OF_4(20), TENON_SUMS_OF_4(24), TENON_SUMS_OF_4(28)
      : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "l"(from_b));
#undef TENON_SUMS_OF_4
#undef TENON_SUMS
}

#endif

}  // namespace tenon
#endif
