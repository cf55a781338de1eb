// The CUDA driver, looked up at run time, and the tables of kernel libraries.
#include <dlfcn.h>
#include <jni.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <mutex>
#include <string>
#include <vector>

#include "../abi/kernel_table.h"
#include "bridge.h"
#include "cuda.h"

using namespace tenon::bridge;

namespace {

#define DRIVER_FUNCTIONS(F)                                                                          \
  F(cuInit) F(cuDriverGetVersion) F(cuGetErrorName) F(cuGetErrorString) F(cuDeviceGetCount)          \
  F(cuDeviceGet) F(cuDeviceGetName) F(cuDeviceGetAttribute) F(cuDeviceTotalMem)                      \
  F(cuDevicePrimaryCtxRetain) F(cuDevicePrimaryCtxRelease) F(cuCtxSetCurrent) F(cuMemGetInfo)        \
  F(cuMemAlloc) F(cuMemFree) F(cuMemHostAlloc) F(cuMemFreeHost) F(cuStreamCreate)                    \
  F(cuStreamDestroy) F(cuStreamSynchronize) F(cuMemcpyHtoDAsync) F(cuMemcpyDtoHAsync)                \
  F(cuMemcpyDtoDAsync) F(cuMemsetD8Async) F(cuEventCreate) F(cuEventDestroy) F(cuEventRecord)        \
  F(cuEventQuery) F(cuEventSynchronize) F(cuEventElapsedTime) F(cuStreamBeginCapture)                \
  F(cuStreamEndCapture) F(cuStreamIsCapturing) F(cuGraphInstantiateWithFlags) F(cuGraphDestroy)      \
  F(cuGraphExecDestroy) F(cuGraphLaunch) F(cuGraphGetNodes) F(cuIpcGetMemHandle)                     \
  F(cuIpcOpenMemHandle) F(cuIpcCloseMemHandle)

// cuda.h maps some names to their current versions by macros; the strings below see the mapped names.
#define QUOTE_(x) #x
#define QUOTE(x) QUOTE_(x)

struct Driver {
#define DECLARE(name) decltype(&::name) name;
  DRIVER_FUNCTIONS(DECLARE)
#undef DECLARE
};

Driver driver;
bool opened = false;
int driver_version = 0;
std::mutex opening;

const char* const code_names[] = {"OUT_OF_MEMORY", "DEVICE_UNAVAILABLE", "DEVICE_FAULT"};

std::string error_name(CUresult result) {
  const char* name = nullptr;
  const char* text = nullptr;
  driver.cuGetErrorName(result, &name);
  driver.cuGetErrorString(result, &text);
  return std::string(name ? name : "unknown error") + " (" + (text ? text : "no text") + ")";
}

bool check(JNIEnv* env, CUresult result, const std::string& call, Code code = DEVICE_FAULT) {
  if (result == CUDA_SUCCESS) return true;
  raise(env, result == CUDA_ERROR_OUT_OF_MEMORY ? OUT_OF_MEMORY : code, call + ": " + error_name(result));
  return false;
}

struct Context {
  CUdevice device;
  CUcontext handle;
};

struct Kernels {
  void* library;
  const tenon_kernel_table* table;
};

const tenon_operation& operation_of(jlong kernels, jint index) {
  return as<Kernels*>(kernels)->table->operation[index];
}

std::vector<int64_t> copy_words(JNIEnv* env, jlongArray words) {
  std::vector<int64_t> values(env->GetArrayLength(words));
  env->GetLongArrayRegion(words, 0, static_cast<jsize>(values.size()), reinterpret_cast<jlong*>(values.data()));
  return values;
}

bool fits(JNIEnv* env, const tenon_operation& operation, const std::vector<int64_t>& words) {
  if (!operation.launch) {
    raise(env, DEVICE_UNAVAILABLE, std::string("the kernel library does not offer the operation ") + operation.name);
    return false;
  }
  if (operation.words != static_cast<int32_t>(words.size())) {
    raise(env, DEVICE_FAULT, std::string(operation.name) + " takes " + std::to_string(operation.words) +
                                 " words, not " + std::to_string(words.size()));
    return false;
  }
  return true;
}

}  // namespace

