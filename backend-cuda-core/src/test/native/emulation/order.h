// What orders the accesses of a block's threads, told to ThreadSanitizer (`run --races`): accesses that nothing orders are
// races, whatever order the emulation happened to run them in. Only what orders them on a card does so here: barriers,
// __syncwarp and copies that have been waited for; not shuffles, votes or atomic operations, and not that one thread runs
// at a time. Each emulated thread is a fiber of ThreadSanitizer's; copies by the hardware (TMA) are another one's, and what
// the matrix engine reads for a warp (wgmma), until the warp waits for products, is one's of that warp.
//
// Not covered: fences between kinds of accesses.
#ifndef TENON_EMULATION_ORDER_H
#define TENON_EMULATION_ORDER_H

#include <stddef.h>
#include <string.h>

#if defined(TENON_RACES)

#include <sanitizer/tsan_interface.h>

extern "C" void __tsan_read_range(void*, unsigned long);
extern "C" void __tsan_write_range(void*, unsigned long);

// Of a function whose own accesses are no thread's: state of barriers, atomic operations.
#define TENON_UNWATCHED __attribute__((no_sanitize("thread"), noinline))

namespace tenon::emulation {

using Watched = void*;  // a fiber of ThreadSanitizer's

inline Watched watched_now() { return __tsan_get_current_fiber(); }
inline Watched watch_another() { return __tsan_create_fiber(0); }
inline void go_on_as(Watched fiber) { __tsan_switch_to_fiber(fiber, __tsan_switch_to_fiber_no_sync); }
// What came before `before` in threads that called it comes before what follows `after` of the same address.
inline void before(void* address) { __tsan_release(address); }
inline void after(void* address) { __tsan_acquire(address); }
inline void reads(const void* from, size_t bytes) { __tsan_read_range(const_cast<void*>(from), bytes); }
inline void writes(void* to, size_t bytes) { __tsan_write_range(to, bytes); }

// By the matrix engine, of shared memory.
void read_operand(void* to, const void* from, size_t bytes);
void operands_have_been_read();

}  // namespace tenon::emulation

#else

#define TENON_UNWATCHED

namespace tenon::emulation {

struct Watched {};

inline Watched watched_now() { return {}; }
inline Watched watch_another() { return {}; }
inline void go_on_as(Watched) {}
inline void before(void*) {}
inline void after(void*) {}
inline void reads(const void*, size_t) {}
inline void writes(void*, size_t) {}
inline void read_operand(void* to, const void* from, size_t bytes) { memcpy(to, from, bytes); }
inline void operands_have_been_read() {}

}  // namespace tenon::emulation

#endif
#endif
