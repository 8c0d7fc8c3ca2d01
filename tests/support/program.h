#pragma once

#include <fcntl.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/files.h"

namespace tamis::testing {

using Arguments = std::vector<std::string>;
using Environment = std::vector<std::pair<std::string, std::string>>;

/// How a program ended and what it said. `status` is 128 + the signal where one ended it.
struct Ended {
  int status = 0;
  std::string out, err;
};

/// A running program whose output goes to files. Killed when the object goes.
class Program {
 public:
  Program(const std::string& program, const Arguments& arguments,
          const Environment& environment = {})
      : folder_("tamis-program") {
    Arguments all{program};
    all.insert(all.end(), arguments.begin(), arguments.end());
    std::vector<char*> raw;
    for (std::string& a : all) raw.push_back(a.data());
    raw.push_back(nullptr);
    std::string out = (folder_.path() / "out").string(), err = (folder_.path() / "err").string();
    pid_ = ::fork();
    if (pid_ != 0) return;
    for (const auto& [name, value] : environment) ::setenv(name.c_str(), value.c_str(), 1);
    ::dup2(::open("/dev/null", O_RDONLY), 0);
    ::dup2(::open(out.c_str(), O_WRONLY | O_CREAT, 0600), 1);
    ::dup2(::open(err.c_str(), O_WRONLY | O_CREAT, 0600), 2);
    ::execv(raw[0], raw.data());
    ::_exit(127);
  }
  Program(const Program&) = delete;
  Program& operator=(const Program&) = delete;
  ~Program() {
    if (!ended_) {
      signal(SIGKILL);
      wait();
    }
  }

  void signal(int number) const { ::kill(pid_, number); }
  pid_t pid() const { return pid_; }

  Ended wait() {
    int state = 0;
    while (::waitpid(pid_, &state, 0) < 0 && errno == EINTR) {
    }
    ended_ = true;
    return {WIFEXITED(state) ? WEXITSTATUS(state) : 128 + WTERMSIG(state), text("out"),
            text("err")};
  }

  /// What it has written to standard error so far.
  std::string said() const { return text("err"); }

 private:
  std::string text(const char* name) const {
    std::filesystem::path file = folder_.path() / name;
    return std::filesystem::exists(file) ? load_text(file) : std::string();
  }

  TemporaryFolder folder_;
  pid_t pid_ = -1;
  bool ended_ = false;
};

inline Ended run_program(const std::string& program, const Arguments& arguments,
                         const Environment& environment = {}) {
  return Program(program, arguments, environment).wait();
}

}  // namespace tamis::testing
