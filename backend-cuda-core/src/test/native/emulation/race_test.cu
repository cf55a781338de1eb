// What `run --races` reports, and what it does not: kernels with and without what orders their accesses.
// sources:
#include "../check.h"
#include "../../../main/native/device/block_barrier.cuh"
#include "../../../main/native/device/shared_barrier.cuh"
#include "../../../main/native/device/warpgroup.cuh"
#include "apart.h"

#include <functional>

namespace {

using namespace tenon;

// Whether ThreadSanitizer reports a race, in a process of its own that ends as programs do: the exit code says so too.
bool races(const std::function<void()>& run) {
  const emulation::Ended ended = emulation::run_apart([&] {
    run();
    exit(0);
  });
  const bool reported = ended.text.find("ThreadSanitizer: data race") != std::string::npos;
  if (!WIFEXITED(ended.status) || (WEXITSTATUS(ended.status) != 0) != reported) {
    printf("%s\n", ended.text.c_str());
    check::require("a kernel that ends", false);
  }
  return reported;
}

enum How { NOT, BLOCK, WARP, SHUFFLE, ATOMIC, NAMED, NAMED_ARRIVED, PHASE, PHASE_OF_WARPS };

// A thread writes, one of the same warp and one of another read; then it writes again.
template <How kHow>
__global__ void meet(int* seen) {
  __shared__ int value, flag;
  __shared__ uint64_t there, taken;
  if (threadIdx.x == 0) {
    flag = 0;
    barrier_init(&there, 1);
    barrier_init(&taken, kHow == PHASE ? 64 : 2);
  }
  __syncthreads();
  const auto order = [&](bool writes_next) {
    if (kHow == BLOCK) __syncthreads();
    if (kHow == WARP) __syncwarp();
    if (kHow == SHUFFLE) __shfl_sync(0xffffffffu, 1, 0);
    if (kHow == ATOMIC) atomicAdd(&flag, 1);
    if (kHow == NAMED) block_barrier_sync(1, 64);
    if (kHow == NAMED_ARRIVED) {
      if ((threadIdx.x < 32) == writes_next) {
        block_barrier_sync(1 + writes_next, 64);
      } else {
        block_barrier_arrive(1 + writes_next, 64);
      }
    }
    if (kHow == PHASE || kHow == PHASE_OF_WARPS) {
      if (writes_next) {
        if (kHow == PHASE_OF_WARPS) __syncwarp();
        if (kHow == PHASE || threadIdx.x % 32 == 0) barrier_arrive(&taken);
        if (threadIdx.x == 0) barrier_wait(&taken, 0);
      } else {
        if (threadIdx.x == 0) barrier_arrive(&there);
        barrier_wait(&there, 0);
      }
    }
  };
  if (threadIdx.x == 0) value = 1;
  order(false);
  if (threadIdx.x == 40 || (kHow == WARP && threadIdx.x == 7)) seen[0] = value;
  order(true);
  if (threadIdx.x == 0) value = 2;
}

template <How kHow>
bool meeting_races(int threads) {
  return races([=] {
    check::Device<int> seen(1);
    CUDA(enqueue(meet<kHow>, 1, threads, 0, nullptr, Start::AFTER, seen.at));
  });
}

// Threads ask for copies and read what others asked for: after all have waited for theirs, or only after a barrier.
template <bool kWaits>
__global__ void copied(const int* from, int* seen) {
  __shared__ int tile[64];
  copy_async4(&tile[threadIdx.x], from + threadIdx.x);
  copy_commit();
  if (kWaits) copy_wait<0>();
  __syncthreads();
  seen[threadIdx.x] = tile[63 - threadIdx.x];
  copy_wait<0>();
}

template <bool kWaits>
bool copy_races() {
  return races([] {
    check::Device<int> from(64), seen(64);
    CUDA(enqueue(copied<kWaits>, 1, 64, 0, nullptr, Start::AFTER, from.at, seen.at));
  });
}

// The hardware copies into a stage twice; the second time when it has been read, or at once.
template <bool kWaitsForReaders>
__global__ void landed(int* seen) {
  __shared__ int stage;
  __shared__ uint64_t full[2], read;
  if (threadIdx.x == 0) {
    for (uint64_t& barrier : full) barrier_init(&barrier, 1);
    barrier_init(&read, 1);
  }
  __syncthreads();
  if (threadIdx.x == 0) {
    for (int i = 0; i < 2; i++) {
      if (kWaitsForReaders && i == 1) barrier_wait(&read, 0);
      barrier_arrive_expecting(&full[i], 16);
      int* to = &stage;
      uint64_t* barrier = &full[i];
      emulation::land_later([=] {
        *to = i;
        barrier_change(barrier, 0, -16);
      });
    }
  } else if (threadIdx.x == 32) {
    for (int i = 0; i < 2; i++) {
      barrier_wait(&full[i], 0);
      seen[i] = stage;
      if (i == 0) barrier_arrive(&read);
    }
  }
}

template <bool kWaitsForReaders>
bool landing_races() {
  return races([] {
    check::Device<int> seen(2);
    CUDA(enqueue(landed<kWaitsForReaders>, 1, 64, 0, nullptr, Start::AFTER, seen.at));
  });
}

// A warpgroup multiplies what another warp overwrites: once the products have been waited for, or before.
template <bool kWaits>
__global__ void multiplied() {
  __shared__ __align__(1024) unsigned char panels[2][64 * 128];
  for (int i = threadIdx.x; i < 64 * 128; i += blockDim.x) panels[0][i] = panels[1][i] = 0;
  __syncthreads();
  if (threadIdx.x < 128) {
    float sum[8][4];
    warpgroup_begin();
    warpgroup_scores<64>(sum, panels[0], panels[1], 0, false);
    warpgroup_commit();
    if (kWaits) warpgroup_wait<0>();
    block_barrier_arrive(1, 160);
    warpgroup_wait<0>();
  } else {
    block_barrier_sync(1, 160);
    panels[1][threadIdx.x % 32] = 1;
  }
}

__global__ void of_blocks(int* at) { at[threadIdx.x] += blockIdx.x; }

}  // namespace

