// Fibers: switching between stacks, in ten instructions on x86-64 and through ucontext elsewhere.
#ifndef TENON_EMULATION_CONTEXT_H
#define TENON_EMULATION_CONTEXT_H

#include <stddef.h>
#include <stdint.h>

#if !defined(__x86_64__)
#include <ucontext.h>
#endif

namespace tenon::emulation {

constexpr size_t kStackBytes = 128 * 1024;

#if defined(__x86_64__)

struct Context {
  void* stack;
};

extern "C" void tenon_emulation_switch(void** from, void* to) __attribute__((visibility("hidden")));

asm(R"(
.text
.p2align 4
.hidden tenon_emulation_switch
.globl tenon_emulation_switch
.type tenon_emulation_switch, @function
tenon_emulation_switch:
  pushq %rbp
  pushq %rbx
  pushq %r12
  pushq %r13
  pushq %r14
  pushq %r15
  movq %rsp, (%rdi)
  movq %rsi, %rsp
  popq %r15
  popq %r14
  popq %r13
  popq %r12
  popq %rbx
  popq %rbp
  ret
.size tenon_emulation_switch, . - tenon_emulation_switch
)");

inline void make_context(Context& context, unsigned char* top, void (*entry)()) {
  void** at = reinterpret_cast<void**>(reinterpret_cast<uintptr_t>(top) & ~uintptr_t(15));
  *--at = nullptr;  // where `entry` would return to; it never does
  *--at = reinterpret_cast<void*>(entry);
  for (int i = 0; i < 6; i++) *--at = nullptr;
  context.stack = at;
}

inline void switch_context(Context& from, Context& to) { tenon_emulation_switch(&from.stack, to.stack); }

#else

struct Context {
  ucontext_t saved;
};

inline void make_context(Context& context, unsigned char* top, void (*entry)()) {
  getcontext(&context.saved);
  context.saved.uc_stack.ss_sp = top - (kStackBytes - 4096);
  context.saved.uc_stack.ss_size = kStackBytes - 4096;
  context.saved.uc_link = nullptr;
  makecontext(&context.saved, entry, 0);
}

inline void switch_context(Context& from, Context& to) { swapcontext(&from.saved, &to.saved); }

#endif

}  // namespace tenon::emulation
#endif
