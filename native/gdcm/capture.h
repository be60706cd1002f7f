// What a call changes in the process for as long as it lasts.
#pragma once
#include <fcntl.h>
#include <signal.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cstdio>
#include <iostream>
#include <string>

// Capture leads descriptors 1 and 2 into memory. The libraries print there:
// their complaints tell whether a JPEG was damaged, and standard output belongs
// to the caller's protocol.
//
// For the same time, the signals of a crash end the process after what was said
// has been passed on. Go's runtime would print its goroutines instead, and end
// with an exit code that says nothing.
class Capture {
 public:
  Capture() {
    file_ = memfd_create("magn-gdcm", MFD_CLOEXEC);
    if (file_ < 0) return;
    for (int fd = 1; fd <= 2; fd++) {
      saved_[fd] = fcntl(fd, F_DUPFD_CLOEXEC, 3);
      dup2(file_, fd);
    }
    struct sigaction tell = {};
    tell.sa_handler = pass_on;
    tell.sa_flags = SA_ONSTACK | SA_RESETHAND | SA_NODEFER;
    for (int i = 0; i < n; i++) sigaction(signals[i], &tell, &before_[i]);
  }
  Capture(const Capture&) = delete;
  Capture& operator=(const Capture&) = delete;
  ~Capture() { end(); }

  // end puts everything back and returns the end of what was said.
  std::string end() {
    if (file_ < 0) return "";
    std::cerr.flush();
    std::cout.flush();
    fflush(nullptr);
    for (int i = 0; i < n; i++) sigaction(signals[i], &before_[i], nullptr);
    for (int fd = 1; fd <= 2; fd++) {
      saved_[fd] < 0 ? close(fd) : dup2(saved_[fd], fd);
      if (saved_[fd] >= 0) close(saved_[fd]);
    }
    std::string said(most, 0);
    const ssize_t got = pread(file_, &said[0], most, from());
    said.resize(got > 0 ? static_cast<size_t>(got) : 0);
    close(file_);
    file_ = -1;
    return said;
  }

 private:
  static constexpr off_t most = 2048;
  static constexpr int n = 5;
  static constexpr int signals[n] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT};
  struct sigaction before_[n];
  // Of the one call at a time; static for the handler.
  static inline int file_ = -1;
  static inline int saved_[3] = {-1, -1, -1};

  static off_t from() {
    const off_t size = lseek(file_, 0, SEEK_END);
    return size > most ? size - most : 0;
  }

  static void pass_on(int signal) {
    char said[most];
    const ssize_t got = pread(file_, said, most, from());
    if (got > 0 && saved_[2] >= 0) (void)!write(saved_[2], said, static_cast<size_t>(got));
    raise(signal);
  }
};
