#include "place/worker.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <thread>
#include <utility>

#include "base/clock.h"
#include "base/error_json.h"
#include "base/process.h"
#include "base/version.h"

namespace tamis {
namespace {

std::string last_line(const std::string& text) {
  std::size_t end = text.find_last_not_of(" \n\r\t");
  if (end == std::string::npos) return "";
  std::size_t start = text.find_last_of('\n', end);
  start = start == std::string::npos ? 0 : start + 1;
  return text.substr(start, std::min<std::size_t>(end - start + 1, 300));
}

/// A worker that closed its pipe is about to end by itself; give it a moment, so that its own exit
/// state is seen.
ExitState end_of(WorkerProcess& process) {
  std::int64_t start = now_ns();
  while (seconds_since(start) < 2) {
    if (auto state = process.poll()) return *state;
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
  process.kill();
  return process.wait();
}

/// By someone who wants it gone, not by its own fault.
bool was_told_to_end(const ExitState& state) {
  return state.signal && is_request_to_end(*state.signal);
}

std::string hang_text(const std::string& operation, const Patience& patience) {
  std::string text = fmt::format("{}: no answer within {:.3g} s", operation, patience.limit_s);
  if (patience.expected_s)
    text += fmt::format(", but about {:.2g} s were expected", *patience.expected_s);
  return text + ", the worker was killed";
}

}  // namespace

Worker::Worker(Place& place)
    : process_(place.start_worker()), channel_(process_->output(), process_->input()) {}

/// One request's wait: what it goes by, and why it ended without a reply.
struct Worker::Waiting {
  Patience patience;
  Watch watch;
  std::optional<std::string> too_much{};
  bool stopped = false;
  bool told = false;  ///< the worker said how far it is
};

/// The reply; what comes before it is dealt with.
std::optional<Frame> Worker::receive(Waiting& waiting) {
  const auto may_wait = [&] {
    process_->last_words();  // a full pipe would stop a talkative worker
    waiting.stopped = waiting.watch.go_on && !waiting.watch.go_on();
    waiting.too_much = process_->too_much_memory();
    return !waiting.stopped && !waiting.too_much;
  };
  while (true) {
    std::optional<Frame> frame = channel_.receive(waiting.patience.limit_s, may_wait);
    if (!frame) return std::nullopt;
    if (!greeted_) {
      greet(*frame);
    } else if (auto work = frame->head.find("progress"); work != frame->head.end()) {
      waiting.told = true;
      if (waiting.watch.progress) waiting.watch.progress(parse_work_done(*work));
      if (!may_wait()) return std::nullopt;  // one that tells often leaves the channel no idle time
    } else {
      return frame;
    }
  }
}

void Worker::greet(const Frame& hello) {
  const Json said = hello.head.value("hello", Json::object());
  greeted_ = true;
  if (said.value("protocol", 0) == kProtocol) return;
  give_up(fmt::format("{} speaks protocol {} (version {}), this program {} (version {}); install "
                      "both from one build",
                      process_->program(), said.value("protocol", 0),
                      said.value("version", "unknown"), kProtocol, kVersion),
          ErrorCode::unavailable);
}

/// Whether the worker gave up its work and can be asked again.
bool Worker::cancel() {
  channel_.send({{{"op", "cancel"}}, {}});
  process_->begin_work();
  Waiting waiting{kCancelPatience_s, {}};
  const std::optional<Frame> reply = receive(waiting);
  if (!reply) return false;
  // It may have been done before it heard of it, and then answers the cancelling by itself.
  return reply->head.value("cancelled", false) || receive(waiting).has_value();
}

Frame Worker::request(const Json& head, const Patience& patience, const Watch& watch) {
  const std::string operation = head.value("op", "request");
  if (!dead_.empty()) throw_end();
  resume();
  process_->begin_work();
  Waiting waiting{patience, watch};
  std::optional<Frame> reply;
  bool cancelled = false;
  try {
    channel_.send({head, {}});
    reply = receive(waiting);
    cancelled = waiting.stopped && waiting.told && cancel();
  } catch (const Error&) {
    if (!dead_.empty()) throw;
    fail(operation);
  }
  if (cancelled) throw Error(ErrorCode::unavailable, operation + ": interrupted");
  if (waiting.stopped) give_up(operation + ": interrupted", ErrorCode::unavailable);
  if (waiting.too_much) give_up(operation + ": " + *waiting.too_much, ErrorCode::unavailable);
  if (!reply && channel_.timed_out())
    give_up(hang_text(operation, patience), ErrorCode::backend_failed);
  if (!reply) fail(operation);
  if (reply->head.value("ok", false)) return std::move(*reply);
  throw error_from_json(reply->head);
}

void Worker::give_up(const std::string& why, ErrorCode code) {
  process_->kill();
  process_->wait();
  dead_ = why;
  dead_code_ = code;
  throw Error(code, why);
}

void Worker::throw_end() const {
  if (killed_) throw WorkerKilled(dead_code_, dead_);
  throw Error(dead_code_, dead_);
}

void Worker::fail(const std::string& operation) {
  ExitState end = end_of(*process_);
  killed_ = end.signal && !is_crash(*end.signal);
  if (was_told_to_end(end)) dead_code_ = ErrorCode::unavailable;
  dead_ = fmt::format("{}: the worker ended: {}", operation, end.text());
  std::string words = last_line(process_->last_words());
  if (!words.empty()) dead_ += "; its last words: " + words;
  throw_end();
}

void Worker::pause() {
  if (!paused_ && dead_.empty()) process_->pause();
  paused_ = true;
  process_->last_words();
}

void Worker::resume() {
  if (paused_) process_->resume();
  paused_ = false;
}

}  // namespace tamis
