// Boxes of a tensor in memory, copied to shared memory by the hardware for that (TMA, sm_90): one thread asks, zeros come for
// what lies outside of the tensor, and chunks of 16 bytes are permuted on their way.
#ifndef TENON_PRODUCT_TENSOR_COPY_CUH
#define TENON_PRODUCT_TENSOR_COPY_CUH

#include "device/shared_barrier.cuh"

#if !defined(TENON_EMULATED)
#include <cuda.h>
#endif

namespace tenon {

// Of an element of so many bytes, the first dimension contiguous; address and strides are multiples of 16 bytes. The rows of a
// box have `row_bytes`, 64 or 128: chunk c of row r lies at place c ^ (r / 2 % 4), or c ^ (r % 8).
struct Tensor {
  int64_t address;
  int element_bytes;
  uint64_t size[3];
  uint64_t stride_bytes[2];  // of the second and the third dimension
  uint32_t box[3];

  uint32_t row_bytes() const { return box[0] * element_bytes; }
};

#if defined(TENON_EMULATED)

using TensorMap = Tensor;

inline int describe(TensorMap& to, const Tensor& tensor) {
  to = tensor;
  return cudaSuccess;
}

inline void copy_box(void* shared, const TensorMap& from, int x, int y, int z, uint64_t* barrier) {
  emulation::land_later([=] {
    const int row_bytes = static_cast<int>(from.row_bytes());
    for (uint32_t k = 0; k < from.box[2]; k++) {
      for (uint32_t j = 0; j < from.box[1]; j++) {
        for (uint32_t i = 0; i < from.box[0]; i++) {
          const uint32_t row = k * from.box[1] + j, byte = i * from.element_bytes;
          const uint32_t chunk = byte / 16 ^ (row_bytes == 128 ? row % 8 : row / 2 % 4);
          unsigned char* to = static_cast<unsigned char*>(shared) + row * row_bytes + chunk * 16 + byte % 16;
          const bool within = x + i < from.size[0] && y + j < from.size[1] && z + k < from.size[2];
          const unsigned char* at = reinterpret_cast<const unsigned char*>(from.address) + (z + k) * from.stride_bytes[1] +
                                    (y + j) * from.stride_bytes[0] + (x + i) * from.element_bytes;
          if (within) {
            memcpy(to, at, from.element_bytes);
          } else {
            memset(to, 0, from.element_bytes);
          }
        }
      }
    }
    barrier_change(barrier, 0, -static_cast<int>(row_bytes * from.box[1] * from.box[2]));
  });
}

#else

using TensorMap = CUtensorMap;

// Returns a CUDA error code.
inline int describe(TensorMap& to, const Tensor& tensor) {
  using Encode = decltype(&cuTensorMapEncodeTiled);
  static const Encode encode = [] {
    void* found = nullptr;
    cudaDriverEntryPointQueryResult result;
    const cudaError_t failed = cudaGetDriverEntryPointByVersion("cuTensorMapEncodeTiled", &found, 12000, cudaEnableDefault, &result);
    return failed == cudaSuccess && result == cudaDriverEntryPointSuccess ? reinterpret_cast<Encode>(found) : nullptr;
  }();
  if (!encode) return cudaErrorNotSupported;
  const cuuint32_t every[3] = {1, 1, 1};
  const CUresult failed = encode(&to, tensor.element_bytes == 1 ? CU_TENSOR_MAP_DATA_TYPE_UINT8 : CU_TENSOR_MAP_DATA_TYPE_BFLOAT16, 3,
                                 reinterpret_cast<void*>(tensor.address), tensor.size, tensor.stride_bytes, tensor.box, every,
                                 CU_TENSOR_MAP_INTERLEAVE_NONE,
                                 tensor.row_bytes() == 128 ? CU_TENSOR_MAP_SWIZZLE_128B : CU_TENSOR_MAP_SWIZZLE_64B,
                                 CU_TENSOR_MAP_L2_PROMOTION_L2_128B, CU_TENSOR_MAP_FLOAT_OOB_FILL_NONE);
  return failed == CUDA_SUCCESS ? cudaSuccess : cudaErrorInvalidValue;
}

// Copies the box from element x, y, z on, whose bytes the barrier has been made to expect (all of them, also where it lies
// outside of the tensor). The place in shared memory is a multiple of 1,024. The map is a parameter of the kernel
// (__grid_constant__).
__device__ __forceinline__ void copy_box(void* shared, const TensorMap& from, int x, int y, int z, uint64_t* barrier) {
  const uint32_t to = static_cast<uint32_t>(__cvta_generic_to_shared(shared)), at = static_cast<uint32_t>(__cvta_generic_to_shared(barrier));
  asm volatile("cp.async.bulk.tensor.3d.shared::cluster.global.tile.mbarrier::complete_tx::bytes [%0], [%1, {%2, %3, %4}], [%5];" ::"r"(to),
               "l"(&from), "r"(x), "r"(y), "r"(z), "r"(at)
               : "memory");
}

#endif

}  // namespace tenon
#endif
