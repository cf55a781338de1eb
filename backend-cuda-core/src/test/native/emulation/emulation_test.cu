// The emulation against plain definitions, and what it refuses. Only for the host.
// sources:
#include "../check.h"
#include "../../../main/native/device/mma.cuh"
#include "../../../main/native/device/shared_barrier.cuh"
#include "apart.h"

#include <chrono>
#include <functional>
#include <string>

namespace {

using namespace tenon;
using check::Device;
using check::require;

// Matrices in global memory, element by element into fragments as the PTX manual numbers them.
enum Kind { BF16, F16 };

uint16_t coded(Kind kind, float x) {
  if (kind == BF16) return check::narrow(x);
  const __half h = __float2half(x);
  uint16_t bits;
  memcpy(&bits, &h, 2);
  return bits;
}

float meant(Kind kind, uint16_t bits) {
  if (kind == BF16) return check::widen(bits);
  __half h;
  memcpy(static_cast<void*>(&h), &bits, 2);
  return __half2float(h);
}

template <Kind kind>
__global__ void multiply_16(const uint16_t* a, const uint16_t* b, float* c) {
  const int group = threadIdx.x / 4, within = threadIdx.x % 4;
  uint16_t fa[8], fb[4];
  float fc[4];
  for (int i = 0; i < 8; i++) {
    const int row = i < 2 || (4 <= i && i < 6) ? group : group + 8;
    const int column = within * 2 + (i & 1) + (i >= 4 ? 8 : 0);
    fa[i] = a[row * 16 + column];
  }
  for (int i = 0; i < 4; i++) fb[i] = b[(within * 2 + (i & 1) + (i >= 2 ? 8 : 0)) * 8 + group];
  for (int i = 0; i < 4; i++) fc[i] = c[(i < 2 ? group : group + 8) * 8 + within * 2 + (i & 1)];
  uint32_t wa[4], wb[2];
  memcpy(wa, fa, 16);
  memcpy(wb, fb, 8);
  if (kind == BF16) {
    mma_bf16(fc, wa, wb[0], wb[1]);
  } else {
    mma_f16(fc, wa, wb[0], wb[1]);
  }
  for (int i = 0; i < 4; i++) c[(i < 2 ? group : group + 8) * 8 + within * 2 + (i & 1)] = fc[i];
}

template <typename Launch>
void products(const char* what, int depth, const std::vector<float>& a, const std::vector<float>& b, Launch launch) {
  std::vector<float> c(16 * 8);
  for (float& v : c) v = check::normal();
  Device<float> dc(c);
  launch(dc.at);
  const std::vector<float> got = dc.read();
  double error = 0;
  for (int row = 0; row < 16; row++) {
    for (int column = 0; column < 8; column++) {
      double wanted = c[row * 8 + column];
      for (int k = 0; k < depth; k++) wanted += double(a[row * depth + k]) * b[k * 8 + column];
      error = fmax(error, fabs(got[row * 8 + column] - wanted));
    }
  }
  check::report(what, error, 1e-5);
}

template <Kind kind>
void products_16(const char* what) {
  std::vector<uint16_t> a(256), b(128);
  std::vector<float> fa, fb;
  for (uint16_t& v : a) fa.push_back(meant(kind, v = coded(kind, check::normal())));
  for (uint16_t& v : b) fb.push_back(meant(kind, v = coded(kind, check::normal())));
  if (kind == F16) a[3] = 0x0001, fa[3] = 0x1p-24f, a[4] = 0x83ff, fa[4] = -0x1.ff8p-15f;  // subnormal
  Device<uint16_t> da(a), db(b);
  products(what, 16, fa, fb, [&](float* c) { CUDA(enqueue(multiply_16<kind>, 1, 32, 0, nullptr, Start::AFTER, da.at, db.at, c)); });
}

__global__ void load(const uint16_t* from, uint32_t* to, bool transposed) {
  __shared__ __align__(16) uint16_t tile[4][8][8];
  for (int i = threadIdx.x; i < 256; i += 32) tile[i / 64][i / 8 % 8][i % 8] = from[i];
  __syncwarp();
  uint32_t words[4];
  const void* row = tile[threadIdx.x / 8][threadIdx.x % 8];
  if (transposed) {
    load_matrices_transposed(words, row);
  } else {
    load_matrices(words, row);
  }
  for (int i = 0; i < 4; i++) to[i * 32 + threadIdx.x] = words[i];
}

void loads() {
  std::vector<uint16_t> from(256);
  for (uint16_t& v : from) v = check::random()();
  Device<uint16_t> dfrom(from);
  Device<uint32_t> to(128);
  for (bool transposed : {false, true}) {
    CUDA(enqueue(load, 1, 32, 0, nullptr, Start::AFTER, dfrom.at, to.at, transposed));
    const std::vector<uint32_t> got = to.read();
    bool good = true;
    for (int matrix = 0; matrix < 4; matrix++) {
      for (int row = 0; row < 8; row++) {
        for (int column = 0; column < 8; column++) {
          const int r = transposed ? column : row, c = transposed ? row : column;
          const uint32_t word = got[matrix * 32 + r * 4 + c / 2];
          good &= uint16_t(c % 2 ? word >> 16 : word) == from[matrix * 64 + row * 8 + column];
        }
      }
    }
    require(transposed ? "load_matrices_transposed" : "load_matrices", good);
  }
}

__global__ void exchange(int* wrong) {
  const int lane = threadIdx.x % 32;
  const unsigned all = 0xffffffffu;
  int bad = 0;
  bad += __shfl_sync(all, lane * 3, 5) != 15;
  bad += __shfl_sync(all, lane * 3, lane + 1) != (lane + 1) % 32 * 3;
  bad += __shfl_sync(all, lane, 3, 8) != lane / 8 * 8 + 3;
  bad += __shfl_up_sync(all, lane, 2) != (lane < 2 ? lane : lane - 2);
  bad += __shfl_up_sync(all, lane, 1, 4) != (lane % 4 < 1 ? lane : lane - 1);
  bad += __shfl_down_sync(all, lane, 3) != (lane + 3 > 31 ? lane : lane + 3);
  bad += __shfl_down_sync(all, lane, 3, 16) != (lane % 16 + 3 > 15 ? lane : lane + 3);
  bad += __shfl_xor_sync(all, 1.5 * lane, 16) != 1.5 * (lane ^ 16);
  bad += __shfl_xor_sync(all, lane, 8, 8) != (lane & 8 ? lane ^ 8 : lane);  // upwards out of the segment: its own
  bad += __ballot_sync(all, lane % 3 == 0) != 0x49249249u;
  bad += __any_sync(all, lane == 7) != 1 || __any_sync(all, 0) != 0;
  bad += __all_sync(all, lane < 32) != 1 || __all_sync(all, lane) != 0;
  bad += __match_any_sync(all, lane / 4) != 15u << lane / 4 * 4;
  int same;
  bad += __match_all_sync(all, 9, &same) != all || !same;
  bad += __match_all_sync(all, lane, &same) != 0 || same;
  bad += __reduce_add_sync(all, lane) != 496 || __reduce_max_sync(all, lane - 40) != -9 || __reduce_min_sync(all, lane - 4) != -4;
  bad += __reduce_or_sync(all, 1u << lane) != all || __reduce_and_sync(all, ~(1u << lane)) != 0 || __reduce_xor_sync(all, unsigned(lane)) != 0;
  // parts of a warp on ways of their own
  if (lane < 10) {
    bad += __reduce_add_sync(0x3ffu, lane) != 45;
    __syncwarp(0x3ffu);
    bad += __ballot_sync(0x3ffu, 1) != 0x3ffu;
  } else if (lane < 20) {
    bad += __shfl_sync(0xffc00u, lane, 15) != 15;
  } else {
    bad += __reduce_add_sync(0xfff00000u, 1) != 12;
  }
  __syncwarp();
  atomicAdd(wrong, bad);
}

__global__ void barriers(int* wrong) {
  __shared__ int order[512];
  const int i = threadIdx.x;
  int bad = 0;
  order[i] = i;
  __syncthreads();
  bad += order[blockDim.x - 1 - i] != int(blockDim.x) - 1 - i;
  bad += __syncthreads_count(i % 2) != int(blockDim.x) / 2;
  bad += __syncthreads_or(i == 100) != 1 || __syncthreads_or(0) != 0;
  bad += __syncthreads_and(1) != 1 || __syncthreads_and(i != 5) != 0;
  atomicAdd(wrong, bad);
  if (i % 3 == 0) return;  // what has ended is not waited for
  const int left = __syncthreads_count(1);
  atomicAdd(wrong, left != int(blockDim.x) - int(blockDim.x + 2) / 3);
}

__global__ void copies(const uint4* from, uint32_t* seen) {
  __shared__ uint4 tile[64];
  const uint4 seven = {7, 7, 7, 7};
  for (int i = 0; i < 2; i++) tile[threadIdx.x + 32 * i] = seven;
  copy_async16(&tile[threadIdx.x], from + threadIdx.x);
  copy_commit();
  copy_async16(&tile[threadIdx.x + 32], from + threadIdx.x, threadIdx.x % 2);
  copy_commit();
  seen[threadIdx.x] = tile[threadIdx.x].x;
  copy_wait<1>();
  seen[32 + threadIdx.x] = tile[threadIdx.x].y;
  seen[64 + threadIdx.x] = tile[threadIdx.x + 32].x;
  copy_wait<0>();
  seen[96 + threadIdx.x] = tile[threadIdx.x + 32].z;
}

void copied() {
  std::vector<uint4> from(32);
  for (uint4& v : from) v = {uint32_t(check::random()()), uint32_t(check::random()()), uint32_t(check::random()()), 0};
  Device<uint4> dfrom(from);
  Device<uint32_t> seen(128);
  CUDA(enqueue(copies, 1, 32, 0, nullptr, Start::AFTER, dfrom.at, seen.at));
  const std::vector<uint32_t> got = seen.read();
  bool good = true;
  for (int i = 0; i < 32; i++) {
    good &= got[i] == 7 && got[32 + i] == from[i].y && got[64 + i] == 7 && got[96 + i] == (i % 2 ? from[i].z : 0);
  }
  require("copies are there after their wait, not before", good);
}

__global__ void unwritten(uint32_t* seen) {
  __shared__ uint32_t fixed[32];
  TENON_DYNAMIC_SHARED(uint32_t, dynamic);
  seen[2 * blockIdx.x] = fixed[threadIdx.x];
  seen[2 * blockIdx.x + 1] = dynamic[threadIdx.x];
  fixed[threadIdx.x] = dynamic[threadIdx.x] = 4;
}

__global__ void last_block(int* counter, int* sums, int* total) {
  __shared__ bool last;
  sums[blockIdx.x + gridDim.x * blockIdx.y] = 1 + blockIdx.x * blockIdx.y;
  __threadfence();
  if (threadIdx.x == 0) last = atomicAdd(counter, 1) == int(gridDim.x * gridDim.y) - 1;
  __syncthreads();
  if (last && threadIdx.x == 0) {
    for (unsigned i = 0; i < gridDim.x * gridDim.y; i++) *total += sums[i];
  }
}

__global__ void nothing() {}
__global__ void too_many_bytes(int bytes) {
  TENON_DYNAMIC_SHARED(char, dynamic);
  dynamic[bytes] = 1;
}
__global__ void half_a_barrier() {
  if (threadIdx.x < 40) {
    __syncthreads();
  } else if (threadIdx.x < 64) {
    __shfl_sync(0xffffffffu, 1, 0);
  }
}
__global__ void other_operations() {
  if (threadIdx.x < 3) {
    __any_sync(0xffffffffu, 1);
  } else {
    __syncwarp();
  }
}
__global__ void beyond(int* at, int64_t index) { at[index] = 0; }
__global__ void crooked(const char* from) { stream_load(from + 4); }
__global__ void lonely() {
  float sum[4] = {};
  const uint32_t a[4] = {};
  mma_bf16(sum, a, 0, 0);
}

// Runs in a process of its own, which must end with a message.
void dies(const char* what, const char* message, const std::function<void()>& run) {
  const emulation::Ended ended = emulation::run_apart(run);
  const bool good = WIFSIGNALED(ended.status) && ended.text.find(message) != std::string::npos;
  require(what, good);
  if (!good) printf("%s\n", ended.text.c_str());
}

__global__ void leave_early() {
  if (threadIdx.x == 0) emulation::land_later([] {});
}

void refusals() {
  require("2 empty grids and blocks are refused", enqueue(nothing, 0, 32, 0, nullptr, Start::AFTER) == cudaErrorInvalidConfiguration &&
                                                      enqueue(nothing, 1, 0, 0, nullptr, Start::AFTER) == cudaErrorInvalidConfiguration);
  require("a grid's y of 65536 is refused", enqueue(nothing, dim3(1, 65536), 32, 0, nullptr, Start::AFTER) == cudaErrorInvalidConfiguration);
  require("1025 threads are refused", enqueue(nothing, 1, 1025, 0, nullptr, Start::AFTER) == cudaErrorInvalidConfiguration);
  require("228 KB of shared memory are refused", enqueue(nothing, 1, 32, 228 * 1024, nullptr, Start::AFTER) == cudaErrorInvalidValue);
  dies("a barrier that some do not reach", "threads 0-39 wait at __syncthreads\n  threads 40-63 wait at __shfl_sync (mask ffffffff) for threads 32-39\n"
       "  threads 64-95 have ended", [] { enqueue(half_a_barrier, 1, 96, 0, nullptr, Start::AFTER); });
  dies("the kernel is named", "half_a_barrier", [] { enqueue(half_a_barrier, 1, 96, 0, nullptr, Start::AFTER); });
  dies("a warp at different operations", "while others of the mask ffffffff wait for it at", [] { enqueue(other_operations, 1, 32, 0, nullptr, Start::AFTER); });
  dies("a matrix product by part of a warp", "mma_bf16 by a warp of which", [] { enqueue(lonely, 1, 16, 0, nullptr, Start::AFTER); });
  dies("a write right behind dynamic shared memory", "beyond the 100 bytes", [] { enqueue(too_many_bytes, 1, 1, 100, nullptr, Start::AFTER, 100); });
  dies("a write far behind dynamic shared memory", "signal", [] { enqueue(too_many_bytes, 1, 1, 1024, nullptr, Start::AFTER, 1024); });
  dies("a write behind device memory", "device memory was written at byte 404 of a block of 404", [] {
    Device<int> memory(37);  // and the 256 bytes that Device adds
    enqueue(beyond, 1, 1, 0, nullptr, Start::AFTER, memory.at, 101);
  });
  dies("a write far behind device memory", "signal", [] {
    Device<int> memory(100);
    enqueue(beyond, 1, 1, 0, nullptr, Start::AFTER, memory.at, 5000);
  });
  dies("a load that is badly aligned", "stream_load", [] {
    Device<char> memory(100);
    enqueue(crooked, 1, 1, 0, nullptr, Start::AFTER, memory.at);
  });
  dies("a block that ends before its copies have landed", "copies are under way", [] { enqueue(leave_early, 1, 32, 0, nullptr, Start::AFTER); });
  dies("an early start without a wait", "never waits for its predecessor", [] { enqueue(nothing, 1, 1, 0, nullptr, Start::EARLY); });
}

// Eight copies by the hardware: how many had landed when the last was asked for, how many in the end, and in which order.
__global__ void land(int* at) {
  __shared__ uint64_t barrier;
  if (threadIdx.x == 0) {
    barrier_init(&barrier, 1);
    int* count = at + 1;
    *at = *count = 0;
    barrier_arrive_expecting(&barrier, 8 * 16);
    for (int i = 0; i < 8; i++) {
      emulation::land_later([at, count, i] {
        at[2 + (*count)++] = i;
        barrier_change(&barrier, 0, -16);
      });
    }
    *at = *count;
  }
  __syncthreads();
  barrier_wait(&barrier, 0);
}

void landed() {
  bool none_at_once = true, all = true, in_order = true;
  for (int run = 0; run < 4; run++) {
    Device<int> at(10);
    CUDA(enqueue(land, 1, 32, 0, nullptr, Start::AFTER, at.at));
    const std::vector<int> seen = at.read();
    none_at_once &= seen[0] == 0;
    all &= seen[1] == 8;
    in_order &= std::is_sorted(seen.begin() + 2, seen.end());
  }
  require("copies of the hardware land late", none_at_once);
  require("  all of them before the wait ends", all);
  require("  in any order", !in_order);
}

__global__ void increase(int* at) { ++*at; }

struct Recording : emulation::Stream {
  std::vector<std::function<void()>> runs, drops;
};

void recorded() {
  Recording recording;
  recording.take = [](emulation::Stream* stream, void (*run)(void*), void (*drop)(void*), void* operation) {
    static_cast<Recording*>(stream)->runs.push_back([=] { run(operation); });
    static_cast<Recording*>(stream)->drops.push_back([=] { drop(operation); });
    return 0;
  };
  Device<int> counter(std::vector<int>{0});
  CUDA(enqueue(increase, 1, 1, 0, &recording, Start::AFTER, counter.at));
  const bool waits = counter.read()[0] == 0;
  for (int i = 0; i < 3; i++) recording.runs.at(0)();
  recording.drops.at(0)();
  require("a stream that records launches runs them later", waits && recording.runs.size() == 1 && counter.read()[0] == 3);
}

__global__ void many_products(float* out, int count) {
  float sum[4] = {};
  const uint32_t a[4] = {0x3f803f80u, 0x3f803f80u, 0x3f803f80u, 0x3f803f80u};
  for (int i = 0; i < count; i++) mma_bf16(sum, a, 0x3f803f80u, 0x3f803f80u);
  out[threadIdx.x] = sum[0];
}

__global__ void many_barriers(int count) {
  for (int i = 0; i < count; i++) __syncthreads();
}

template <typename Run>
double seconds(Run run) {
  const auto from = std::chrono::steady_clock::now();
  run();
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - from).count();
}

}  // namespace

