// Runs something in a process of its own, since it may end that.
#ifndef TENON_EMULATION_APART_H
#define TENON_EMULATION_APART_H

#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include <functional>
#include <string>

namespace tenon::emulation {

struct Ended {
  int status;        // as waitpid gives it
  std::string text;  // of standard error
};

inline Ended run_apart(const std::function<void()>& run) {
  int ends[2];
  if (pipe(ends)) exit(3);
  fflush(stdout);
  const pid_t child = fork();
  if (child == 0) {
    dup2(ends[1], 2);
    run();
    _exit(0);
  }
  close(ends[1]);
  Ended ended;
  char part[4096];
  for (ssize_t n; (n = read(ends[0], part, sizeof part)) > 0;) ended.text.append(part, n);
  close(ends[0]);
  waitpid(child, &ended.status, 0);
  return ended;
}

}  // namespace tenon::emulation
#endif
