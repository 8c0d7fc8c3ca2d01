#include "place/local_place.h"

#include <utility>

#include "base/affinity.h"
#include "base/child.h"
#include "base/error.h"
#include "base/files.h"
#include "base/memory.h"
#include "place/machine_lock.h"

namespace tamis {
namespace {

/// A folder for its temporary files, which is removed when a worker could not. Absent where none
/// can be made: then it says so itself, if it needs one.
std::optional<TemporaryFolder> scratch_folder() {
  try {
    return std::optional<TemporaryFolder>(std::in_place, "tamis-worker");
  } catch (const Error&) {
    return std::nullopt;
  }
}

Child::Options options_with(const std::optional<TemporaryFolder>& scratch) {
  Child::Options options;
  if (scratch) options.environment.emplace_back("TMPDIR", scratch->path().string());
  return options;
}

class ChildProcess final : public WorkerProcess {
 public:
  explicit ChildProcess(std::string program)
      : program_(std::move(program)),
        scratch_(scratch_folder()),
        child_({program_}, options_with(scratch_)) {}

  const std::string& program() const override { return program_; }
  pid_t pid() const override { return child_.pid(); }
  int input() const override { return child_.input(); }
  int output() const override { return child_.output(); }
  void pause() override { child_.pause(); }
  void resume() override { child_.resume(); }
  void kill() override { child_.kill(); }
  ExitState wait() override { return child_.wait(); }
  std::optional<ExitState> poll() override { return child_.poll(); }
  std::string last_words() override { return child_.stderr_tail(); }
  void begin_work() override { memory_.emplace(child_.pid()); }
  std::optional<std::string> too_much_memory() const override {
    return memory_ ? memory_->exceeded() : std::nullopt;
  }

 private:
  std::string program_;
  std::optional<TemporaryFolder> scratch_;  // before child_: removed after its end
  Child child_;
  std::optional<MemoryLimit> memory_;
};

class HeldLock final : public PlaceLock {
 public:
  explicit HeldLock(MachineLock lock) : lock_(std::move(lock)) {}

 private:
  MachineLock lock_;
};

}  // namespace

std::string worker_program() {
  if (auto given = environment("TAMIS_WORKER")) return *given;
  return (program_folder() / "tamis-worker").string();
}

std::unique_ptr<WorkerProcess> LocalPlace::start_worker() {
  return std::make_unique<ChildProcess>(worker_program());
}

std::unique_ptr<PlaceLock> LocalPlace::lock(const LockWait& wait) {
  return std::make_unique<HeldLock>(MachineLock::take(wait.wait, wait.seconds, wait.go_on));
}

Fingerprint LocalPlace::fingerprint() { return capture_fingerprint(); }

bool LocalPlace::has_fast_cores() { return !performance_cpus().empty(); }

MachinePeak LocalPlace::measure_peak(int threads) { return tamis::measure_peak(threads); }

std::shared_ptr<CoreSpeed> LocalPlace::core_speed() {
  if (!core_speed_) core_speed_ = core_speed_of_this_machine();
  return *core_speed_;
}

NoiseReport LocalPlace::measure_noise(const NoiseOptions& options) {
  return tamis::measure_noise(options);
}

std::filesystem::path LocalPlace::path_of(const ModelFile& file) { return file.path; }

std::filesystem::path LocalPlace::artefact_folder() { return cache_folder() / "artefacts"; }

}  // namespace tamis
