#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/frame.h"
#include "base/json.h"
#include "base/work_done.h"
#include "place/patience.h"
#include "place/place.h"

namespace tamis {

/// A running `tamis-worker`, spoken to by framed messages (docs/worker-protocol.md). Everything
/// that runs a model happens in one of these, so that a crash, a hang or an out-of-memory kill is
/// an error of one request and never the end of the run. Not thread safe.
class Worker {
 public:
  /// Starts the program at the place. Throws unavailable.
  explicit Worker(Place& place);

  /// Sends a request and waits for its reply. `watch.progress` hears what the worker says meanwhile
  /// of how far it is; each such word begins the patience anew. Throws the worker's own error (its
  /// code and text); backend_failed when it died (how, and its last words) or was silent for too
  /// long (it is then killed); unavailable when it needed more memory than its machine can spare
  /// (it is then killed), it speaks another protocol than this program, or
  /// `watch.go_on` gave false; WorkerKilled when a signal from outside ended it. Where go_on gave
  /// false, a worker that has said how far it is is told to cancel, and lives on where it obeys
  /// within kCancelPatience_s; another is killed. After an end every further request throws the
  /// same.
  Frame request(const Json& head, const Patience& patience, const Watch& watch = {});

  /// Stops all its threads, so that an idle worker takes nothing from the one being timed; resume()
  /// undoes it. request() resumes by itself.
  void pause();
  void resume();

  pid_t pid() const { return process_->pid(); }
  /// False once a request has found it dead or has killed it.
  bool alive() const { return dead_.empty(); }

 private:
  struct Waiting;
  std::optional<Frame> receive(Waiting& waiting);
  void greet(const Frame& hello);
  bool cancel();
  [[noreturn]] void fail(const std::string& operation);
  [[noreturn]] void throw_end() const;
  [[noreturn]] void give_up(const std::string& why, ErrorCode code);

  std::unique_ptr<WorkerProcess> process_;
  FrameChannel channel_;
  bool paused_ = false;
  bool greeted_ = false;
  std::string dead_;  // why, once it is
  ErrorCode dead_code_ = ErrorCode::backend_failed;
  bool killed_ = false;
};

/// How long a worker may take to stop what it was told to cancel.
inline constexpr double kCancelPatience_s = 2;

/// A worker ended by a signal that is no crash: unavailable where it was told to end;
/// backend_failed after SIGKILL, which comes by someone's hand or from a system that lacks memory.
/// What it did may well succeed when it is tried once more.
class WorkerKilled : public Error {
 public:
  using Error::Error;
};

/// Does the work; once more where a worker was killed meanwhile.
template <typename Work>
auto again_if_killed(Work work) {
  try {
    return work();
  } catch (const WorkerKilled&) {
  }
  return work();
}

}  // namespace tamis
