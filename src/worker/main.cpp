#include <fcntl.h>
#include <unistd.h>

#include <cstdio>
#include <exception>

#include "base/child.h"
#include "base/error_json.h"
#include "base/frame.h"
#include "base/known_error.h"
#include "base/log.h"
#include "worker/operations.h"

namespace {

/// Vendor libraries may print to standard output, which carries our frames: give them standard
/// error instead.
int private_output() {
  int output = ::fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 3);
  ::dup2(STDERR_FILENO, STDOUT_FILENO);
  return output;
}

tamis::Frame answer(tamis::WorkerState& state, const tamis::Frame& request) {
  try {
    tamis::Frame reply = tamis::run_operation(state, request);
    reply.head["ok"] = true;
    return reply;
  } catch (const std::exception& e) {
    tamis::Json head = to_json(tamis::to_error(e, request.head.value("op", "request")));
    head["ok"] = false;
    return {head, {}};
  }
}

}  // namespace

int main() {
  tamis::open_standard_streams();
  tamis::die_with_parent();
  tamis::ignore_broken_pipes();
  tamis::set_log_sink(
      [](tamis::Severity, const std::string& text) { std::fprintf(stderr, "%s\n", text.c_str()); });
  tamis::FrameChannel channel(STDIN_FILENO, private_output());
  tamis::WorkerState state;
  try {
    while (auto request = channel.receive()) channel.send(answer(state, *request));
  } catch (const tamis::Error& e) {
    std::fprintf(stderr, "%s\n", e.what());
    return tamis::exit_status(e.code());
  }
  return 0;
}
