// Sums over ranks against their definition. Ranks are streams of one card, or, where kernels are emulated, processes that
// share memory: their kernels wait for each other. So on a card the blocks of all ranks must find room at once, and those of
// the kernels behind them, which start early and wait: few ranks and rows, and few steps until the host waits.
// sources: smxx/exchange/*.cu smxx/elementwise/add_norm.cu
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../../main/native/abi/kernel_table.h"
#include "../../main/native/smxx/entry_points.h"
#include "check.h"

namespace {

constexpr int kMostRanks = TENON_PEER_RANKS;

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

// Regions of a group's ranks.
struct Group {
  int ranks;
  int64_t rows_most, most;
  unsigned char* regions[kMostRanks];

  Group(int count, int64_t most_of_rows, int64_t most_elements) : ranks(count), rows_most(most_of_rows * 2), most(most_elements * 2) {
    for (int rank = 0; rank < ranks; rank++) regions[rank] = shared_memory(TENON_PEER_HEAD_BYTES + ranks * (4 * rows_most + 2 * most));
  }

  tenon_peers peers(int rank) const {
    tenon_peers p = {ranks, rank, rows_most, most, {}};
    for (int other = 0; other < ranks; other++) p.region[other] = reinterpret_cast<int64_t>(regions[other]);
    return p;
  }

  // The rank waits for nobody any more.
  void leave(int rank) const {
    const uint32_t one = 1;
    CUDA(cudaMemcpy(regions[rank] + TENON_PEER_LEAVE, &one, sizeof one, cudaMemcpyHostToDevice));
  }

