#include "place/machine_lock.h"

#include <fmt/format.h>

#include <chrono>
#include <thread>
#include <utility>

#include "base/clock.h"
#include "base/error.h"
#include "base/files.h"
#include "base/folder.h"
#include "base/log.h"
#include "base/process.h"

namespace tamis {
namespace fs = std::filesystem;
namespace {

constexpr auto kPause = std::chrono::milliseconds(100);

/// Says who holds it, for the messages of others. Where this fails, the lock is held all the same.
void write_holder(const fs::path& file) {
  const std::string command = process_command();
  overwrite_in_place(file, fmt::format("process {}{}\n", process_id(),
                                       command.empty() ? "" : " (" + command + ")"));
}

/// What the holder wrote about itself: its process number and command.
std::string holder_of(const fs::path& file) {
  std::string holder;
  try {
    const std::string text = load_text(file, kLabelFile);
    holder = text.substr(0, text.find('\n'));
  } catch (const Error&) {  // what it wrote only helps messages
  }
  return holder.empty() ? "another process" : holder;
}

[[noreturn]] void refuse(const fs::path& file, int before) {
  std::string waiting = before > 0 ? fmt::format(", {} waiting for it", before) : "";
  throw Error(ErrorCode::unavailable,
              fmt::format("measure: {} is using this machine (lock {}){}; wait for it to end",
                          holder_of(file), file.string(), waiting));
}

/// Says whom it waits for, when that or the place in the queue is new.
void say_waiting(const fs::path& file, int before, std::string& said) {
  std::string text = fmt::format("waiting for another run on this machine to end ({}, lock {})",
                                 holder_of(file), file.string());
  if (before > 0) text += fmt::format("; {} started before this one", before);
  if (said == text) return;
  said = text;
  say(Severity::info, text);
}

LockFile open_lock(const fs::path& file) {
  try {
    return LockFile(file, LockUsers::all);
  } catch (const Error& e) {
    throw Error(e.code(), e.what() + std::string("; name another file in TAMIS_LOCK_FILE"));
  }
}

}  // namespace

fs::path MachineLock::file() {
  if (auto named = environment("TAMIS_LOCK_FILE")) return *named;
  fs::path folder = "/run/lock";
  if (!may_write_into(folder)) folder = "/tmp";
  return folder / "tamis-measure.lock";
}

MachineLock MachineLock::take(bool wait, double seconds, const std::function<bool()>& idle) {
  fs::path path = file();
  MachineLock lock(open_lock(path));
  const LockQueue queue(path.string() + ".queue");
  std::int64_t start = now_ns();
  std::string said;
  for (;;) {
    const int before = queue.before();
    if (before == 0 && lock.file_.try_lock(LockFile::Mode::exclusive)) break;
    if (!wait || seconds_since(start) >= seconds || (idle && !idle())) refuse(path, before);
    say_waiting(path, before, said);
    std::this_thread::sleep_for(kPause);
  }
  write_holder(path);
  return lock;
}

}  // namespace tamis
