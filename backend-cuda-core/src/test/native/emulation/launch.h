// Runs a kernel on the host. A block's threads are fibers of one thread of the process; blocks run one after another.
#ifndef TENON_EMULATION_LAUNCH_H
#define TENON_EMULATION_LAUNCH_H

#include <stdint.h>
#include <cuda_runtime.h>

#include <functional>

// What the running thread sees; set at every switch.
extern uint3 threadIdx, blockIdx;
extern dim3 blockDim, gridDim;

namespace tenon::emulation {

struct Launch {
  const void* kernel;
  dim3 grid, block;
  int shared_bytes;
  bool early;
  std::function<void()> thread;
};

// What a stream's handle points to, unless it is null: the driver takes operations from here. It may run one at once or
// keep it and run it several times; it drops it in the end. Plain C, as drivers and kernels are libraries of their own.
struct Stream {
  int (*take)(Stream*, void (*run)(void*), void (*drop)(void*), void* operation);
};

// Refuses what a card refuses; returns a CUDA error code.
int enqueue(Launch launch, void* stream);

// Ends the process with a message that says where the running kernel stands.
[[noreturn]] void fail(const char* format, ...) __attribute__((format(printf, 1, 2)));

unsigned lane();
void* dynamic_shared();

// Threads of a warp meet: `record` is what each brings; the last one to come calls `finish` with all records, by lane,
// and the lanes that are there. All threads of the mask that have not ended must come to the same operation.
using Finish = void (*)(void* const (&records)[32], uint32_t present);
void meet(uint32_t mask, const char* operation, Finish finish, void* record);
void nothing(void* const (&records)[32], uint32_t present);    // of threads that only wait for each other, as in __syncwarp
void unordered(void* const (&records)[32], uint32_t present);  // where a card would not have them wait

// As above for all 32 threads of a warp, none of which may have ended.
void meet_warp(const char* operation, Finish finish, void* record);

struct Counts {
  int threads, nonzero;
};
// Threads of the block meet; those that have ended do not count.
Counts meet_block(const char* operation, bool predicate);

// A barrier of a number of threads (bar.sync, bar.arrive).
void meet_at(int barrier, int threads, bool wait);

// Lets other threads go on: for loops that wait for one.
void yield();

void waited_for_predecessor();

// Copies are done as late as a card may do them, so that a wait that is missing shows.
void copy_later(void* to, const void* from, int bytes, bool valid);
void commit_copies();
void finish_copies(int pending);

// Copies that the hardware does by itself (TMA): they land while threads wait, late and in any order.
void land_later(std::function<void()> copy);

}  // namespace tenon::emulation
#endif
