// Times launches as the engine issues them: a chain in a captured graph. For the card only.
#ifndef TENON_TEST_TIMING_H
#define TENON_TEST_TIMING_H

#include "check.h"

namespace check {

// What an H200 reads per microsecond.
constexpr double kReadBytesPerMicro = 4.54e6;

// Microseconds per launch of a chain of `launches`; run(i, stream) enqueues the i-th. Median of `repeats` replays.
template <typename Run>
double chained_micros(int launches, Run run, int repeats = 21) {
  cudaStream_t stream;
  cudaGraph_t graph;
  cudaGraphExec_t ready;
  CUDA(cudaStreamCreate(&stream));
  CUDA(cudaStreamBeginCapture(stream, cudaStreamCaptureModeThreadLocal));
  for (int i = 0; i < launches; i++) run(i, stream);
  CUDA(cudaStreamEndCapture(stream, &graph));
  CUDA(cudaGraphInstantiate(&ready, graph, 0));
  cudaEvent_t from, to;
  CUDA(cudaEventCreate(&from));
  CUDA(cudaEventCreate(&to));
  std::vector<float> times;
  for (int i = -3; i < repeats; i++) {
    CUDA(cudaEventRecord(from, stream));
    CUDA(cudaGraphLaunch(ready, stream));
    CUDA(cudaEventRecord(to, stream));
    CUDA(cudaEventSynchronize(to));
    float millis;
    CUDA(cudaEventElapsedTime(&millis, from, to));
    if (i >= 0) times.push_back(millis * 1000);
  }
  CUDA(cudaEventDestroy(from));
  CUDA(cudaEventDestroy(to));
  CUDA(cudaGraphExecDestroy(ready));
  CUDA(cudaGraphDestroy(graph));
  CUDA(cudaStreamDestroy(stream));
  std::nth_element(times.begin(), times.begin() + times.size() / 2, times.end());
  return times[times.size() / 2] / launches;
}

}  // namespace check
#endif
