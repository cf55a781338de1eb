#include "launch.h"

#include <dlfcn.h>
#include <link.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <deque>
#include <mutex>
#include <string>
#include <vector>

#include "context.h"
#include "order.h"

uint3 threadIdx, blockIdx;
dim3 blockDim, gridDim;

namespace tenon::emulation {
namespace {

constexpr int kMostThreads = 1024, kMostShared = 227 * 1024, kBarriers = 16;
constexpr uint8_t kPoison = 0xff;  // not a number in every floating-point type, -1 in integers

struct Copy {
  void* to;
  const void* from;
  int bytes;
  bool valid;
};

struct Fiber {
  Context context;
  uint3 thread;
  int warp, lane;
  const char* waits;  // null while it may run
  uint32_t mask;
  std::deque<std::vector<Copy>> groups;
  std::vector<Copy> copies;
  Watched watched;
};

struct Meeting {
  uint32_t mask = 0, present = 0;
  const char* operation;
  Finish finish;
  void* records[32];
};

struct Warp {
  uint32_t live = 0, ready = 0;
  Meeting meetings[32];
  Watched engine;             // what the matrix engine reads
  char order, engine_order;   // addresses: of __syncwarp, of operands
  int open = 0;  // all open meetings are among the first `open`
};

struct Barrier {
  int threads = 0, waiting = 0, nonzero = 0;
  uint32_t waits[32] = {};
};

// A copy that the hardware does by itself, and the thread that asked for it.
struct Landing {
  std::function<void()> copy;
  Fiber* asked;
};

Fiber fibers[kMostThreads];
Warp warps[kMostThreads / 32];
Barrier barriers[kBarriers], block_barrier;
Counts outcome;
Context outside;
Fiber* current;
const Launch* running;
int warp_count, live_threads;
bool backward, waited;
std::vector<Landing> landing;  // copies under way
Watched copying, host;
char block_begins, block_ends, barrier_order[kBarriers], block_barrier_order;  // addresses for before and after
uint32_t dice = 1;
unsigned char* shared_end;  // followed by a page that must not be touched
std::mutex one_at_a_time;

std::string name_of(const void* kernel) {
  Dl_info info;
  if (!dladdr(kernel, &info)) return "?";
  char command[600], line[1000] = "";
  const size_t offset = static_cast<const char*>(kernel) - static_cast<const char*>(info.dli_fbase);
  snprintf(command, sizeof command, "addr2line -f -C -e '%s' %zx 2>/dev/null", info.dli_fname, offset);
  char path[300];
  const ssize_t length = readlink("/proc/self/exe", path, sizeof path - 1);
  if (length > 0 && !strchr(info.dli_fname, '/')) {
    path[length] = 0;
    snprintf(command, sizeof command, "addr2line -f -C -e '%s' %zx 2>/dev/null", path, offset);
  }
  if (FILE* pipe = popen(command, "r")) {
    if (!fgets(line, sizeof line, pipe)) line[0] = 0;
    pclose(pipe);
  }
  line[strcspn(line, "\n")] = 0;
  return line[0] ? line : "?";
}

// "0-31 40": numbers of the threads that `chosen` names.
template <typename Chosen>
std::string list(Chosen chosen) {
  std::string text;
  const int threads = blockDim.x * blockDim.y * blockDim.z;
  for (int i = 0; i < threads; i++) {
    if (!chosen(i)) continue;
    int last = i;
    while (last + 1 < threads && chosen(last + 1)) last++;
    text += (text.empty() ? "" : " ") + std::to_string(i) + (last > i ? "-" + std::to_string(last) : "");
    i = last;
  }
  return text;
}

bool alive(int thread) { return warps[thread / 32].live >> thread % 32 & 1; }

[[noreturn]] void fail_stuck() {
  fprintf(stderr, "no thread can go on:\n");
  const int threads = blockDim.x * blockDim.y * blockDim.z;
  std::vector<bool> told(threads);
  for (int i = 0; i < threads; i++) {
    if (told[i] || !alive(i)) continue;
    const Fiber& first = fibers[i];
    auto alike = [&](int j) {
      return alive(j) && fibers[j].waits == first.waits && fibers[j].mask == first.mask && (!first.mask || j / 32 == i / 32);
    };
    fprintf(stderr, "  threads %s wait at %s", list(alike).c_str(), first.waits ? first.waits : "?");
    if (first.mask) {
      fprintf(stderr, " (mask %08x) for threads %s", first.mask,
              list([&](int j) { return j / 32 == i / 32 && first.mask >> j % 32 & 1 && alive(j) && !alike(j); }).c_str());
    }
    fprintf(stderr, "\n");
    for (int j = i; j < threads; j++) {
      if (alike(j)) told[j] = true;
    }
  }
  const std::string ended = list([](int j) { return !alive(j); });
  if (!ended.empty()) fprintf(stderr, "  threads %s have ended\n", ended.c_str());
  fail("a barrier that not all threads reach");
}

// The next thread that may run, of the running one's warp if possible; null if there is none.
Fiber* take_next(int warp) {
  for (int i = 0; i < warp_count; i++) {
    Warp& w = warps[warp];
    if (w.ready) {
      const int lane = backward ? 31 - __builtin_clz(w.ready) : __builtin_ctz(w.ready);
      w.ready &= ~(1u << lane);
      return &fibers[warp * 32 + lane];
    }
    if (backward) {
      warp = warp ? warp - 1 : warp_count - 1;
    } else {
      warp = warp + 1 == warp_count ? 0 : warp + 1;
    }
  }
  return nullptr;
}

void go_on(Fiber* from, Fiber* to) {
  if (from == to) return;
  current = to;
  threadIdx = to->thread;
  go_on_as(to->watched);
  switch_context(from->context, to->context);
}

void leave() {
  Fiber* from = current;
  Fiber* next = take_next(from->warp);
  if (!next) fail_stuck();
  go_on(from, next);
}

uint32_t roll(uint32_t sides) {
  dice = dice * 1664525u + 1013904223u;
  return (dice >> 8) % sides;
}

void land_one() {
  static Landing one;  // not on the stack of the thread that runs
  go_on_as(copying);
  const size_t which = roll(landing.size());
  one = std::move(landing[which]);
  landing[which] = std::move(landing.back());
  landing.pop_back();
  after(one.asked);
  one.copy();
  one.copy = nullptr;
  go_on_as(current->watched);
}

void finish(Warp& warp, Meeting& meeting) {
  meeting.finish(meeting.records, meeting.present);
  warp.ready |= meeting.present;
  meeting.mask = 0;
  while (warp.open && !warp.meetings[warp.open - 1].mask) warp.open--;
}

void finish_block_barrier() {
  outcome = {block_barrier.threads, block_barrier.nonzero};
  for (int w = 0; w < warp_count; w++) {
    warps[w].ready |= block_barrier.waits[w];
    block_barrier.waits[w] = 0;
  }
  block_barrier.threads = block_barrier.nonzero = 0;
}

void end_thread() {
  Fiber* ended = current;
  finish_copies(0);
  before(&block_ends);
  Warp& warp = warps[ended->warp];
  warp.live &= ~(1u << ended->lane);
  live_threads--;
  for (int i = 0; i < warp.open; i++) {
    Meeting& meeting = warp.meetings[i];
    if (meeting.mask && meeting.present == (meeting.mask & warp.live)) finish(warp, meeting);
  }
  if (live_threads && block_barrier.threads == live_threads) finish_block_barrier();
  if (!live_threads) {
    if (!landing.empty()) fail("a block ends while %zu copies are under way to its shared memory", landing.size());
    current = nullptr;
    go_on_as(host);
    switch_context(ended->context, outside);
  } else {
    Fiber* next = take_next(ended->warp);
    if (!next) fail_stuck();
    go_on(ended, next);
  }
}

void run_threads() {
  for (;;) {  // a fiber is used again for the next block
    after(&block_begins);
    running->thread();
    end_thread();
  }
}

unsigned char* map_with_guard(size_t bytes) {
  const size_t page = sysconf(_SC_PAGESIZE);
  bytes = (bytes + page - 1) / page * page;
  void* at = mmap(nullptr, bytes + 2 * page, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (at == MAP_FAILED || mprotect(static_cast<char*>(at) + page, bytes, PROT_READ | PROT_WRITE)) {
    fprintf(stderr, "no memory for the emulation\n");
    abort();
  }
  return static_cast<unsigned char*>(at) + page + bytes;
}

void prepare(int threads) {
  static int made = 0;
  if (!shared_end) {
    shared_end = map_with_guard(kMostShared + 4096);
    copying = watch_another();
    landing.reserve(1 << 16);  // memory that one thread took and another one gave back would be a race
  }
  for (; made < threads; made++) {
    // tops at different places of a page, or all of them would share a few cache lines
    unsigned char* top = map_with_guard(kStackBytes) - made % 32 * 128;
    make_context(fibers[made].context, top, run_threads);
    fibers[made].watched = watch_another();
    if (made % 32 == 0) warps[made / 32].engine = watch_another();
  }
}

// What the emulation was linked into.
struct Module {
  bool program;                  // not a library that a program has loaded
  unsigned char* thread_local_data;  // of the thread that asked first
  size_t thread_local_bytes;
};

const Module& module() {
  static const Module found = [] {
    Module module = {};
    std::pair<Module*, int> search = {&module, 0};
    dl_iterate_phdr(
        [](dl_phdr_info* info, size_t, void* given) {
          auto& [to, number] = *static_cast<std::pair<Module*, int>*>(given);
          const bool first = number++ == 0;
          const uintptr_t here = reinterpret_cast<uintptr_t>(&run_threads) - info->dlpi_addr;
          bool ours = false;
          for (int i = 0; i < info->dlpi_phnum; i++) {
            const auto& header = info->dlpi_phdr[i];
            ours |= header.p_type == PT_LOAD && here - header.p_vaddr < header.p_memsz;
          }
          if (!ours) return 0;
          to->program = first;
          for (int i = 0; i < info->dlpi_phnum; i++) {
            const auto& header = info->dlpi_phdr[i];
            if (header.p_type != PT_TLS || !info->dlpi_tls_data) continue;
            to->thread_local_data = static_cast<unsigned char*>(info->dlpi_tls_data) + header.p_filesz;
            to->thread_local_bytes = header.p_memsz - header.p_filesz;
          }
          return 1;
        },
        &search);
    return module;
  }();
  return found;
}

// Variables that are __shared__ are a module's only thread-local ones: fills them all. Not in libraries, whose kernels may
// be run by any thread.
void poison_static_shared() {
  if (module().program && module().thread_local_data) memset(module().thread_local_data, kPoison, module().thread_local_bytes);
}

void run_block() {
  const unsigned threads = blockDim.x * blockDim.y * blockDim.z;
  memset(dynamic_shared(), kPoison, shared_end - static_cast<unsigned char*>(dynamic_shared()));
  poison_static_shared();
  for (Barrier& barrier : barriers) barrier = {};
  live_threads = threads;
  for (unsigned i = 0; i < threads; i++) {
    Fiber& fiber = fibers[i];
    fiber.thread = {i % blockDim.x, i / blockDim.x % blockDim.y, i / blockDim.x / blockDim.y};
    fiber.warp = i / 32;
    fiber.lane = i % 32;
    fiber.waits = nullptr;
    fiber.mask = 0;
  }
  for (int w = 0; w < warp_count; w++) {
    const unsigned in_warp = threads - w * 32;
    warps[w].live = warps[w].ready = in_warp >= 32 ? ~0u : (1u << in_warp) - 1;
    warps[w].open = 0;
  }
  Fiber* first = take_next(backward ? warp_count - 1 : 0);
  current = first;
  threadIdx = first->thread;
  host = watched_now();
  before(&block_begins);
  go_on_as(first->watched);
  switch_context(outside, first->context);
  after(&block_ends);
  const unsigned char* beyond = static_cast<unsigned char*>(dynamic_shared()) + running->shared_bytes;
  for (; beyond < shared_end; beyond++) {
    if (*beyond != kPoison) fail("a write beyond the %d bytes of dynamic shared memory", running->shared_bytes);
  }
}

void run(const Launch& launch) {
  std::lock_guard<std::mutex> lock(one_at_a_time);
  static long long launches = 0;
  running = &launch;
  gridDim = launch.grid;
  blockDim = launch.block;
  const int threads = blockDim.x * blockDim.y * blockDim.z;
  warp_count = (threads + 31) / 32;
  prepare(threads);
  // threads and blocks run in the other order at every other launch: results must not depend on it
  backward = launches++ % 2;
  waited = false;
  const uint64_t blocks = uint64_t(gridDim.x) * gridDim.y * gridDim.z;
  for (uint64_t i = 0; i < blocks; i++) {
    const uint64_t block = backward ? blocks - 1 - i : i;
    blockIdx = {unsigned(block % gridDim.x), unsigned(block / gridDim.x % gridDim.y), unsigned(block / gridDim.x / gridDim.y)};
    run_block();
  }
  if (launch.early && !waited) {
    fail("started early but never waits for its predecessor: the kernel after it could overtake the one before it");
  }
  running = nullptr;
}

void crashed(int signal) {
  char text[] = "signal in emulated code (an address that is not there, or badly aligned): ";
  if (write(2, text, sizeof text - 1) < 0) _exit(3);
  struct sigaction otherwise = {};
  otherwise.sa_handler = SIG_DFL;
  sigaction(signal, &otherwise, nullptr);
  if (running) fail("%s", strsignal(signal));
}

// In a test program: lines come out as they are written, so that an end by a signal loses none, and a signal says where.
void watch_program() {
  static bool done = false;
  if (done || !module().program) return;
  done = true;
  setvbuf(stdout, nullptr, _IOLBF, 1 << 14);
  stack_t stack = {};
  stack.ss_size = 256 * 1024;
  stack.ss_sp = malloc(stack.ss_size);
  sigaltstack(&stack, nullptr);
  struct sigaction action = {};
  action.sa_handler = crashed;
  action.sa_flags = SA_ONSTACK | SA_NODEFER;
  for (int signal : {SIGSEGV, SIGBUS, SIGFPE}) sigaction(signal, &action, nullptr);
}

}  // namespace

void fail(const char* format, ...) {
  va_list arguments;
  va_start(arguments, format);
  vfprintf(stderr, format, arguments);
  va_end(arguments);
  fprintf(stderr, "\n");
  if (running) {
    fprintf(stderr, "  in kernel %s\n  grid (%u, %u, %u) of (%u, %u, %u), block (%u, %u, %u), thread (%u, %u, %u)\n",
            name_of(running->kernel).c_str(), gridDim.x, gridDim.y, gridDim.z, blockDim.x, blockDim.y, blockDim.z, blockIdx.x,
            blockIdx.y, blockIdx.z, threadIdx.x, threadIdx.y, threadIdx.z);
  }
  fflush(stdout);
  fflush(stderr);
  abort();
}

int enqueue(Launch launch, void* stream) {
  watch_program();
  const dim3 grid = launch.grid, block = launch.block;
  const uint64_t threads = uint64_t(block.x) * block.y * block.z;
  const char* wrong = nullptr;
  if (!grid.x || !grid.y || !grid.z || !threads) wrong = "an empty grid or block";
  if (grid.x > 0x7fffffff || grid.y > 65535 || grid.z > 65535) wrong = "the grid is too large";
  if (threads > kMostThreads || block.z > 64) wrong = "the block is too large";
  if (launch.shared_bytes < 0 || launch.shared_bytes > kMostShared) wrong = "more than 227 KB of shared memory";
  if (wrong) {
    fprintf(stderr, "launch refused: %s: kernel %s, grid (%u, %u, %u), block (%u, %u, %u), %d bytes of shared memory\n", wrong,
            name_of(launch.kernel).c_str(), grid.x, grid.y, grid.z, block.x, block.y, block.z, launch.shared_bytes);
    return launch.shared_bytes > kMostShared ? cudaErrorInvalidValue : cudaErrorInvalidConfiguration;
  }
  if (stream && reinterpret_cast<uintptr_t>(stream) > 8) {  // not one of the default streams
    Stream* to = static_cast<Stream*>(stream);
    return to->take(
        to, [](void* operation) { run(*static_cast<Launch*>(operation)); },
        [](void* operation) { delete static_cast<Launch*>(operation); }, new Launch(std::move(launch)));
  }
  run(launch);
  return cudaSuccess;
}

unsigned lane() { return current->lane; }

void nothing(void* const (&)[32], uint32_t) {}
void unordered(void* const (&)[32], uint32_t) {}

void* dynamic_shared() { return shared_end - (running->shared_bytes + 127) / 128 * 128; }

void meet(uint32_t mask, const char* operation, Finish finish_with, void* record) {
  Fiber& self = *current;
  Warp& warp = warps[self.warp];
  const uint32_t bit = 1u << self.lane;
  if (!(mask & bit)) fail("%s: the mask %08x lacks the calling lane %d", operation, mask, self.lane);
  Meeting* meeting = nullptr;
  for (int i = 0; i < warp.open; i++) {
    if (warp.meetings[i].mask == mask) meeting = &warp.meetings[i];
  }
  if (!meeting) {
    int free = 0;
    while (free < warp.open && warp.meetings[free].mask) free++;
    if (free == warp.open) warp.open++;
    meeting = &warp.meetings[free];
    meeting->mask = mask;
    meeting->present = 0;
    meeting->operation = operation;
    meeting->finish = finish_with;
  } else if (meeting->finish != finish_with) {
    fail("lane %d comes to %s while others of the mask %08x wait for it at %s", self.lane, operation, mask, meeting->operation);
  }
  meeting->records[self.lane] = record;
  meeting->present |= bit;
  const bool orders = finish_with == nothing;  // __syncwarp
  if (orders) before(&warp.order);
  if (meeting->present == (mask & warp.live)) {
    finish(warp, *meeting);
    warp.ready &= ~bit;
  } else {
    self.waits = operation;
    self.mask = mask;
    leave();
    self.waits = nullptr;
    self.mask = 0;
  }
  if (orders) after(&warp.order);
}

void meet_warp(const char* operation, Finish finish_with, void* record) {
  if (warps[current->warp].live != ~0u) {
    fail("%s by a warp of which threads have ended or never were (lanes there: %08x)", operation, warps[current->warp].live);
  }
  meet(~0u, operation, finish_with, record);
}

Counts meet_block(const char* operation, bool predicate) {
  Fiber& self = *current;
  block_barrier.threads++;
  block_barrier.nonzero += predicate;
  block_barrier.waits[self.warp] |= 1u << self.lane;
  before(&block_barrier_order);
  if (block_barrier.threads == live_threads) {
    finish_block_barrier();
    warps[self.warp].ready &= ~(1u << self.lane);
  } else {
    self.waits = operation;
    leave();
    self.waits = nullptr;
  }
  after(&block_barrier_order);
  return outcome;
}

void meet_at(int number, int threads, bool wait) {
  if (number < 0 || number >= kBarriers || threads <= 0 || threads % 32) fail("no barrier %d of %d threads", number, threads);
  Fiber& self = *current;
  Barrier& barrier = barriers[number];
  if (wait) barrier.waits[self.warp] |= 1u << self.lane;
  before(&barrier_order[number]);
  if (++barrier.threads == threads) {
    for (int w = 0; w < warp_count; w++) warps[w].ready |= barrier.waits[w];
    barrier = {};
    warps[self.warp].ready &= ~(1u << self.lane);
    if (wait) after(&barrier_order[number]);
    return;
  }
  if (!wait) return;
  static const char* const kNames[kBarriers] = {
      "barrier 0", "barrier 1", "barrier 2",  "barrier 3",  "barrier 4",  "barrier 5",  "barrier 6",  "barrier 7",
      "barrier 8", "barrier 9", "barrier 10", "barrier 11", "barrier 12", "barrier 13", "barrier 14", "barrier 15"};
  self.waits = kNames[number];
  leave();
  self.waits = nullptr;
  after(&barrier_order[number]);
}

void yield() {
  if (!landing.empty() && roll(4) == 0) land_one();
  Fiber& self = *current;
  int warp = self.warp;
  for (int i = 1; i < warp_count; i++) {
    warp = warp + 1 == warp_count ? 0 : warp + 1;
    if (warps[warp].ready) break;
  }
  Fiber* next = take_next(warp);
  if (!next) return;
  warps[self.warp].ready |= 1u << self.lane;
  go_on(&self, next);
}

#if defined(TENON_RACES)

void read_operand(void* to, const void* from, size_t bytes) {
  Warp& warp = warps[current->warp];
  before(current);
  go_on_as(warp.engine);
  after(current);
  reads(from, bytes);
  before(&warp.engine_order);
  go_on_as(current->watched);
  // of a size that the compiler knows: the function would be a read by this thread
  if (bytes == 2) {
    memcpy(to, from, 2);
  } else if (bytes == 4) {
    memcpy(to, from, 4);
  } else {
    fail("an operand of %zu bytes", bytes);
  }
}

void operands_have_been_read() { after(&warps[current->warp].engine_order); }

#endif

void waited_for_predecessor() { waited = true; }

void land_later(std::function<void()> copy) {
  before(current);
  landing.push_back({std::move(copy), current});
}

void copy_later(void* to, const void* from, int bytes, bool valid) {
  if (reinterpret_cast<uintptr_t>(to) % bytes || (valid && reinterpret_cast<uintptr_t>(from) % bytes)) {
    fail("copy_async%d from %p to %p: not a multiple of %d", bytes, from, to, bytes);
  }
  if (valid) reads(from, bytes);
  writes(to, bytes);  // from now on
  current->copies.push_back({to, from, bytes, valid});
}

void commit_copies() {
  current->groups.push_back(std::move(current->copies));
  current->copies.clear();
}

void finish_copies(int pending) {
  Fiber& self = *current;
  while (self.groups.size() > static_cast<size_t>(pending)) {
    for (const Copy& copy : self.groups.front()) {
      if (copy.valid) {
        memcpy(copy.to, copy.from, copy.bytes);
      } else {
        memset(copy.to, 0, copy.bytes);
      }
      writes(copy.to, copy.bytes);
    }
    self.groups.pop_front();
  }
}

}  // namespace tenon::emulation