namespace tenon::bridge {

void raise(JNIEnv* env, Code code, const std::string& message) {
  if (env->ExceptionCheck()) return;
  jclass codes = env->FindClass("dev/tenon/api/ErrorCode");
  if (!codes) return;
  jfieldID field = env->GetStaticFieldID(codes, code_names[code], "Ldev/tenon/api/ErrorCode;");
  if (!field) return;
  jobject value = env->GetStaticObjectField(codes, field);
  jclass type = env->FindClass("dev/tenon/api/TenonException");
  if (!type) return;
  jmethodID make = env->GetMethodID(type, "<init>", "(Ldev/tenon/api/ErrorCode;Ljava/lang/String;)V");
  if (!make) return;
  jobject thrown = env->NewObject(type, make, value, env->NewStringUTF(message.c_str()));
  if (thrown) env->Throw(static_cast<jthrowable>(thrown));
}

bool enter(JNIEnv* env, jlong context) {
  return check(env, driver.cuCtxSetCurrent(as<Context*>(context)->handle), "cuCtxSetCurrent");
}

std::string text(JNIEnv* env, jstring value) {
  const char* chars = env->GetStringUTFChars(value, nullptr);
  std::string copy = chars ? chars : "";
  if (chars) env->ReleaseStringUTFChars(value, chars);
  return copy;
}

}  // namespace tenon::bridge

#define NATIVE(type, name) extern "C" JNIEXPORT type JNICALL Java_dev_tenon_backend_cuda_core_NativeCuda_##name

