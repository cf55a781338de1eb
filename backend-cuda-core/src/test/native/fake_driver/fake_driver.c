// A driver without a device, for tests: it counts what is open, copies memory on the host, and fails when told to.
// Streams do at once what they are given, or record it while they are captured; kernels of an emulated library
// (../emulation/launch.h) run for real.
//
// FAKE_CUDA_VERSION sets its version, FAKE_CUDA_MEMORY the bytes that may be allocated, FAKE_CUDA_DEVICES the number of
// devices; fake_cuda_fault(1) makes every later wait and launch fail, as a fault of a real device does. Memory is filled
// with 0xff (its first 16 MB) when it is allocated, and what lies behind a block is checked when it is freed. Blocks of
// SHARED_BYTES and more are files without a name, which other processes open (cuIpc…) while this one lives.
#define _GNU_SOURCE
#define __CUDA_API_VERSION_INTERNAL
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include "cuda.h"

static _Atomic long long open_objects, allocated;
static _Atomic int sticky;

struct operation {
  void (*run)(void*);
  void (*drop)(void*);
  void* what;
};

struct graph {
  size_t count, room;
  struct operation* operations;
  int holders;  // the graph and what was instantiated from it
};

struct stream {
  int (*take)(struct stream*, void (*run)(void*), void (*drop)(void*), void* what);  // first, for kernels
  struct graph* captured;  // null unless it is captured
};

struct block {
  size_t bytes, whole;  // whole: with what lies before and behind, 0 unless it is a file
  int file;
};
enum { BLOCK_ALIGNMENT = 256, GUARD_BYTES = 256, GUARD = 0xa5, SHARED_BYTES = 1 << 16 };

// What a handle holds, and what lies before the address that it is opened to.
struct shared {
  int process, file;
  size_t whole, offset;
};

static long long number(const char* name, long long otherwise) {
  const char* value = getenv(name);
  return value ? atoll(value) : otherwise;
}
static CUresult outcome(void) { return sticky ? CUDA_ERROR_ILLEGAL_ADDRESS : CUDA_SUCCESS; }
static void* object(void) {
  open_objects++;
  return malloc(16);
}
static CUresult drop(void* made) {
  free(made);
  open_objects--;
  return CUDA_SUCCESS;
}

long long fake_cuda_open_objects(void) { return open_objects; }
void fake_cuda_fault(int on) { sticky = on; }

