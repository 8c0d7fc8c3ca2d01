#pragma once

#include <sys/types.h>

#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace tamis {

/// How a child process ended.
struct ExitState {
  std::optional<int> status;  ///< exit status, absent when a signal ended it
  std::optional<int> signal;
  std::string text() const;  ///< "exit status 3", "killed by signal 9 (out of memory?)"
};

/// A child process with pipes on its stdin and stdout; stderr is collected (its last 8 kB are kept)
/// by a pipe of its own. The child is killed when this process dies (PDEATHSIG), and by the
/// destructor. Not thread safe.
class Child {
 public:
  struct Options {
    std::vector<std::pair<std::string, std::string>> environment;  ///< added to the parent's
  };

  /// Starts argv[0] (a path). Throws unavailable when it cannot be started.
  explicit Child(const std::vector<std::string>& argv) : Child(argv, Options()) {}
  Child(const std::vector<std::string>& argv, const Options& options);
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;
  ~Child();

  pid_t pid() const { return pid_; }
  int input() const { return input_; }    ///< write end of its stdin
  int output() const { return output_; }  ///< read end of its stdout

  void pause();   ///< SIGSTOP
  void resume();  ///< SIGCONT
  void kill();    ///< SIGKILL; returns at once

  /// Waits for its end (reaps it). After kill() this is quick.
  ExitState wait();
  /// Its end if it has ended, without waiting.
  std::optional<ExitState> poll();
  /// The last part of what it wrote to stderr so far.
  std::string stderr_tail();

 private:
  void drain_stderr();

  pid_t pid_ = -1;
  int input_ = -1;
  int output_ = -1;
  int errors_ = -1;
  std::string tail_;
  std::optional<ExitState> state_;
};

/// In a child: ask the kernel to kill this process when its parent dies.
void die_with_parent();

/// Opens /dev/null in place of a standard stream that the caller closed, so that no file or pipe of
/// ours gets its number. What is written to a standard output that was closed still fails. Call
/// first in main.
void open_standard_streams();

/// Writes to a pipe whose reader has gone give an error instead of a signal. Call once in main.
void ignore_broken_pipes();

}  // namespace tamis
