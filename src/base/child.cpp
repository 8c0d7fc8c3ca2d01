#include "base/child.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>

#include "base/error.h"

namespace tamis {
namespace {

constexpr std::size_t kTailBytes = 8192;

/// Both ends above the standard streams: an end that is one of them already would keep O_CLOEXEC in
/// the child.
std::array<int, 2> make_pipe() {
  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0)
    throw Error(ErrorCode::unavailable, std::string("start process: ") + std::strerror(errno));
  for (int& end : ends) {
    if (end > STDERR_FILENO) continue;
    const int above = ::fcntl(end, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
    if (above < 0)
      throw Error(ErrorCode::unavailable, std::string("start process: ") + std::strerror(errno));
    ::close(end);
    end = above;
  }
  return ends;
}

[[noreturn]] void run_in_child(const std::vector<char*>& argv, pid_t parent) {
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (::getppid() != parent) ::_exit(127);
  ::setpgid(0, 0);
  ::signal(SIGPIPE, SIG_DFL);
  ::execv(argv[0], argv.data());
  ::_exit(127);
}

ExitState to_state(int status) {
  if (WIFEXITED(status)) return {WEXITSTATUS(status), std::nullopt};
  return {std::nullopt, WTERMSIG(status)};
}

}  // namespace

std::string ExitState::text() const {
  if (status) return "exit status " + std::to_string(*status);
  std::string text = "killed by signal " + std::to_string(signal.value_or(0));
  if (signal == SIGKILL) text += " (out of memory, or killed by hand)";
  if (signal == SIGSEGV) text += " (segmentation fault)";
  if (signal == SIGABRT) text += " (aborted)";
  return text;
}

Child::Child(const std::vector<std::string>& argv, const Options& options) {
  if (::access(argv.at(0).c_str(), X_OK) != 0)
    throw Error(ErrorCode::unavailable, "start " + argv[0] + ": " + std::strerror(errno) +
                                            "; is Tamis installed completely?");
  auto in = make_pipe();
  auto out = make_pipe();
  auto err = make_pipe();
  std::vector<char*> raw;
  for (const std::string& a : argv) raw.push_back(const_cast<char*>(a.c_str()));
  raw.push_back(nullptr);
  pid_t parent = ::getpid();
  pid_ = ::fork();
  if (pid_ == 0) {
    ::dup2(in[0], 0);
    ::dup2(out[1], 1);
    ::dup2(err[1], 2);
    for (const auto& [name, value] : options.environment) ::setenv(name.c_str(), value.c_str(), 1);
    run_in_child(raw, parent);
  }
  int error = errno;
  ::close(in[0]);
  ::close(out[1]);
  ::close(err[1]);
  input_ = in[1];
  output_ = out[0];
  errors_ = err[0];
  ::fcntl(errors_, F_SETFL, O_NONBLOCK);
  if (pid_ < 0)
    throw Error(ErrorCode::unavailable, "start " + argv[0] + ": " + std::strerror(error));
}

Child::~Child() {
  if (!state_) {
    kill();
    wait();
  }
  for (int fd : {input_, output_, errors_})
    if (fd >= 0) ::close(fd);
}

void Child::pause() { ::kill(pid_, SIGSTOP); }
void Child::resume() { ::kill(pid_, SIGCONT); }

void Child::kill() {
  if (!state_) ::kill(pid_, SIGKILL);
}

ExitState Child::wait() {
  while (!state_) {
    int status = 0;
    pid_t got = ::waitpid(pid_, &status, 0);
    if (got == pid_) state_ = to_state(status);
    if (got < 0 && errno != EINTR) state_ = ExitState{0, std::nullopt};
  }
  return *state_;
}

std::optional<ExitState> Child::poll() {
  int status = 0;
  if (!state_ && ::waitpid(pid_, &status, WNOHANG) == pid_) state_ = to_state(status);
  return state_;
}

void Child::drain_stderr() {
  std::array<char, 4096> piece;
  ssize_t got = 0;
  while ((got = ::read(errors_, piece.data(), piece.size())) > 0) {
    tail_.append(piece.data(), static_cast<std::size_t>(got));
    if (tail_.size() > 2 * kTailBytes) tail_.erase(0, tail_.size() - kTailBytes);
  }
}

std::string Child::stderr_tail() {
  drain_stderr();
  return tail_;
}

void die_with_parent() { ::prctl(PR_SET_PDEATHSIG, SIGKILL); }

void open_standard_streams() {
  for (int stream : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}) {
    if (::fcntl(stream, F_GETFD) >= 0) continue;
    // The lowest free number is this stream's. A reader's end on stdout: writing to it fails.
    const int mode = stream == STDERR_FILENO ? O_WRONLY : O_RDONLY;
    if (::open("/dev/null", mode) != stream) ::_exit(exit_status(ErrorCode::io));
  }
}

void ignore_broken_pipes() { ::signal(SIGPIPE, SIG_IGN); }

}  // namespace tamis
