// Tiles of 64 columns of f16 in shared memory, and their products with operands in registers.
//
// Four warps multiply together: each has 16 rows of the result. On Hopper that is one product of the warpgroup, which reads
// a tile once for all four; elsewhere each warp reads it. A tile's rows are 128 bytes, swizzled as delta_tiles.cuh says,
// which is a panel of warpgroup.cuh too.
#ifndef TENON_DELTA_NET_COLUMN_TILE_CUH
#define TENON_DELTA_NET_COLUMN_TILE_CUH

#include "../../device/delta_tiles.cuh"
#if defined(__CUDA_ARCH_FEAT_SM90_ALL)
#include "../../device/warpgroup.cuh"
#endif

namespace tenon::delta {

constexpr int kTileColumns = 64;
constexpr int kColumnTiles = kTileColumns / 8;  // of 8 columns
constexpr int kTileAlignment = 1024;

// Tiles within shared memory that has kTileAlignment bytes more than they need.
template <typename Memory>
__device__ __forceinline__ Memory& aligned_tiles(unsigned char* shared) {
  return *reinterpret_cast<Memory*>((reinterpret_cast<uintptr_t>(shared) + kTileAlignment - 1) & ~static_cast<uintptr_t>(kTileAlignment - 1));
}

// Word of a lane's sum in a tile.
__device__ __forceinline__ uint32_t& tile_word(uint4* tile, int row, int n, int lane) {
  return reinterpret_cast<uint32_t*>(tile + swizzled(row, n, kColumnTiles))[lane & 3];
}

#if defined(__CUDA_ARCH_FEAT_SM90_ALL)

// Around a batch of products: nothing that it uses may be touched in between.
template <int kCount>
__device__ __forceinline__ void begin_products(float (&sums)[kCount][kColumnTiles][4]) {
#pragma unroll
  for (int i = 0; i < kCount; i++) warpgroup_keep(sums[i]);
  warpgroup_begin();
}
template <int kCount>
__device__ __forceinline__ void end_products(float (&sums)[kCount][kColumnTiles][4]) {
  warpgroup_commit();
  warpgroup_wait<0>();
#pragma unroll
  for (int i = 0; i < kCount; i++) warpgroup_keep(sums[i]);
}

// What this thread wrote to tiles can be operands of products, after a barrier.
__device__ __forceinline__ void publish_tiles() { publish_to_products(); }

// sum += a · the `step`-th 16 rows of a tile
__device__ __forceinline__ void multiply_rows(float (&sum)[kColumnTiles][4], const uint4& a, const uint4* tile, int step) {
  const uint64_t b = operand_at(reinterpret_cast<const unsigned char*>(tile) + step * kPart * 2 * kTileColumns, kTileAlignment, kTileAlignment);
#define TENON_SUMS(n) "+f"(sum[n][0]), "+f"(sum[n][1]), "+f"(sum[n][2]), "+f"(sum[n][3])
  asm volatile(
      "wgmma.mma_async.sync.aligned.m64n64k16.f32.f16.f16 {"
      "%0, %1, %2, %3, %4, %5, %6, %7, %8, %9, %10, %11, %12, %13, %14, %15, "
      "%16, %17, %18, %19, %20, %21, %22, %23, %24, %25, %26, %27, %28, %29, %30, %31"
      "}, {%32, %33, %34, %35}, %36, 1, 1, 1, 1;\n"
      : TENON_SUMS(0), TENON_SUMS(1), TENON_SUMS(2), TENON_SUMS(3), TENON_SUMS(4), TENON_SUMS(5), TENON_SUMS(6), TENON_SUMS(7)
      : "r"(a.x), "r"(a.y), "r"(a.z), "r"(a.w), "l"(b));
#undef TENON_SUMS
}

#else

template <int kCount>
__device__ __forceinline__ void begin_products(float (&)[kCount][kColumnTiles][4]) {}
template <int kCount>
__device__ __forceinline__ void end_products(float (&)[kCount][kColumnTiles][4]) {}
__device__ __forceinline__ void publish_tiles() {}

__device__ __forceinline__ void multiply_rows(float (&sum)[kColumnTiles][4], const uint4& a, const uint4* tile, int step) {
  const int lane = threadIdx.x & 31;
#pragma unroll
  for (int n = 0; n < kColumnTiles; n += 2) {
    uint32_t b[4];
    load_matrices_transposed(b, tile + swizzled(kPart * step + (lane & 15), n + (lane >> 4), kColumnTiles));
    multiply(sum[n], a, b[0], b[1]);
    multiply(sum[n + 1], a, b[2], b[3]);
  }
}

#endif

}  // namespace tenon::delta

#endif
