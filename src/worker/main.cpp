#include <cstdint>
#include <cstdio>
#include <exception>
#include <utility>

#include "base/child.h"
#include "base/clock.h"
#include "base/error_json.h"
#include "base/frame.h"
#include "base/known_error.h"
#include "base/log.h"
#include "base/process.h"
#include "base/version.h"
#include "worker/operations.h"

namespace {

constexpr std::int64_t kTellEvery_ns = 100'000'000;

/// Sends how far the work is, at most ten times a second, and ends it where the other side asked
/// for that or has gone.
class Teller {
 public:
  explicit Teller(tamis::FrameChannel& channel) : channel_(channel) {}

  void tell(const tamis::WorkDone& work) {
    cancelled_ = cancelled_ || is_asked_to_end();
    if (cancelled_) throw tamis::Error(tamis::ErrorCode::unavailable, "cancelled");
    if (tamis::now_ns() - told_ns_ < kTellEvery_ns) return;
    told_ns_ = tamis::now_ns();
    channel_.send({{{"progress", tamis::to_json(work)}}, {}});
  }

  /// Whether the operation that has just ended was cancelled; the next one is not.
  bool take_cancelled() { return std::exchange(cancelled_, false); }

 private:
  bool is_asked_to_end() {
    if (!channel_.has_waiting()) return false;
    const auto asked = channel_.receive();
    if (!asked || asked->head.value("op", "") == "cancel") return true;
    throw tamis::Error(tamis::ErrorCode::invalid_argument,
                       "worker: a request came before the reply to the one before");
  }

  tamis::FrameChannel& channel_;
  std::int64_t told_ns_ = 0;
  bool cancelled_ = false;
};

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
  tamis::FrameChannel channel(STDIN_FILENO, tamis::take_standard_output());
  tamis::WorkerState state;
  Teller teller(channel);
  state.tell = [&](const tamis::WorkDone& work) { teller.tell(work); };
  try {
    channel.send({{{"hello", {{"protocol", tamis::kProtocol}, {"version", tamis::kVersion}}}}, {}});
    while (auto request = channel.receive()) {
      tamis::Frame reply = answer(state, *request);
      if (teller.take_cancelled()) reply.head["cancelled"] = true;
      channel.send(reply);
    }
  } catch (const tamis::Error& e) {
    std::fprintf(stderr, "%s\n", e.what());
    return tamis::exit_status(e.code());
  }
  return 0;
}
