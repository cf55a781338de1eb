// NCCL's interface among processes of this machine, for tests of ranks on emulated cards (../fake_driver): ranks meet in
// a file that all of them map. Collectives run for real, at once or from recordings, in the order of the ranks, in
// pieces of at most PIECE bytes.
//
// A rank that waits looks whether the others' processes live; once one is gone, its waits end, data is left as it is,
// and ncclCommGetAsyncError tells. FAKE_NCCL_DIE=rank:count ends that rank's process at its count-th collective.
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include <atomic>
#include <string>
#include <vector>

namespace {

constexpr int MOST_RANKS = 16;
constexpr size_t PIECE = 1 << 20;
enum Result { SUCCESS = 0, SYSTEM_ERROR = 2, INVALID_ARGUMENT = 4, REMOTE_ERROR = 6 };
enum Type { BYTES = 1, BF16 = 9 };

struct Meeting {
  std::atomic<int> arrived, generation, joined;
  std::atomic<int> process[MOST_RANKS];
  unsigned char piece[MOST_RANKS][PIECE];
};

struct UniqueId {
  char bytes[128];
};

}  // namespace

struct ncclComm {
  Meeting* meeting;
  std::string path;
  int ranks, rank, collectives, die_at;
  std::atomic<int> error, aborted;
};

