// Sums over ranks against their definition. Ranks are streams of one card, or, where kernels are emulated, processes that
// share memory: their kernels wait for each other.
// sources: smxx/exchange/*.cu
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../../main/native/abi/kernel_table.h"
#include "../../main/native/smxx/entry_points.h"
#include "check.h"

namespace {

constexpr int kMostRanks = 8;

// compute-sanitizer may run one kernel after another: then no rank can wait for others, and only accesses are looked at.
#if defined(TENON_BRIEF)
constexpr bool kOneByOne = true;
#else
constexpr bool kOneByOne = false;
#endif

// Memory that every rank sees, zero in the beginning.
unsigned char* shared_memory(size_t bytes) {
#if defined(TENON_EMULATED)
  void* at = mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (at == MAP_FAILED) abort();
#else
  void* at;
  CUDA(cudaMalloc(&at, bytes));
  CUDA(cudaMemset(at, 0, bytes));
#endif
  return static_cast<unsigned char*>(at);
}

// Regions of a group and what its ranks sum.
struct Group {
  int ranks;
  int64_t most;
  unsigned char* regions[kMostRanks];
  uint16_t* elements[kMostRanks];

  Group(int count, int64_t most_elements) : ranks(count), most(most_elements * 2) {
    for (int rank = 0; rank < ranks; rank++) {
      regions[rank] = shared_memory(TENON_PEER_HEAD_BYTES + 2 * ranks * (2 * TENON_PEER_SMALL_BYTES + most));
      elements[rank] = reinterpret_cast<uint16_t*>(shared_memory(most));
    }
  }

  int launch(int rank, int64_t count, void* stream) const {
    tenon_peer_sum p = {};
    p.address = reinterpret_cast<int64_t>(elements[rank]), p.elements = count, p.ranks = ranks, p.rank = rank;
    p.most = most;
    int64_t* at[kMostRanks] = {&p.region_0, &p.region_1, &p.region_2, &p.region_3, &p.region_4, &p.region_5, &p.region_6, &p.region_7};
    for (int other = 0; other < ranks; other++) *at[other] = reinterpret_cast<int64_t>(regions[other]);
    return tenon_peer_sum_launch(&p, stream);
  }

  // The rank waits for nobody any more.
  void leave(int rank) const {
    const uint32_t one = 1;
    CUDA(cudaMemcpy(regions[rank] + TENON_PEER_LEAVE, &one, sizeof one, cudaMemcpyHostToDevice));
  }

  // Sums of all ranks, one after another.
  void run(const std::vector<int64_t>& counts) const {
#if defined(TENON_EMULATED)
    fflush(stdout);
    std::vector<pid_t> processes;
    for (int rank = 0; rank < ranks; rank++) {
      const pid_t process = fork();
      if (process == 0) {
        int failed = 0;
        for (const int64_t count : counts) failed |= launch(rank, count, nullptr);
        _exit(failed ? 1 : 0);
      }
      processes.push_back(process);
    }
    for (const pid_t process : processes) {
      int status = 0;
      if (waitpid(process, &status, 0) != process || status) check::require("a rank's process ends well", false);
    }
#else
    cudaStream_t streams[kMostRanks];
    for (int rank = 0; rank < ranks; rank++) CUDA(cudaStreamCreateWithFlags(&streams[rank], cudaStreamNonBlocking));
    for (const int64_t count : counts) {
      for (int rank = 0; rank < ranks; rank++) CUDA(launch(rank, count, streams[rank]));
    }
    CUDA(cudaDeviceSynchronize());
    for (int rank = 0; rank < ranks; rank++) CUDA(cudaStreamDestroy(streams[rank]));
#endif
  }
};

// Each sum goes over what the one before left, so an element that was read too early, or twice, shows.
void sums(int ranks, const std::vector<int64_t>& counts) {
  const int64_t most = *std::max_element(counts.begin(), counts.end());
  const Group group(ranks, most);
  std::vector<std::vector<uint16_t>> want(ranks, std::vector<uint16_t>(most));
  for (int rank = 0; rank < ranks; rank++) {
    for (uint16_t& v : want[rank]) v = check::narrow(check::normal());
    CUDA(cudaMemcpy(group.elements[rank], want[rank].data(), 2 * most, cudaMemcpyHostToDevice));
  }
  if (kOneByOne) {
    for (int rank = 0; rank < ranks; rank++) group.leave(rank);
  }
  group.run(counts);
  if (kOneByOne) {
    check::require("sums that nobody waits for end", true);
    return;
  }
  for (const int64_t count : counts) {
    for (int64_t i = 0; i < count; i++) {
      float sum = 0;
      for (int rank = 0; rank < ranks; rank++) sum += check::widen(want[rank][i]);
      for (int rank = 0; rank < ranks; rank++) want[rank][i] = check::narrow(sum);
    }
  }
  bool good = true;
  for (int rank = 0; rank < ranks; rank++) {
    std::vector<uint16_t> got(most);
    CUDA(cudaMemcpy(got.data(), group.elements[rank], 2 * most, cudaMemcpyDeviceToHost));
    good &= got == want[rank];
  }
  char what[100];
  snprintf(what, sizeof what, "%d ranks, %zu sums of up to %lld elements", ranks, counts.size(), static_cast<long long>(most));
  check::require(what, good);
}

void leaves() {
  const Group group(2, TENON_PEER_SMALL_BYTES);
  group.leave(0);
  for (const int64_t count : {int64_t(8), int64_t(TENON_PEER_SMALL_BYTES)}) CUDA(group.launch(0, count, nullptr));  // the other rank never comes
  CUDA(cudaDeviceSynchronize());
  check::require("a rank that is told to leave waits for nobody", true);
}

void refusals() {
  const Group group(2, 64);
  check::require("more than fits is refused", group.launch(0, 72, nullptr) != 0);
  check::require("a part of a piece is refused", group.launch(0, 12, nullptr) != 0);
  check::require("no elements are no work", group.launch(0, 0, nullptr) == 0);
}

}  // namespace

int main() {
  refusals();
  leaves();
  sums(2, {2048});
  sums(2, {8, 2048, 16, 2048, 4096, 8, 8, 4096});
  sums(3, {264, 264, 264, 264, 264});
  sums(4, {2048 * 3, 2048, 2048 * 3, 2048});
  sums(8, {1024, 1024, 1024});
  constexpr int64_t kSmall = TENON_PEER_SMALL_BYTES / 2;
  sums(2, {kSmall, kSmall + 8, kSmall + 8, kSmall + 8, 16, kSmall + 1000, kSmall});
  sums(3, {kSmall + 2048, 8, kSmall + 8, kSmall + 2048});
  if (!check::kBrief) {
    sums(2, std::vector<int64_t>(200, 2048 * 256));
    sums(4, std::vector<int64_t>(200, 2048 * 16));
  }
  printf("%d failures\n", check::failures);
  return check::failures ? 1 : 0;
}
