// Loads and stores with hints, fences, atomic operations. Only one thread runs at a time, so all of them are plain.
#ifndef TENON_EMULATION_MEMORY_H
#define TENON_EMULATION_MEMORY_H

#include "launch.h"
#include "order.h"

inline void __threadfence() {}
inline void __threadfence_block() {}
inline void __threadfence_system() {}
inline void __nanosleep(unsigned) { tenon::emulation::yield(); }
[[noreturn]] inline void __trap() { tenon::emulation::fail("__trap()"); }

namespace tenon::emulation {

template <typename T>
T load(const T* from) {
  if (reinterpret_cast<uintptr_t>(from) % sizeof(T)) fail("a load of %zu bytes at %p: badly aligned", sizeof(T), from);
  return *from;
}

template <typename T>
void store(T* to, T value) {
  if (reinterpret_cast<uintptr_t>(to) % sizeof(T)) fail("a store of %zu bytes at %p: badly aligned", sizeof(T), to);
  *to = value;
}

template <typename T>
void check_operand(const T* at) {
  if (reinterpret_cast<uintptr_t>(at) % sizeof(T)) fail("an atomic operation of %zu bytes at %p: badly aligned", sizeof(T), at);
}

}  // namespace tenon::emulation

#define TENON_EMULATION_LOAD(name)  \
  template <typename T>             \
  T name(const T* from) {           \
    return tenon::emulation::load(from); \
  }
TENON_EMULATION_LOAD(__ldg)
TENON_EMULATION_LOAD(__ldca)
TENON_EMULATION_LOAD(__ldcg)
TENON_EMULATION_LOAD(__ldcs)
TENON_EMULATION_LOAD(__ldcv)
TENON_EMULATION_LOAD(__ldlu)
#undef TENON_EMULATION_LOAD

#define TENON_EMULATION_STORE(name)                    \
  template <typename T>                                \
  void name(T* to, std::type_identity_t<T> value) {    \
    tenon::emulation::store(to, value);                \
  }
TENON_EMULATION_STORE(__stwb)
TENON_EMULATION_STORE(__stcg)
TENON_EMULATION_STORE(__stcs)
TENON_EMULATION_STORE(__stwt)
#undef TENON_EMULATION_STORE

// name(address, operand): what was there before.
#define TENON_EMULATION_ATOMIC(name, after)                          \
  template <typename T>                                              \
  TENON_UNWATCHED T name(T* at, std::type_identity_t<T> value) {     \
    tenon::emulation::check_operand(at);                             \
    const T before = *at;                                            \
    *at = static_cast<T>(after);                                     \
    return before;                                                   \
  }                                                                  \
  template <typename T>                                              \
  T name##_block(T* at, std::type_identity_t<T> value) {             \
    return name(at, value);                                          \
  }
TENON_EMULATION_ATOMIC(atomicAdd, before + value)
TENON_EMULATION_ATOMIC(atomicSub, before - value)
TENON_EMULATION_ATOMIC(atomicMax, before > value ? before : value)
TENON_EMULATION_ATOMIC(atomicMin, before < value ? before : value)
TENON_EMULATION_ATOMIC(atomicAnd, before & value)
TENON_EMULATION_ATOMIC(atomicOr, before | value)
TENON_EMULATION_ATOMIC(atomicXor, before ^ value)
TENON_EMULATION_ATOMIC(atomicExch, ((void)before, value))
TENON_EMULATION_ATOMIC(atomicInc, before >= value ? 0 : before + 1)
TENON_EMULATION_ATOMIC(atomicDec, before == 0 || before > value ? value : before - 1)
#undef TENON_EMULATION_ATOMIC

template <typename T>
TENON_UNWATCHED T atomicCAS(T* at, std::type_identity_t<T> expected, std::type_identity_t<T> value) {
  tenon::emulation::check_operand(at);
  const T before = *at;
  if (before == expected) {
    *at = value;
  } else {
    tenon::emulation::yield();  // the caller may wait in a loop
  }
  return before;
}

#endif