int main() {
  products_16<BF16>("mma_bf16");
  products_16<F16>("mma_f16");
  loads();
  Device<int> wrong(std::vector<int>{0});
  for (int i = 0; i < 2; i++) {  // threads go the other way at every other launch
    CUDA(enqueue(exchange, 3, 96, 0, nullptr, Start::AFTER, wrong.at));
    require("exchanges within a warp", wrong.read()[0] == 0);
    CUDA(enqueue(barriers, 2, 512, 0, nullptr, Start::AFTER, wrong.at));
    require("barriers of a block", wrong.read()[0] == 0);
    copied();
    Device<uint32_t> seen(6);
    CUDA(enqueue(unwritten, 3, 1, 128, nullptr, Start::AFTER, seen.at));
    require("shared memory is poisoned for each block", seen.read() == std::vector<uint32_t>(6, 0xffffffffu));
    Device<int> counter(std::vector<int>{0, 0}), sums(12);
    CUDA(enqueue(last_block, dim3(3, 4), 64, 0, nullptr, Start::AFTER, counter.at, sums.at, counter.at + 1));
    require("the last block sees all others", counter.read()[1] == 12 + 18);
  }
  require("bytes are permuted", __byte_perm(0x33221180u, 0x77665544u, 0x0f48u - 0x0f40u + 0x7410u) == 0x774411ffu);
  landed();
  recorded();
  refusals();
  Device<float> out(64);
  const double products = seconds([&] { CUDA(enqueue(many_products, 1, 64, 0, nullptr, Start::AFTER, out.at, 50000)); });
  require("products add up", out.read()[63] == 16.0f * 50000);
  const double crossed = seconds([&] { CUDA(enqueue(many_barriers, 1, 256, 0, nullptr, Start::AFTER, 2000)); });
  printf("%.2f million products of a warp a second, %.1f million threads at barriers a second\n", 0.1 / products, 256 * 2000 / crossed / 1e6);
  printf("%d failures\n", check::failures);
  return check::failures != 0;
}