  // Has every rank enqueue its `steps`: launch(rank, step, stream), one after another. blocks: of a step on a rank at most.
  template <typename Launch>
  void run(int steps, int blocks, const Launch& launch) const {
    if (kOneByOne) {
      for (int rank = 0; rank < ranks; rank++) leave(rank);
    }
#if defined(TENON_EMULATED)
    fflush(stdout);
    std::vector<pid_t> processes;
    for (int rank = 0; rank < ranks; rank++) {
      const pid_t process = fork();
      if (process == 0) {
        int failed = 0;
        for (int step = 0; step < steps; step++) failed |= launch(rank, step, nullptr);
        _exit(failed ? 1 : 0);
      }
      processes.push_back(process);
    }
    for (const pid_t process : processes) {
      int status = 0;
      if (waitpid(process, &status, 0) != process || status) check::require("a rank's process ends well", false);
    }
#else
    const int together = std::max(1, 100 / (ranks * blocks));  // on cards of 108 multiprocessors too
    cudaStream_t streams[kMostRanks];
    for (int rank = 0; rank < ranks; rank++) CUDA(cudaStreamCreateWithFlags(&streams[rank], cudaStreamNonBlocking));
    for (int step = 0; step < steps; step++) {
      for (int rank = 0; rank < ranks; rank++) CUDA(launch(rank, step, streams[rank]));
      if ((step + 1) % together == 0) CUDA(cudaDeviceSynchronize());
    }
    CUDA(cudaDeviceSynchronize());
    for (int rank = 0; rank < ranks; rank++) CUDA(cudaStreamDestroy(streams[rank]));
#endif
    if (kOneByOne) check::require("sums that nobody waits for end", true);
  }
};

template <typename T>
std::vector<T> read(const T* from, size_t count) {
  std::vector<T> values(count);
  CUDA(cudaMemcpy(values.data(), from, count * sizeof(T), cudaMemcpyDeviceToHost));
  return values;
}

template <typename T>
T* shared_copy(const std::vector<T>& values) {
  T* at = reinterpret_cast<T*>(shared_memory(values.size() * sizeof(T)));
  CUDA(cudaMemcpy(at, values.data(), values.size() * sizeof(T), cudaMemcpyHostToDevice));
  return at;
}

int launch_sum(const Group& group, int rank, const void* elements, int64_t count, void* stream) {
  const tenon_peer_sum p = {reinterpret_cast<int64_t>(elements), count, group.peers(rank)};
  return tenon_peer_sum_launch(&p, stream);
}

// Each sum goes over what the one before left, so an element that was read too early, or twice, shows.
void sums(int ranks, const std::vector<int64_t>& counts) {
  const int64_t most = *std::max_element(counts.begin(), counts.end());
  const Group group(ranks, 0, most);
  std::vector<std::vector<uint16_t>> want(ranks, std::vector<uint16_t>(most));
  std::vector<uint16_t*> elements;
  for (int rank = 0; rank < ranks; rank++) {
    for (uint16_t& v : want[rank]) v = check::narrow(check::normal());
    elements.push_back(shared_copy(want[rank]));
  }
  group.run(static_cast<int>(counts.size()), TENON_PEER_BLOCKS,
            [&](int rank, int step, void* stream) { return launch_sum(group, rank, elements[rank], counts[step], stream); });
  if (kOneByOne) return;
  for (const int64_t count : counts) {
    for (int64_t i = 0; i < count; i++) {
      float sum = 0;
      for (int rank = 0; rank < ranks; rank++) sum += check::widen(want[rank][i]);
      for (int rank = 0; rank < ranks; rank++) want[rank][i] = check::narrow(sum);
    }
  }
  bool good = true;
  for (int rank = 0; rank < ranks; rank++) good &= read(elements[rank], most) == want[rank];
  char what[100];
  snprintf(what, sizeof what, "%d ranks, %zu sums of up to %lld elements", ranks, counts.size(), static_cast<long long>(most));
  check::require(what, good);
}

struct RowsStep {
  int rows, most, hidden;
};

// Rows join a residual stream of their own length again and again, by add_norm, each time with other parts of the ranks'.
void rows(int ranks, const std::vector<RowsStep>& steps) {
  int64_t most = 0, parts = 0;
  int blocks = 0;
  for (const RowsStep& s : steps) {
    most = std::max<int64_t>(most, int64_t(s.most) * s.hidden), parts += int64_t(s.most) * s.hidden;
    blocks = std::max(blocks, s.most);
  }
  const Group group(ranks, most, 0);
  std::vector<std::vector<uint16_t>> pending(ranks, std::vector<uint16_t>(parts));
  std::vector<uint16_t*> dpending, dnormed;
  std::vector<float*> dresidual;
  std::vector<float> residual(most), scale(most);
  for (float& v : residual) v = check::normal();
  for (float& v : scale) v = check::normal();
  std::vector<int32_t> counts;
  for (const RowsStep& s : steps) counts.push_back(s.rows);
  const int32_t* dcounts = shared_copy(counts);
  const float* dscale = shared_copy(scale);
  for (int rank = 0; rank < ranks; rank++) {
    for (uint16_t& v : pending[rank]) v = check::narrow(check::normal());
    dpending.push_back(shared_copy(pending[rank]));
    dnormed.push_back(shared_copy(std::vector<uint16_t>(most)));
    dresidual.push_back(shared_copy(residual));
  }
  std::vector<int64_t> first;  // part of a step's
  for (int64_t at = 0; const RowsStep& s : steps) first.push_back(at), at += int64_t(s.most) * s.hidden;
  group.run(static_cast<int>(steps.size()), blocks, [&](int rank, int step, void* stream) {
    const RowsStep& s = steps[step];
    const tenon_add_norm p = {s.most, reinterpret_cast<int64_t>(dcounts + step), s.hidden, 0, reinterpret_cast<int64_t>(dresidual[rank]),
                              reinterpret_cast<int64_t>(dpending[rank] + first[step]), reinterpret_cast<int64_t>(dscale), 1e-6,
                              reinterpret_cast<int64_t>(dnormed[rank]), s.hidden, group.peers(rank)};
    return tenon_add_norm_launch(&p, stream);
  });
  if (kOneByOne) return;
  std::vector<double> normed(most);
  for (size_t step = 0; step < steps.size(); step++) {
    const RowsStep& s = steps[step];
    for (int row = 0; row < s.rows; row++) {
      double square = 0;
      for (int64_t i = int64_t(row) * s.hidden; i < int64_t(row + 1) * s.hidden; i++) {
        float sum = 0;
        for (int rank = 0; rank < ranks; rank++) sum += check::widen(pending[rank][first[step] + i]);
        residual[i] += sum;
        square += double(residual[i]) * residual[i];
      }
      for (int i = 0; i < s.hidden; i++) {
        const int64_t at = int64_t(row) * s.hidden + i;
        normed[at] = residual[at] / std::sqrt(square / s.hidden + 1e-6) * scale[i];
      }
    }
  }
  bool good = true, same = true;
  double error = 0;
  const std::vector<uint16_t> left = read(dnormed[0], most);
  for (int rank = 0; rank < ranks; rank++) {
    good &= read(dresidual[rank], most) == residual;
    same &= read(dnormed[rank], most) == left;
  }
  for (int64_t i = 0; i < most; i++) error = std::max(error, std::abs(check::widen(left[i]) - normed[i]) / (std::abs(normed[i]) + 1e-3));
  char what[100];
  snprintf(what, sizeof what, "%d ranks, %zu times up to %lld elements of rows", ranks, steps.size(), static_cast<long long>(most));
  check::require(what, good);
  check::require("  all ranks have the same norm", same);
  check::require("  which is the norm", error < 5e-3);
}

void leaves() {
  const Group group(2, 4096, 4096);
  const uint16_t* elements = shared_copy(std::vector<uint16_t>(4096));
  const int32_t* count = shared_copy(std::vector<int32_t>{2});
  float* residual = shared_copy(std::vector<float>(4096));
  group.leave(0);
  // the other rank never comes
  CUDA(launch_sum(group, 0, elements, 8, nullptr));
  const tenon_add_norm p = {2, reinterpret_cast<int64_t>(count), 2048, 1, reinterpret_cast<int64_t>(residual), reinterpret_cast<int64_t>(elements),
                            reinterpret_cast<int64_t>(residual), 1e-6, reinterpret_cast<int64_t>(elements), 2048, group.peers(0)};
  CUDA(tenon_add_norm_launch(&p, nullptr));
  CUDA(cudaDeviceSynchronize());
  check::require("a rank that is told to leave waits for nobody", true);
}

void refusals() {
  const Group group(2, 128, 64);
  const uint16_t* elements = shared_copy(std::vector<uint16_t>(256));
  check::require("more than fits is refused", launch_sum(group, 0, elements, 72, nullptr) != 0);
  check::require("a part of a piece is refused", launch_sum(group, 0, elements, 12, nullptr) != 0);
  check::require("no elements are no work", launch_sum(group, 0, elements, 0, nullptr) == 0);
  const int64_t at = reinterpret_cast<int64_t>(elements);
  tenon_add_norm p = {3, at, 64, 1, at, at, at, 1e-6, at, 64, group.peers(0)};
  check::require("more rows than fit are refused", tenon_add_norm_launch(&p, nullptr) != 0);
  p.max_rows = 2, p.pending = 0;
  check::require("rows of which nothing is summed are refused", tenon_add_norm_launch(&p, nullptr) != 0);
}

}  // namespace

