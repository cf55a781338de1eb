// NCCL, looked up at run time: one communicator per process, whose calls go to the stream of the steps.
#include <dlfcn.h>
#include <jni.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <mutex>
#include <string>

#include "bridge.h"

using namespace tenon::bridge;

namespace {

// NCCL's binary interface, as far as it is used here; it has been the same since version 2.10.
struct UniqueId {
  char bytes[128];
};
using Communicator = struct ncclComm*;
using Stream = struct CUstream_st*;
enum Result { SUCCESS = 0, IN_PROGRESS = 7 };
enum Type { BYTES = 1, BF16 = 9 };
enum Reduction { SUM = 0 };

struct Library {
  int (*ncclGetVersion)(int* version);
  int (*ncclGetUniqueId)(UniqueId* id);
  int (*ncclCommInitRank)(Communicator* made, int ranks, UniqueId id, int rank);
  int (*ncclCommAbort)(Communicator);
  int (*ncclCommGetAsyncError)(Communicator, int* error);
  const char* (*ncclGetErrorString)(int result);
  const char* (*ncclGetLastError)(Communicator);
  int (*ncclAllReduce)(const void* from, void* to, size_t count, int type, int reduction, Communicator, Stream);
  int (*ncclAllGather)(const void* from, void* to, size_t count, int type, Communicator, Stream);
  int (*ncclBroadcast)(const void* from, void* to, size_t count, int type, int root, Communicator, Stream);
};

Library nccl;
int version = 0;
std::mutex opening;

bool check(JNIEnv* env, int result, const char* call, Communicator communicator, Code code = DEVICE_FAULT) {
  if (result == SUCCESS) return true;
  std::string message = std::string(call) + ": " + nccl.ncclGetErrorString(result);
  const char* last = nccl.ncclGetLastError(communicator);
  if (last && *last) message += std::string(" (") + last + ")";
  raise(env, code, message);
  return false;
}

}  // namespace

#define NATIVE(type, name) extern "C" JNIEXPORT type JNICALL Java_dev_tenon_backend_cuda_core_NativeNccl_##name

NATIVE(jint, open)(JNIEnv* env, jclass, jstring path, jobjectArray settings) {
  std::lock_guard<std::mutex> lock(opening);
  // NCCL reads its settings from the environment of the process alone; what the user set there holds
  for (jsize i = 0; i + 1 < env->GetArrayLength(settings); i += 2) {
    const std::string name = text(env, static_cast<jstring>(env->GetObjectArrayElement(settings, i)));
    const std::string value = text(env, static_cast<jstring>(env->GetObjectArrayElement(settings, i + 1)));
    setenv(name.c_str(), value.c_str(), 0);
  }
  if (version) return version;
  const std::string name = text(env, path);
  void* library = dlopen(name.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (!library) {
    raise(env, DEVICE_UNAVAILABLE, "NCCL: " + std::string(dlerror()));
    return 0;
  }
#define LOOK_UP(function)                                                             \
  nccl.function = reinterpret_cast<decltype(nccl.function)>(dlsym(library, #function)); \
  if (!nccl.function) {                                                               \
    raise(env, DEVICE_UNAVAILABLE, name + " is no NCCL of version 2.10 or later: it has no " #function); \
    return 0;                                                                         \
  }
  LOOK_UP(ncclGetVersion)
  LOOK_UP(ncclGetUniqueId)
  LOOK_UP(ncclCommInitRank)
  LOOK_UP(ncclCommAbort)
  LOOK_UP(ncclCommGetAsyncError)
  LOOK_UP(ncclGetErrorString)
  LOOK_UP(ncclGetLastError)
  LOOK_UP(ncclAllReduce)
  LOOK_UP(ncclAllGather)
  LOOK_UP(ncclBroadcast)
#undef LOOK_UP
  check(env, nccl.ncclGetVersion(&version), "ncclGetVersion", nullptr, DEVICE_UNAVAILABLE);
  return version;
}

NATIVE(jbyteArray, uniqueId)(JNIEnv* env, jclass) {
  UniqueId id;
  if (!check(env, nccl.ncclGetUniqueId(&id), "ncclGetUniqueId", nullptr, DEVICE_UNAVAILABLE)) return nullptr;
  jbyteArray array = env->NewByteArray(sizeof id.bytes);
  if (array) env->SetByteArrayRegion(array, 0, sizeof id.bytes, reinterpret_cast<const jbyte*>(id.bytes));
  return array;
}

NATIVE(jlong, join)(JNIEnv* env, jclass, jlong context, jbyteArray given, jint ranks, jint rank) {
  UniqueId id = {};
  if (env->GetArrayLength(given) != sizeof id.bytes) {
    raise(env, DEVICE_UNAVAILABLE, "the group's id has another length than this NCCL gives ids");
    return 0;
  }
  env->GetByteArrayRegion(given, 0, sizeof id.bytes, reinterpret_cast<jbyte*>(id.bytes));
  Communicator made = nullptr;
  if (!enter(env, context) ||
      !check(env, nccl.ncclCommInitRank(&made, ranks, id, rank), "ncclCommInitRank", nullptr, DEVICE_UNAVAILABLE)) {
    return 0;
  }
  return reinterpret_cast<jlong>(made);
}

NATIVE(void, sum)(JNIEnv* env, jclass, jlong context, jlong communicator, jlong stream, jlong address, jlong elements) {
  if (!enter(env, context)) return;
  void* at = as<void*>(address);
  const Communicator group = as<Communicator>(communicator);
  check(env, nccl.ncclAllReduce(at, at, elements, BF16, SUM, group, as<Stream>(stream)), "ncclAllReduce", group);
}

NATIVE(void, gather)(JNIEnv* env, jclass, jlong context, jlong communicator, jlong stream, jlong from, jlong to, jlong bytes) {
  if (!enter(env, context)) return;
  const Communicator group = as<Communicator>(communicator);
  check(env, nccl.ncclAllGather(as<const void*>(from), as<void*>(to), bytes, BYTES, group, as<Stream>(stream)), "ncclAllGather", group);
}

NATIVE(void, broadcast)(JNIEnv* env, jclass, jlong context, jlong communicator, jlong stream, jlong address, jlong bytes, jint root) {
  if (!enter(env, context)) return;
  void* at = as<void*>(address);
  const Communicator group = as<Communicator>(communicator);
  check(env, nccl.ncclBroadcast(at, at, bytes, BYTES, root, group, as<Stream>(stream)), "ncclBroadcast", group);
}

NATIVE(void, requireHealthy)(JNIEnv* env, jclass, jlong communicator) {
  int error = SUCCESS;
  const Communicator group = as<Communicator>(communicator);
  if (!check(env, nccl.ncclCommGetAsyncError(group, &error), "ncclCommGetAsyncError", group)) return;
  if (error != IN_PROGRESS) check(env, error, "NCCL lost the other ranks", group);
}

NATIVE(void, abort)(JNIEnv* env, jclass, jlong context, jlong communicator) {
  const Communicator group = as<Communicator>(communicator);
  if (enter(env, context)) check(env, nccl.ncclCommAbort(group), "ncclCommAbort", nullptr);
}
