// What the JNI sources share: how failures become exceptions, and handles of the driver.
#ifndef TENON_JNI_BRIDGE_H
#define TENON_JNI_BRIDGE_H

#include <jni.h>

#include <string>

namespace tenon::bridge {

enum Code { OUT_OF_MEMORY, DEVICE_UNAVAILABLE, DEVICE_FAULT };

// Throws a TenonException, unless an exception is on its way already.
void raise(JNIEnv* env, Code code, const std::string& message);

// Makes a context the calling thread's.
bool enter(JNIEnv* env, jlong context);

std::string text(JNIEnv* env, jstring value);

template <class T>
T as(jlong handle) {
  return reinterpret_cast<T>(handle);
}

}  // namespace tenon::bridge
#endif