CUresult cuInit(unsigned flags) { return flags ? CUDA_ERROR_INVALID_VALUE : CUDA_SUCCESS; }
CUresult cuDriverGetVersion(int* version) {
  *version = (int)number("FAKE_CUDA_VERSION", 13000);
  return CUDA_SUCCESS;
}
CUresult cuGetErrorName(CUresult error, const char** name) {
  *name = error == CUDA_ERROR_OUT_OF_MEMORY ? "CUDA_ERROR_OUT_OF_MEMORY"
          : error == CUDA_ERROR_ILLEGAL_ADDRESS ? "CUDA_ERROR_ILLEGAL_ADDRESS" : "CUDA_ERROR_OTHER";
  return CUDA_SUCCESS;
}
CUresult cuGetErrorString(CUresult error, const char** text) { return cuGetErrorName(error, text); }
static int devices(void) { return (int)number("FAKE_CUDA_DEVICES", 1); }
CUresult cuDeviceGetCount(int* count) { *count = devices(); return CUDA_SUCCESS; }
CUresult cuDeviceGet(CUdevice* device, int index) {
  *device = index;
  return index >= 0 && index < devices() ? CUDA_SUCCESS : CUDA_ERROR_INVALID_DEVICE;
}
CUresult cuDeviceGetName(char* name, int length, CUdevice device) {
  (void)device;
  strncpy(name, "Fake H200", length);
  return CUDA_SUCCESS;
}
CUresult cuDeviceGetAttribute(int* value, CUdevice_attribute wanted, CUdevice device) {
  (void)device;
  *value = wanted == CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MAJOR ? (int)number("FAKE_CUDA_GENERATION", 9)
           : wanted == CU_DEVICE_ATTRIBUTE_MULTIPROCESSOR_COUNT   ? 132
           : wanted == CU_DEVICE_ATTRIBUTE_L2_CACHE_SIZE          ? 60 << 20 : 0;
  return CUDA_SUCCESS;
}
CUresult cuDeviceTotalMem_v2(size_t* bytes, CUdevice device) {
  (void)device;
  *bytes = number("FAKE_CUDA_MEMORY", 1 << 30);
  return CUDA_SUCCESS;
}
CUresult cuDevicePrimaryCtxRetain(CUcontext* context, CUdevice device) {
  *context = (CUcontext)(intptr_t)(8 + device);
  open_objects++;
  return CUDA_SUCCESS;
}
CUresult cuDevicePrimaryCtxRelease_v2(CUdevice device) { (void)device; open_objects--; return CUDA_SUCCESS; }
CUresult cuCtxSetCurrent(CUcontext context) { (void)context; return CUDA_SUCCESS; }
CUresult cuMemGetInfo_v2(size_t* left, size_t* total) {
  *total = number("FAKE_CUDA_MEMORY", 1 << 30);
  *left = *total - allocated;
  return CUDA_SUCCESS;
}
CUresult cuMemAlloc_v2(CUdeviceptr* address, size_t bytes) {
  if (allocated + (long long)bytes > number("FAKE_CUDA_MEMORY", 1 << 30)) return CUDA_ERROR_OUT_OF_MEMORY;
  const size_t rounded = (bytes + BLOCK_ALIGNMENT - 1) / BLOCK_ALIGNMENT * BLOCK_ALIGNMENT;
  const size_t whole = BLOCK_ALIGNMENT + rounded + GUARD_BYTES;
  struct block* block;
  if (bytes >= SHARED_BYTES) {
    const int file = memfd_create("device memory", 0);
    if (file < 0 || ftruncate(file, whole)) return CUDA_ERROR_OUT_OF_MEMORY;
    block = mmap(0, whole, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
    if (block == MAP_FAILED) return CUDA_ERROR_OUT_OF_MEMORY;
    block->file = file;
    block->whole = whole;
  } else {
    block = aligned_alloc(BLOCK_ALIGNMENT, whole);
    if (!block) return CUDA_ERROR_OUT_OF_MEMORY;
    block->whole = 0;
  }
  block->bytes = bytes;
  allocated += bytes;
  open_objects++;
  unsigned char* at = (unsigned char*)block + BLOCK_ALIGNMENT;
  memset(at, 0xff, bytes < 16 << 20 ? bytes : 16 << 20);
  memset(at + bytes, GUARD, rounded + GUARD_BYTES - bytes);
  *address = (CUdeviceptr)at;
  return CUDA_SUCCESS;
}
CUresult cuMemFree_v2(CUdeviceptr address) {
  struct block* block = (struct block*)(address - BLOCK_ALIGNMENT);
  const unsigned char* end = (unsigned char*)address + block->bytes;
  for (int i = 0; i < GUARD_BYTES; i++) {
    if (end[i] != GUARD) {
      fprintf(stderr, "device memory was written at byte %zu of a block of %zu\n", block->bytes + i, block->bytes);
      abort();
    }
  }
  allocated -= block->bytes;
  if (!block->whole) return drop(block);
  close(block->file);
  munmap(block, block->whole);
  open_objects--;
  return CUDA_SUCCESS;
}
CUresult cuIpcGetMemHandle(CUipcMemHandle* handle, CUdeviceptr address) {
  const struct block* block = (const struct block*)(address - BLOCK_ALIGNMENT);
  if (!block->whole || number("FAKE_CUDA_NO_IPC", 0)) return CUDA_ERROR_NOT_SUPPORTED;
  const struct shared shared = {getpid(), block->file, block->whole, BLOCK_ALIGNMENT};
  memset(handle, 0, sizeof *handle);
  memcpy(handle, &shared, sizeof shared);
  return CUDA_SUCCESS;
}
CUresult cuIpcOpenMemHandle_v2(CUdeviceptr* address, CUipcMemHandle handle, unsigned flags) {
  struct shared shared;
  memcpy(&shared, &handle, sizeof shared);
  if (!(flags & CU_IPC_MEM_LAZY_ENABLE_PEER_ACCESS) || shared.process == getpid()) return CUDA_ERROR_INVALID_CONTEXT;
  char path[64];
  snprintf(path, sizeof path, "/proc/%d/fd/%d", shared.process, shared.file);
  const int file = open(path, O_RDWR);
  if (file < 0) return CUDA_ERROR_MAP_FAILED;
  unsigned char* at = mmap(0, shared.whole, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
  close(file);
  if (at == MAP_FAILED) return CUDA_ERROR_MAP_FAILED;
  open_objects++;
  *address = (CUdeviceptr)(at + shared.offset);
  return CUDA_SUCCESS;
}
CUresult cuIpcCloseMemHandle(CUdeviceptr address) {
  const struct block* block = (const struct block*)(address - BLOCK_ALIGNMENT);
  if (munmap((void*)block, block->whole)) return CUDA_ERROR_INVALID_VALUE;
  open_objects--;
  return CUDA_SUCCESS;
}
CUresult cuMemHostAlloc(void** address, size_t bytes, unsigned flags) {
  (void)flags;
  open_objects++;
  *address = malloc(bytes);
  return CUDA_SUCCESS;
}
CUresult cuMemFreeHost(void* address) { return drop(address); }
static void append(struct graph* graph, struct operation operation) {
  if (graph->count == graph->room) {
    graph->room = graph->room ? 2 * graph->room : 64;
    graph->operations = realloc(graph->operations, graph->room * sizeof operation);
  }
  graph->operations[graph->count++] = operation;
}
static int take(struct stream* stream, void (*run)(void*), void (*dropped)(void*), void* what) {
  if (stream->captured) {
    append(stream->captured, (struct operation){run, dropped, what});
    return CUDA_SUCCESS;
  }
  run(what);
  dropped(what);
  return outcome();
}
static CUresult release(struct graph* graph) {
  if (--graph->holders == 0) {
    for (size_t i = 0; i < graph->count; i++) graph->operations[i].drop(graph->operations[i].what);
    free(graph->operations);
    free(graph);
  }
  open_objects--;
  return CUDA_SUCCESS;
}

CUresult cuStreamCreate(CUstream* stream, unsigned flags) {
  (void)flags;
  struct stream* made = calloc(1, sizeof *made);
  made->take = take;
  open_objects++;
  *stream = (CUstream)made;
  return CUDA_SUCCESS;
}
CUresult cuStreamDestroy_v2(CUstream stream) { return drop(stream); }
CUresult cuStreamSynchronize(CUstream stream) {
  if (stream && ((struct stream*)stream)->captured) return CUDA_ERROR_STREAM_CAPTURE_UNSUPPORTED;
  return outcome();
}

struct move {
  void* to;
  const void* from;  // null: filled with `value`
  size_t bytes;
  unsigned char value;
};
static void run_move(void* what) {
  const struct move* move = what;
  if (move->from) {
    memmove(move->to, move->from, move->bytes);
  } else {
    memset(move->to, move->value, move->bytes);
  }
}
static CUresult moved(CUstream stream, struct move move) {
  if (!stream || !((struct stream*)stream)->captured) {
    run_move(&move);
    return outcome();
  }
  struct move* kept = malloc(sizeof move);
  *kept = move;
  return take((struct stream*)stream, run_move, free, kept);
}
CUresult cuMemcpyHtoDAsync_v2(CUdeviceptr to, const void* from, size_t bytes, CUstream stream) {
  return moved(stream, (struct move){(void*)to, from, bytes, 0});
}
CUresult cuMemcpyDtoHAsync_v2(void* to, CUdeviceptr from, size_t bytes, CUstream stream) {
  return moved(stream, (struct move){to, (const void*)from, bytes, 0});
}
CUresult cuMemcpyDtoDAsync_v2(CUdeviceptr to, CUdeviceptr from, size_t bytes, CUstream stream) {
  return moved(stream, (struct move){(void*)to, (const void*)from, bytes, 0});
}
CUresult cuMemsetD8Async(CUdeviceptr address, unsigned char value, size_t bytes, CUstream stream) {
  return moved(stream, (struct move){(void*)address, 0, bytes, value});
}

static double now(void) {
  struct timespec at;
  timespec_get(&at, TIME_UTC);
  return at.tv_sec * 1e3 + at.tv_nsec / 1e6;
}
static void run_record(void* event) { *(double*)event = now(); }
static void keep(void* event) { (void)event; }
CUresult cuEventCreate(CUevent* event, unsigned flags) { (void)flags; *event = object(); return CUDA_SUCCESS; }
CUresult cuEventDestroy_v2(CUevent event) { return drop(event); }
CUresult cuEventRecord(CUevent event, CUstream stream) {
  if (stream) return take((struct stream*)stream, run_record, keep, event);
  run_record(event);
  return outcome();
}
CUresult cuEventQuery(CUevent event) {
  (void)event;
  return number("FAKE_CUDA_HANGS", 0) ? CUDA_ERROR_NOT_READY : outcome();
}
CUresult cuEventSynchronize(CUevent event) { (void)event; return outcome(); }
CUresult cuEventElapsedTime_v2(float* millis, CUevent from, CUevent to) {
  *millis = (float)(*(double*)to - *(double*)from);
  return outcome();
}
CUresult cuEventElapsedTime(float* millis, CUevent from, CUevent to) { return cuEventElapsedTime_v2(millis, from, to); }
CUresult cuStreamBeginCapture_v2(CUstream stream, CUstreamCaptureMode mode) {
  (void)mode;
  struct stream* begun = (struct stream*)stream;
  if (!begun || begun->captured) return CUDA_ERROR_ILLEGAL_STATE;
  begun->captured = calloc(1, sizeof *begun->captured);
  return CUDA_SUCCESS;
}
CUresult cuStreamEndCapture(CUstream stream, CUgraph* graph) {
  struct stream* ended = (struct stream*)stream;
  if (!ended || !ended->captured) return CUDA_ERROR_ILLEGAL_STATE;
  ended->captured->holders = 1;
  *graph = (CUgraph)ended->captured;
  ended->captured = 0;
  open_objects++;
  return CUDA_SUCCESS;
}
CUresult cuStreamIsCapturing(CUstream stream, CUstreamCaptureStatus* status) {
  const int captured = stream && ((struct stream*)stream)->captured;
  *status = captured ? CU_STREAM_CAPTURE_STATUS_ACTIVE : CU_STREAM_CAPTURE_STATUS_NONE;
  return CUDA_SUCCESS;
}
CUresult cuGraphInstantiateWithFlags(CUgraphExec* ready, CUgraph graph, unsigned long long flags) {
  (void)flags;
  ((struct graph*)graph)->holders++;
  open_objects++;
  *ready = (CUgraphExec)graph;
  return CUDA_SUCCESS;
}
CUresult cuGraphGetNodes(CUgraph graph, CUgraphNode* nodes, size_t* count) {
  (void)nodes;
  *count = ((struct graph*)graph)->count;
  return CUDA_SUCCESS;
}
CUresult cuGraphDestroy(CUgraph graph) { return release((struct graph*)graph); }
CUresult cuGraphExecDestroy(CUgraphExec graph) { return release((struct graph*)graph); }
CUresult cuGraphLaunch(CUgraphExec graph, CUstream stream) {
  if (stream && ((struct stream*)stream)->captured) return CUDA_ERROR_STREAM_CAPTURE_UNSUPPORTED;
  const struct graph* replayed = (struct graph*)graph;
  for (size_t i = 0; i < replayed->count; i++) replayed->operations[i].run(replayed->operations[i].what);
  return outcome();
}
