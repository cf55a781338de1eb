// A driver without a device, for tests: it counts what is open, copies memory on the host, and fails when told to.
// FAKE_CUDA_VERSION sets its version, FAKE_CUDA_MEMORY the bytes that may be allocated; fake_cuda_fault(1) makes every
// later wait and launch fail, as a fault of a real device does.
#define __CUDA_API_VERSION_INTERNAL
#include <stdlib.h>
#include <string.h>

#include "cuda.h"

static long long open_objects, allocated;
static int sticky, capturing;

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
CUresult cuDeviceGetCount(int* count) { *count = 1; return CUDA_SUCCESS; }
CUresult cuDeviceGet(CUdevice* device, int index) {
  *device = index;
  return index == 0 ? CUDA_SUCCESS : CUDA_ERROR_INVALID_DEVICE;
}
CUresult cuDeviceGetName(char* name, int length, CUdevice device) {
  (void)device;
  strncpy(name, "Fake H200", length);
  return CUDA_SUCCESS;
}
CUresult cuDeviceGetAttribute(int* value, CUdevice_attribute wanted, CUdevice device) {
  (void)device;
  *value = wanted == CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MAJOR ? 9
           : wanted == CU_DEVICE_ATTRIBUTE_MULTIPROCESSOR_COUNT   ? 132 : 0;
  return CUDA_SUCCESS;
}
CUresult cuDeviceTotalMem_v2(size_t* bytes, CUdevice device) {
  (void)device;
  *bytes = number("FAKE_CUDA_MEMORY", 1 << 30);
  return CUDA_SUCCESS;
}
CUresult cuDevicePrimaryCtxRetain(CUcontext* context, CUdevice device) {
  (void)device;
  *context = (CUcontext)8;
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
  size_t* block = malloc(bytes + 64);
  *block = bytes;
  allocated += bytes;
  open_objects++;
  *address = (CUdeviceptr)(block + 8);
  return CUDA_SUCCESS;
}
CUresult cuMemFree_v2(CUdeviceptr address) {
  size_t* block = (size_t*)address - 8;
  allocated -= *block;
  return drop(block);
}
CUresult cuMemHostAlloc(void** address, size_t bytes, unsigned flags) {
  (void)flags;
  open_objects++;
  *address = malloc(bytes);
  return CUDA_SUCCESS;
}
CUresult cuMemFreeHost(void* address) { return drop(address); }
CUresult cuStreamCreate(CUstream* stream, unsigned flags) { (void)flags; *stream = object(); return CUDA_SUCCESS; }
CUresult cuStreamDestroy_v2(CUstream stream) { return drop(stream); }
CUresult cuStreamSynchronize(CUstream stream) { (void)stream; return outcome(); }
CUresult cuMemcpyHtoDAsync_v2(CUdeviceptr to, const void* from, size_t bytes, CUstream stream) {
  (void)stream;
  memcpy((void*)to, from, bytes);
  return outcome();
}
CUresult cuMemcpyDtoHAsync_v2(void* to, CUdeviceptr from, size_t bytes, CUstream stream) {
  (void)stream;
  memcpy(to, (void*)from, bytes);
  return outcome();
}
CUresult cuMemcpyDtoDAsync_v2(CUdeviceptr to, CUdeviceptr from, size_t bytes, CUstream stream) {
  (void)stream;
  memcpy((void*)to, (void*)from, bytes);
  return outcome();
}
CUresult cuMemsetD8Async(CUdeviceptr address, unsigned char value, size_t bytes, CUstream stream) {
  (void)stream;
  memset((void*)address, value, bytes);
  return outcome();
}
CUresult cuEventCreate(CUevent* event, unsigned flags) { (void)flags; *event = object(); return CUDA_SUCCESS; }
CUresult cuEventDestroy_v2(CUevent event) { return drop(event); }
CUresult cuEventRecord(CUevent event, CUstream stream) { (void)event; (void)stream; return outcome(); }
CUresult cuEventQuery(CUevent event) { (void)event; return outcome(); }
CUresult cuEventSynchronize(CUevent event) { (void)event; return outcome(); }
CUresult cuEventElapsedTime_v2(float* millis, CUevent from, CUevent to) {
  (void)from;
  (void)to;
  *millis = 0.5f;
  return outcome();
}
CUresult cuEventElapsedTime(float* millis, CUevent from, CUevent to) { return cuEventElapsedTime_v2(millis, from, to); }
CUresult cuStreamBeginCapture_v2(CUstream stream, CUstreamCaptureMode mode) {
  (void)stream;
  (void)mode;
  if (capturing) return CUDA_ERROR_ILLEGAL_STATE;
  capturing = 1;
  return CUDA_SUCCESS;
}
CUresult cuStreamEndCapture(CUstream stream, CUgraph* graph) {
  (void)stream;
  if (!capturing) return CUDA_ERROR_ILLEGAL_STATE;
  capturing = 0;
  *graph = object();
  return CUDA_SUCCESS;
}
CUresult cuStreamIsCapturing(CUstream stream, CUstreamCaptureStatus* status) {
  (void)stream;
  *status = capturing ? CU_STREAM_CAPTURE_STATUS_ACTIVE : CU_STREAM_CAPTURE_STATUS_NONE;
  return CUDA_SUCCESS;
}
CUresult cuGraphInstantiateWithFlags(CUgraphExec* ready, CUgraph graph, unsigned long long flags) {
  (void)graph;
  (void)flags;
  *ready = object();
  return CUDA_SUCCESS;
}
CUresult cuGraphGetNodes(CUgraph graph, CUgraphNode* nodes, size_t* count) {
  (void)graph;
  (void)nodes;
  *count = 7;
  return CUDA_SUCCESS;
}
CUresult cuGraphDestroy(CUgraph graph) { return drop(graph); }
CUresult cuGraphExecDestroy(CUgraphExec graph) { return drop(graph); }
CUresult cuGraphLaunch(CUgraphExec graph, CUstream stream) { (void)graph; (void)stream; return outcome(); }