int main() {
#if !defined(TENON_EMULATED)
  alarm(120);  // sums that wait for each other for ever end so
#endif
  refusals();
  leaves();
  sums(2, {2048});
  sums(2, {8, 2048, 16, 2048, 4096, 8, 8, 4096});
  sums(3, {264, 264, 264, 264, 264});
#if defined(TENON_EMULATED)
  sums(4, {2048 * 3, 2048, 2048 * 3, 2048});
  sums(8, {1024, 1024, 1024});
#endif
  sums(3, {40000, 8, 32776, 40000});
  rows(2, {{1, 1, 2048}});
  rows(2, {{1, 1, 512}, {1, 2, 512}, {2, 2, 512}, {0, 3, 512}, {0, 1, 512}, {3, 3, 512}, {1, 3, 256}, {2, 3, 512}, {3, 3, 512}});
  rows(3, {{5, 8, 264}, {5, 8, 264}, {1, 1, 2048}, {5, 8, 264}});
  rows(8, {{2, 2, 256}, {1, 1, 256}, {2, 2, 256}});
  if (!check::kBrief) {
    sums(2, std::vector<int64_t>(200, 2048 * 256));
    sums(3, std::vector<int64_t>(200, 2048 * 16));
    rows(2, std::vector<RowsStep>(200, {40, 50, 2048}));
    rows(2, std::vector<RowsStep>(200, {7, 8, 2048}));
    rows(4, std::vector<RowsStep>(200, {4, 4, 2048}));
  }
  printf("%d failures\n", check::failures);
  return check::failures ? 1 : 0;
}