int main() {
  using check::require;
  require("nothing orders two warps", meeting_races<NOT>(64));
  require("__syncthreads does", !meeting_races<BLOCK>(64));
  require("__syncwarp does not", meeting_races<WARP>(64));
  require("  but those of a warp", !meeting_races<WARP>(32));
  require("a shuffle does not", meeting_races<SHUFFLE>(64));
  require("an atomic operation does not", meeting_races<ATOMIC>(64));
  require("a named barrier does", !meeting_races<NAMED>(64));
  require("  also where some only arrive", !meeting_races<NAMED_ARRIVED>(64));
  require("phases of a barrier in shared memory do", !meeting_races<PHASE>(64));
  require("  also where one thread arrives for its warp, after __syncwarp", !meeting_races<PHASE_OF_WARPS>(64));
  require("copies are there for all after a wait and a barrier", !copy_races<true>());
  require("  not after a barrier alone", copy_races<false>());
  require("the hardware may copy to a stage that has been read", !landing_races<true>());
  require("  not to one that is still to be read", landing_races<false>());
  require("products that have been waited for have read their operands",
          !races([] { CUDA(enqueue(multiplied<true>, 1, 160, 0, nullptr, Start::AFTER)); }));
  require("  others have not", races([] { CUDA(enqueue(multiplied<false>, 1, 160, 0, nullptr, Start::AFTER)); }));
  require("blocks follow one another", !races([] {
    check::Device<int> at(std::vector<int>(32, 0));
    CUDA(enqueue(of_blocks, 4, 32, 0, nullptr, Start::AFTER, at.at));
  }));
  printf("%d failures\n", check::failures);
  return check::failures != 0;
}