namespace {

// How the emulation's driver takes operations (../emulation/launch.h).
struct Stream {
  int (*take)(Stream*, void (*run)(void*), void (*drop)(void*), void* operation);
};

struct Operation {
  enum Kind { SUM, GATHER, BROADCAST } kind;
  ncclComm* group;
  const unsigned char* from;
  unsigned char* to;
  size_t bytes;  // of one rank
  int root;
};

thread_local std::string last_error;

void rest() {
  const timespec little = {0, 50'000};
  nanosleep(&little, nullptr);
}

bool alive(ncclComm* group) {
  for (int other = 0; other < group->ranks; other++) {
    const int process = group->meeting->process[other];
    if (process > 0 && kill(process, 0) != 0 && errno == ESRCH) return false;
    if (process < 0) return false;  // it left
  }
  return true;
}

bool zombie(int process) {
  char path[64], state = 0;
  snprintf(path, sizeof path, "/proc/%d/stat", process);
  if (FILE* stat = fopen(path, "r")) {
    if (fscanf(stat, "%*d (%*[^)]) %c", &state) != 1) state = 0;
    fclose(stat);
  }
  return state == 'Z';
}

bool meet(ncclComm* group) {
  Meeting* meeting = group->meeting;
  if (group->error || group->aborted) return false;
  const int generation = meeting->generation;
  if (meeting->arrived.fetch_add(1) + 1 == group->ranks) {
    meeting->arrived = 0;
    meeting->generation.fetch_add(1);
    return true;
  }
  for (int i = 0; meeting->generation == generation; i++) {
    if (group->aborted) return false;
    if (i % 200 == 199) {
      bool gone = !alive(group);
      for (int other = 0; other < group->ranks && !gone; other++) gone = zombie(meeting->process[other]);
      if (gone && meeting->generation == generation) {
        group->error = REMOTE_ERROR;
        return false;
      }
    }
    rest();
  }
  return true;
}

float widen(uint16_t bits) {
  const uint32_t word = uint32_t(bits) << 16;
  float value;
  memcpy(&value, &word, 4);
  return value;
}

uint16_t narrow(float value) {
  uint32_t word;
  memcpy(&word, &value, 4);
  if ((word & 0x7fffffff) > 0x7f800000) return 0x7fff;
  return static_cast<uint16_t>((word + 0x7fff + (word >> 16 & 1)) >> 16);
}

void run(void* what) {
  const Operation& operation = *static_cast<Operation*>(what);
  ncclComm* group = operation.group;
  Meeting* meeting = group->meeting;
  if (++group->collectives == group->die_at) {
    fprintf(stderr, "the test ends this process\n");
    _exit(9);
  }
  for (size_t at = 0; at < operation.bytes; at += PIECE) {
    const size_t bytes = operation.bytes - at < PIECE ? operation.bytes - at : PIECE;
    memcpy(meeting->piece[group->rank], operation.from + at, bytes);
    if (!meet(group)) return;
    switch (operation.kind) {
      case Operation::SUM:
        for (size_t i = 0; i < bytes; i += 2) {
          float sum = 0;
          for (int rank = 0; rank < group->ranks; rank++) {
            uint16_t bits;
            memcpy(&bits, &meeting->piece[rank][i], 2);
            sum += widen(bits);
          }
          const uint16_t bits = narrow(sum);
          memcpy(operation.to + at + i, &bits, 2);
        }
        break;
      case Operation::GATHER:
        for (int rank = 0; rank < group->ranks; rank++) memcpy(operation.to + rank * operation.bytes + at, meeting->piece[rank], bytes);
        break;
      case Operation::BROADCAST: memcpy(operation.to + at, meeting->piece[operation.root], bytes); break;
    }
    if (!meet(group)) return;  // pieces are free again
  }
}

void drop(void* what) { delete static_cast<Operation*>(what); }

int enqueue(void* stream, Operation operation) {
  if (!stream || !operation.group) return INVALID_ARGUMENT;
  return static_cast<Stream*>(stream)->take(static_cast<Stream*>(stream), run, drop, new Operation(operation)) ? SYSTEM_ERROR : SUCCESS;
}

}  // namespace

extern "C" {

int ncclGetVersion(int* version) {
  *version = 22809;
  return SUCCESS;
}

const char* ncclGetErrorString(int result) {
  return result == REMOTE_ERROR ? "remote process exited" : result == INVALID_ARGUMENT ? "invalid argument" : "system error";
}

const char* ncclGetLastError(ncclComm*) { return last_error.c_str(); }

int ncclGetUniqueId(UniqueId* id) {
  memset(id, 0, sizeof *id);
  snprintf(id->bytes, sizeof id->bytes, "/dev/shm/fake-nccl-XXXXXX");
  const int file = mkstemp(id->bytes);
  if (file < 0 || ftruncate(file, sizeof(Meeting)) != 0) {
    last_error = std::string(id->bytes) + ": " + strerror(errno);
    return SYSTEM_ERROR;
  }
  close(file);
  return SUCCESS;
}

int ncclCommInitRank(ncclComm** made, int ranks, UniqueId id, int rank) {
  if (ranks > MOST_RANKS) return INVALID_ARGUMENT;
  const int file = open(id.bytes, O_RDWR);
  void* mapped = file < 0 ? MAP_FAILED : mmap(nullptr, sizeof(Meeting), PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
  if (mapped == MAP_FAILED) {
    last_error = std::string(id.bytes) + ": " + strerror(errno);
    return SYSTEM_ERROR;
  }
  close(file);
  ncclComm* group = new ncclComm{static_cast<Meeting*>(mapped), id.bytes, ranks, rank, 0, 0, {0}, {0}};
  int dying = 0, count = 0;
  if (const char* die = getenv("FAKE_NCCL_DIE"); die && sscanf(die, "%d:%d", &dying, &count) == 2 && dying == rank) group->die_at = count;
  group->meeting->process[rank] = getpid();
  group->meeting->joined.fetch_add(1);
  while (group->meeting->joined < ranks) rest();
  if (rank == 0) unlink(id.bytes);
  *made = group;
  return SUCCESS;
}

int ncclCommGetAsyncError(ncclComm* group, int* error) {
  *error = group->error;
  return SUCCESS;
}

// The group is kept: an operation that another thread runs may still see it.
int ncclCommAbort(ncclComm* group) {
  group->aborted = 1;
  group->meeting->process[group->rank] = -1;
  return SUCCESS;
}

int ncclAllReduce(const void* from, void* to, size_t count, int type, int reduction, ncclComm* group, void* stream) {
  if (type != BF16 || reduction != 0) return INVALID_ARGUMENT;
  return enqueue(stream, {Operation::SUM, group, static_cast<const unsigned char*>(from), static_cast<unsigned char*>(to), 2 * count, 0});
}

int ncclAllGather(const void* from, void* to, size_t count, int type, ncclComm* group, void* stream) {
  if (type != BYTES) return INVALID_ARGUMENT;
  return enqueue(stream, {Operation::GATHER, group, static_cast<const unsigned char*>(from), static_cast<unsigned char*>(to), count, 0});
}

int ncclBroadcast(const void* from, void* to, size_t count, int type, int root, ncclComm* group, void* stream) {
  if (type != BYTES) return INVALID_ARGUMENT;
  return enqueue(stream, {Operation::BROADCAST, group, static_cast<const unsigned char*>(from), static_cast<unsigned char*>(to), count, root});
}

}  // extern "C"
