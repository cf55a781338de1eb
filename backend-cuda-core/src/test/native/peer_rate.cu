// Rates of copies between two cards, the limit of what ranks exchange: run --card --build peer_rate.cu
// sources:
#include <cuda_runtime.h>

#include <algorithm>
#include <cstdio>

namespace {

constexpr size_t kBytes = 256 << 20;
constexpr int kRounds = 20;

struct Side {
  int card;
  void *from, *to;  // both on this card
  cudaStream_t stream;
  cudaEvent_t start, end;
};

bool open(Side& side, int card, int other) {
  side.card = card;
  int reachable = 0;
  return !cudaSetDevice(card) && !cudaDeviceCanAccessPeer(&reachable, card, other) && reachable &&
         !cudaDeviceEnablePeerAccess(other, 0) && !cudaMalloc(&side.from, kBytes) && !cudaMalloc(&side.to, kBytes) &&
         !cudaStreamCreate(&side.stream) && !cudaEventCreate(&side.start) && !cudaEventCreate(&side.end);
}

void copy(const Side& from, const Side& to) {
  cudaMemcpyPeerAsync(to.to, to.card, from.from, from.card, kBytes, from.stream);
}

// GB/s of each of the first `count` sides, which copy to their neighbours at once; the slower counts.
double rate(Side (&sides)[2], int count) {
  for (int i = 0; i < count; i++) copy(sides[i], sides[1 - i]);
  for (int i = 0; i < count; i++) {
    cudaSetDevice(sides[i].card);
    cudaEventRecord(sides[i].start, sides[i].stream);
  }
  for (int round = 0; round < kRounds; round++) {
    for (int i = 0; i < count; i++) copy(sides[i], sides[1 - i]);
  }
  float longest = 0;
  for (int i = 0; i < count; i++) {
    cudaSetDevice(sides[i].card);
    cudaEventRecord(sides[i].end, sides[i].stream);
  }
  for (int i = 0; i < count; i++) {
    float milliseconds = 0;
    if (cudaEventSynchronize(sides[i].end) || cudaEventElapsedTime(&milliseconds, sides[i].start, sides[i].end)) return 0;
    longest = std::max(longest, milliseconds);
  }
  return kRounds * (kBytes / 1e6) / longest;
}

}  // namespace

int main() {
  Side sides[2];
  if (!open(sides[0], 0, 1) || !open(sides[1], 1, 0)) {
    std::fprintf(stderr, "peer_rate: two cards that reach each other's memory are needed\n");
    return 1;
  }
  const double alone = rate(sides, 1), both = rate(sides, 2);
  std::printf("copies between cards: %.1f GB/s, both ways at once %.1f GB/s each\n", alone, both);
  return alone > 0 && both > 0 ? 0 : 1;
}