NATIVE(jint, open)(JNIEnv* env, jclass, jstring path) {
  std::lock_guard<std::mutex> lock(opening);
  if (opened) return driver_version;
  std::string name = text(env, path);
  if (name.empty()) name = "libcuda.so.1";
  // all kernels are loaded when a library is opened: loading one lazily allocates, which a capture forbids
  setenv("CUDA_MODULE_LOADING", "EAGER", 0);
  void* library = dlopen(name.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (!library) {
    raise(env, DEVICE_UNAVAILABLE, "no NVIDIA driver: " + std::string(dlerror()));
    return 0;
  }
#define LOOK_UP(function)                                                                             \
  driver.function = reinterpret_cast<decltype(driver.function)>(dlsym(library, QUOTE(function)));     \
  if (!driver.function) {                                                                             \
    raise(env, DEVICE_UNAVAILABLE, name + " has no " QUOTE(function) ": a driver for CUDA 13.0 or later is needed"); \
    return 0;                                                                                         \
  }
  DRIVER_FUNCTIONS(LOOK_UP)
#undef LOOK_UP
  int version = 0;
  if (!check(env, driver.cuDriverGetVersion(&version), "cuDriverGetVersion", DEVICE_UNAVAILABLE)) return 0;
  if (version < 13000) {
    char message[160];
    snprintf(message, sizeof message, "the NVIDIA driver supports CUDA %d.%d; 13.0 or later is needed (driver 580 or later)",
             version / 1000, version % 1000 / 10);
    raise(env, DEVICE_UNAVAILABLE, message);
    return 0;
  }
  if (!check(env, driver.cuInit(0), "cuInit", DEVICE_UNAVAILABLE)) return 0;
  driver_version = version;
  opened = true;
  return version;
}

NATIVE(jint, deviceCount)(JNIEnv* env, jclass) {
  int count = 0;
  check(env, driver.cuDeviceGetCount(&count), "cuDeviceGetCount", DEVICE_UNAVAILABLE);
  return count;
}

NATIVE(jstring, deviceName)(JNIEnv* env, jclass, jint index) {
  char name[256] = "";
  CUdevice device;
  if (!check(env, driver.cuDeviceGet(&device, index), "cuDeviceGet", DEVICE_UNAVAILABLE) ||
      !check(env, driver.cuDeviceGetName(name, sizeof name, device), "cuDeviceGetName", DEVICE_UNAVAILABLE)) {
    return nullptr;
  }
  return env->NewStringUTF(name);
}

NATIVE(jlongArray, deviceAttributes)(JNIEnv* env, jclass, jint index) {
  CUdevice device;
  if (!check(env, driver.cuDeviceGet(&device, index), "cuDeviceGet", DEVICE_UNAVAILABLE)) return nullptr;
  const CUdevice_attribute wanted[] = {CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MAJOR,
                                       CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MINOR,
                                       CU_DEVICE_ATTRIBUTE_MULTIPROCESSOR_COUNT, CU_DEVICE_ATTRIBUTE_L2_CACHE_SIZE};
  int found[4] = {0, 0, 0, 0};
  for (int i = 0; i < 4; i++) {
    if (!check(env, driver.cuDeviceGetAttribute(&found[i], wanted[i], device), "cuDeviceGetAttribute", DEVICE_UNAVAILABLE)) {
      return nullptr;
    }
  }
  size_t bytes = 0;
  if (!check(env, driver.cuDeviceTotalMem(&bytes, device), "cuDeviceTotalMem", DEVICE_UNAVAILABLE)) return nullptr;
  const jlong values[] = {found[0], found[1], found[2], static_cast<jlong>(bytes), found[3]};
  jlongArray array = env->NewLongArray(5);
  if (array) env->SetLongArrayRegion(array, 0, 5, values);
  return array;
}

NATIVE(jlong, openContext)(JNIEnv* env, jclass, jint index) {
  Context made{};
  if (!check(env, driver.cuDeviceGet(&made.device, index), "cuDeviceGet", DEVICE_UNAVAILABLE) ||
      !check(env, driver.cuDevicePrimaryCtxRetain(&made.handle, made.device), "cuDevicePrimaryCtxRetain", DEVICE_UNAVAILABLE)) {
    return 0;
  }
  return reinterpret_cast<jlong>(new Context(made));
}

NATIVE(void, closeContext)(JNIEnv* env, jclass, jlong context) {
  Context* closing = as<Context*>(context);
  check(env, driver.cuDevicePrimaryCtxRelease(closing->device), "cuDevicePrimaryCtxRelease");
  delete closing;
}

NATIVE(jlongArray, memoryInfo)(JNIEnv* env, jclass, jlong context) {
  size_t left = 0, total = 0;
  if (!enter(env, context) || !check(env, driver.cuMemGetInfo(&left, &total), "cuMemGetInfo")) return nullptr;
  const jlong values[] = {static_cast<jlong>(left), static_cast<jlong>(total)};
  jlongArray array = env->NewLongArray(2);
  if (array) env->SetLongArrayRegion(array, 0, 2, values);
  return array;
}

NATIVE(jlong, allocate)(JNIEnv* env, jclass, jlong context, jlong bytes) {
  CUdeviceptr address = 0;
  if (enter(env, context)) check(env, driver.cuMemAlloc(&address, bytes), "cuMemAlloc of " + std::to_string(bytes) + " bytes");
  return static_cast<jlong>(address);
}

NATIVE(void, free)(JNIEnv* env, jclass, jlong context, jlong address) {
  if (enter(env, context)) check(env, driver.cuMemFree(static_cast<CUdeviceptr>(address)), "cuMemFree");
}

NATIVE(jbyteArray, shareMemory)(JNIEnv* env, jclass, jlong context, jlong address) {
  CUipcMemHandle handle;
  if (!enter(env, context) || !check(env, driver.cuIpcGetMemHandle(&handle, address), "cuIpcGetMemHandle", DEVICE_UNAVAILABLE)) return nullptr;
  jbyteArray array = env->NewByteArray(sizeof handle);
  if (array) env->SetByteArrayRegion(array, 0, sizeof handle, reinterpret_cast<const jbyte*>(&handle));
  return array;
}

NATIVE(jlong, openShared)(JNIEnv* env, jclass, jlong context, jbyteArray given) {
  CUipcMemHandle handle;
  CUdeviceptr address = 0;
  if (env->GetArrayLength(given) < static_cast<jsize>(sizeof handle)) {
    raise(env, DEVICE_UNAVAILABLE, "a handle of memory has " + std::to_string(sizeof handle) + " bytes");
    return 0;
  }
  env->GetByteArrayRegion(given, 0, sizeof handle, reinterpret_cast<jbyte*>(&handle));
  if (enter(env, context)) {
    check(env, driver.cuIpcOpenMemHandle(&address, handle, CU_IPC_MEM_LAZY_ENABLE_PEER_ACCESS), "cuIpcOpenMemHandle", DEVICE_UNAVAILABLE);
  }
  return static_cast<jlong>(address);
}

NATIVE(void, closeShared)(JNIEnv* env, jclass, jlong context, jlong address) {
  if (enter(env, context)) check(env, driver.cuIpcCloseMemHandle(static_cast<CUdeviceptr>(address)), "cuIpcCloseMemHandle");
}

NATIVE(jlong, allocatePinned)(JNIEnv* env, jclass, jlong context, jlong bytes) {
  void* address = nullptr;
  if (enter(env, context)) {
    check(env, driver.cuMemHostAlloc(&address, bytes, CU_MEMHOSTALLOC_PORTABLE),
          "cuMemHostAlloc of " + std::to_string(bytes) + " bytes");
  }
  return reinterpret_cast<jlong>(address);
}

NATIVE(void, freePinned)(JNIEnv* env, jclass, jlong context, jlong address) {
  if (enter(env, context)) check(env, driver.cuMemFreeHost(as<void*>(address)), "cuMemFreeHost");
}

NATIVE(jlong, createStream)(JNIEnv* env, jclass, jlong context) {
  CUstream stream = nullptr;
  if (enter(env, context)) check(env, driver.cuStreamCreate(&stream, CU_STREAM_NON_BLOCKING), "cuStreamCreate");
  return reinterpret_cast<jlong>(stream);
}

NATIVE(void, destroyStream)(JNIEnv* env, jclass, jlong context, jlong stream) {
  if (enter(env, context)) check(env, driver.cuStreamDestroy(as<CUstream>(stream)), "cuStreamDestroy");
}

NATIVE(void, synchronize)(JNIEnv* env, jclass, jlong context, jlong stream) {
  if (enter(env, context)) check(env, driver.cuStreamSynchronize(as<CUstream>(stream)), "cuStreamSynchronize");
}

NATIVE(void, copyToDevice)(JNIEnv* env, jclass, jlong context, jlong stream, jlong to, jlong from, jlong bytes) {
  if (bytes > 0 && enter(env, context)) {
    check(env, driver.cuMemcpyHtoDAsync(to, as<const void*>(from), bytes, as<CUstream>(stream)), "cuMemcpyHtoDAsync");
  }
}

NATIVE(void, copyToHost)(JNIEnv* env, jclass, jlong context, jlong stream, jlong to, jlong from, jlong bytes) {
  if (bytes > 0 && enter(env, context)) {
    check(env, driver.cuMemcpyDtoHAsync(as<void*>(to), from, bytes, as<CUstream>(stream)), "cuMemcpyDtoHAsync");
  }
}

NATIVE(void, copyOnDevice)(JNIEnv* env, jclass, jlong context, jlong stream, jlong to, jlong from, jlong bytes) {
  if (bytes > 0 && enter(env, context)) {
    check(env, driver.cuMemcpyDtoDAsync(to, from, bytes, as<CUstream>(stream)), "cuMemcpyDtoDAsync");
  }
}

NATIVE(void, fill)(JNIEnv* env, jclass, jlong context, jlong stream, jlong address, jbyte value, jlong bytes) {
  if (bytes > 0 && enter(env, context)) {
    check(env, driver.cuMemsetD8Async(address, static_cast<unsigned char>(value), bytes, as<CUstream>(stream)), "cuMemsetD8Async");
  }
}

NATIVE(jlong, createEvent)(JNIEnv* env, jclass, jlong context, jboolean timed) {
  CUevent event = nullptr;
  if (enter(env, context)) check(env, driver.cuEventCreate(&event, timed ? CU_EVENT_DEFAULT : CU_EVENT_DISABLE_TIMING), "cuEventCreate");
  return reinterpret_cast<jlong>(event);
}

NATIVE(void, destroyEvent)(JNIEnv* env, jclass, jlong context, jlong event) {
  if (enter(env, context)) check(env, driver.cuEventDestroy(as<CUevent>(event)), "cuEventDestroy");
}

NATIVE(void, recordEvent)(JNIEnv* env, jclass, jlong context, jlong event, jlong stream) {
  if (enter(env, context)) check(env, driver.cuEventRecord(as<CUevent>(event), as<CUstream>(stream)), "cuEventRecord");
}

NATIVE(jboolean, queryEvent)(JNIEnv* env, jclass, jlong context, jlong event) {
  if (!enter(env, context)) return JNI_FALSE;
  CUresult result = driver.cuEventQuery(as<CUevent>(event));
  if (result == CUDA_ERROR_NOT_READY) return JNI_FALSE;
  return check(env, result, "cuEventQuery") ? JNI_TRUE : JNI_FALSE;
}

NATIVE(void, synchronizeEvent)(JNIEnv* env, jclass, jlong context, jlong event) {
  if (enter(env, context)) check(env, driver.cuEventSynchronize(as<CUevent>(event)), "cuEventSynchronize");
}

NATIVE(jfloat, elapsedMillis)(JNIEnv* env, jclass, jlong context, jlong from, jlong to) {
  float elapsed = 0;
  if (enter(env, context)) check(env, driver.cuEventElapsedTime(&elapsed, as<CUevent>(from), as<CUevent>(to)), "cuEventElapsedTime");
  return elapsed;
}

NATIVE(void, beginCapture)(JNIEnv* env, jclass, jlong context, jlong stream) {
  if (enter(env, context)) {
    check(env, driver.cuStreamBeginCapture(as<CUstream>(stream), CU_STREAM_CAPTURE_MODE_THREAD_LOCAL), "cuStreamBeginCapture");
  }
}

NATIVE(jlong, endCapture)(JNIEnv* env, jclass, jlong context, jlong stream) {
  CUgraph graph = nullptr;
  if (!enter(env, context) || !check(env, driver.cuStreamEndCapture(as<CUstream>(stream), &graph), "cuStreamEndCapture")) return 0;
  CUgraphExec ready = nullptr;
  size_t nodes = 0;
  bool good = check(env, driver.cuGraphGetNodes(graph, nullptr, &nodes), "cuGraphGetNodes") &&
              check(env, driver.cuGraphInstantiateWithFlags(&ready, graph, 0), "cuGraphInstantiate");
  driver.cuGraphDestroy(graph);
  if (!good) return 0;
  return reinterpret_cast<jlong>(new std::pair<CUgraphExec, size_t>(ready, nodes));
}

NATIVE(void, abandonCapture)(JNIEnv* env, jclass, jlong context, jlong stream) {
  if (!enter(env, context)) return;
  CUstreamCaptureStatus status = CU_STREAM_CAPTURE_STATUS_NONE;
  driver.cuStreamIsCapturing(as<CUstream>(stream), &status);
  if (status == CU_STREAM_CAPTURE_STATUS_NONE) return;
  CUgraph graph = nullptr;
  driver.cuStreamEndCapture(as<CUstream>(stream), &graph);
  if (graph) driver.cuGraphDestroy(graph);
}

NATIVE(jlong, graphNodes)(JNIEnv*, jclass, jlong graph) {
  return static_cast<jlong>(as<std::pair<CUgraphExec, size_t>*>(graph)->second);
}

NATIVE(void, launchGraph)(JNIEnv* env, jclass, jlong context, jlong graph, jlong stream) {
  if (enter(env, context)) {
    check(env, driver.cuGraphLaunch(as<std::pair<CUgraphExec, size_t>*>(graph)->first, as<CUstream>(stream)), "cuGraphLaunch");
  }
}

NATIVE(void, destroyGraph)(JNIEnv* env, jclass, jlong context, jlong graph) {
  auto* closing = as<std::pair<CUgraphExec, size_t>*>(graph);
  if (enter(env, context)) check(env, driver.cuGraphExecDestroy(closing->first), "cuGraphExecDestroy");
  delete closing;
}

NATIVE(jlong, loadKernels)(JNIEnv* env, jclass, jstring path, jintArray words) {
  std::string name = text(env, path);
  void* library = dlopen(name.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (!library) {
    raise(env, DEVICE_UNAVAILABLE, "kernel library " + name + ": " + dlerror());
    return 0;
  }
  auto kernels = reinterpret_cast<const tenon_kernel_table* (*)()>(dlsym(library, "tenon_kernels"));
  if (!kernels) {
    raise(env, DEVICE_UNAVAILABLE, name + " is not a kernel library: it has no tenon_kernels");
    dlclose(library);
    return 0;
  }
  const tenon_kernel_table* table = kernels();
  const jsize count = env->GetArrayLength(words);
  std::vector<jint> wanted(count);
  env->GetIntArrayRegion(words, 0, count, wanted.data());
  if (table->abi != TENON_KERNEL_ABI || table->operations != count) {
    raise(env, DEVICE_UNAVAILABLE, name + " was built for version " + std::to_string(table->abi) + " of the table with " +
                                       std::to_string(table->operations) + " operations; this engine needs version " +
                                       std::to_string(TENON_KERNEL_ABI) + " with " + std::to_string(count) +
                                       ": install both from one release");
    dlclose(library);
    return 0;
  }
  for (jsize i = 0; i < count; i++) {
    if (table->operation[i].words != wanted[i]) {
      raise(env, DEVICE_UNAVAILABLE, name + ": " + table->operation[i].name + " takes " + std::to_string(table->operation[i].words) +
                                         " words, this engine gives " + std::to_string(wanted[i]) + ": install both from one release");
      dlclose(library);
      return 0;
    }
  }
  return reinterpret_cast<jlong>(new Kernels{library, table});
}

NATIVE(jstring, kernelTarget)(JNIEnv* env, jclass, jlong kernels) {
  return env->NewStringUTF(as<Kernels*>(kernels)->table->target);
}

NATIVE(jboolean, offers)(JNIEnv*, jclass, jlong kernels, jint operation) {
  return operation_of(kernels, operation).launch ? JNI_TRUE : JNI_FALSE;
}

NATIVE(jlong, workspace)(JNIEnv* env, jclass, jlong kernels, jint index, jlongArray words) {
  const tenon_operation& operation = operation_of(kernels, index);
  std::vector<int64_t> values = copy_words(env, words);
  if (!fits(env, operation, values) || !operation.workspace) return 0;
  return operation.workspace(values.data());
}

NATIVE(jlongArray, candidates)(JNIEnv* env, jclass, jlong kernels, jint index, jlongArray words) {
  const tenon_operation& operation = operation_of(kernels, index);
  std::vector<int64_t> values = copy_words(env, words);
  if (!fits(env, operation, values)) return nullptr;
  std::vector<int64_t> found;
  if (operation.candidates) {
    found.resize(operation.candidates(values.data(), nullptr, 0));
    operation.candidates(values.data(), found.data(), static_cast<int64_t>(found.size()));
  }
  const jsize count = static_cast<jsize>(found.size());
  jlongArray array = env->NewLongArray(count);
  if (array) env->SetLongArrayRegion(array, 0, count, reinterpret_cast<const jlong*>(found.data()));
  return array;
}

NATIVE(void, launch)(JNIEnv* env, jclass, jlong context, jlong kernels, jint index, jlong stream, jlongArray words) {
  const tenon_operation& operation = operation_of(kernels, index);
  std::vector<int64_t> values = copy_words(env, words);
  if (!fits(env, operation, values) || !enter(env, context)) return;
  int result = operation.launch(values.data(), as<void*>(stream));
  if (result != 0) {
    // run-time and driver share the numbers of their errors
    check(env, static_cast<CUresult>(result), std::string("operation ") + operation.name);
  }
}
