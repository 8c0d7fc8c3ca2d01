#pragma once

#include <sys/types.h>

#include <optional>
#include <string>

#include "base/child.h"

namespace tamis {

/// A worker program that a place has started: the two pipes that frames go through, and power over
/// the process. Its end comes with this object. Not thread safe.
class WorkerProcess {
 public:
  virtual ~WorkerProcess() = default;

  virtual const std::string& program() const = 0;  ///< for messages
  virtual pid_t pid() const = 0;                   ///< its number at its place
  virtual int input() const = 0;                   ///< a descriptor that frames are written to
  virtual int output() const = 0;                  ///< and one that they are read from

  virtual void pause() = 0;  ///< stops all its threads
  virtual void resume() = 0;
  virtual void kill() = 0;  ///< returns at once
  /// Waits for its end; after kill() this is quick.
  virtual ExitState wait() = 0;
  /// Its end if it has ended, without waiting.
  virtual std::optional<ExitState> poll() = 0;
  /// The last part of what it wrote to its standard error. To be called now and then: a full pipe
  /// would stop a talkative worker.
  virtual std::string last_words() = 0;

  /// A piece of work begins: from now on it may take what it has and what its machine can spare.
  virtual void begin_work() = 0;
  /// Why the process must end, when it has taken more than that.
  virtual std::optional<std::string> too_much_memory() const = 0;
};

}  // namespace tamis
