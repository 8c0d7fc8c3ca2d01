#include "machine/core_speed.h"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <cstdio>
#include <exception>
#include <filesystem>
#include <memory>
#include <mutex>
#include <numeric>
#include <string>
#include <system_error>
#include <thread>
#include <utility>

#include "base/affinity.h"
#include "base/clock.h"
#include "base/files.h"
#include "base/json.h"

namespace tamis {
namespace {

using Floats = float __attribute__((vector_size(16)));

/// As many independent floating-point and integer operations as a core takes at once, so that
/// whatever a neighbour on the same core does takes from it. About 20 us.
void fixed_work() {
  constexpr int kPasses = 10'000;
  constexpr std::size_t kFloats = 12, kIntegers = 3;
  // Unknown to the compiler and all different: else it computes one for all.
  volatile float start = 1;
  Floats floats[kFloats];
  std::uint64_t integers[kIntegers];
  for (std::size_t i = 0; i < kFloats; ++i) {
    const float x = start + static_cast<float>(i);
    floats[i] = Floats{x, x, x, x};
  }
  for (std::size_t i = 0; i < kIntegers; ++i) integers[i] = static_cast<std::uint64_t>(start) + i;
  const Floats factor = {0.999F, 0.999F, 0.999F, 0.999F};
  for (int pass = 0; pass < kPasses; ++pass) {
#pragma GCC unroll 12
    for (std::size_t i = 0; i < kFloats; ++i) floats[i] = floats[i] * factor + factor;
#pragma GCC unroll 3
    for (std::size_t i = 0; i < kIntegers; ++i)
      integers[i] = (integers[i] ^ (integers[i] << 7U)) + 0x9e37U;
  }
  volatile float keep = 0;  // else it leaves the work out
  for (const Floats& x : floats) keep = keep + x[0];
  for (std::uint64_t x : integers) keep = keep + static_cast<float>(x);
}

/// A thread on each core, asleep but for time().
class Team {
 public:
  /// Throws std::system_error where there are no more threads.
  explicit Team(const std::vector<int>& cpus) : times_ns_(cpus.size()) {
    try {
      for (std::size_t i = 0; i < cpus.size(); ++i)
        threads_.emplace_back([this, i, cpu = cpus[i]] { run(i, cpu); });
    } catch (...) {
      end();
      throw;
    }
  }
  Team(const Team&) = delete;
  Team& operator=(const Team&) = delete;
  ~Team() { end(); }

  std::vector<double> time(CoreSpeed::How how) {
    if (how == CoreSpeed::How::together) {
      run_round(0, threads_.size());
    } else {
      for (std::size_t i = 0; i < threads_.size(); ++i) run_round(i, 1);
    }
    return times_ns_;
  }

 private:
  void end() {
    start([this] { stop_ = true; });
    for (std::thread& thread : threads_) thread.join();
  }

  /// The threads from `first` on, so many, work at once.
  void run_round(std::size_t first, std::size_t count) {
    ready_ = 0;
    done_ = 0;
    start([&] {
      first_ = first;
      count_ = left_ = count;
      ++round_;
    });
    std::unique_lock<std::mutex> lock(mutex_);
    finished_.wait(lock, [this] { return left_ == 0; });
  }

  template <typename Change>
  void start(Change change) {
    const std::lock_guard<std::mutex> lock(mutex_);
    change();
    started_.notify_all();
  }

  void run(std::size_t i, int cpu) {
    const PinnedThread pinned(cpu);
    for (unsigned seen = 0;;) {
      {
        std::unique_lock<std::mutex> lock(mutex_);
        started_.wait(lock, [&] { return stop_ || round_ != seen; });
        if (stop_) return;
        seen = round_;
        if (i < first_ || i >= first_ + count_) continue;
      }
      const double ns = time_with_the_others();
      const std::lock_guard<std::mutex> lock(mutex_);
      times_ns_[i] = ns;
      if (--left_ == 0) finished_.notify_one();
    }
  }

  /// The fastest of a few tries, since what interrupts one is not what makes a core slow. Nobody
  /// stops working before all have made theirs.
  double time_with_the_others() {
    constexpr int kTries = 3;
    ++ready_;
    while (ready_ < count_) std::this_thread::yield();
    auto fastest = std::numeric_limits<double>::infinity();
    for (int i = 0; i < kTries; ++i) {
      const std::int64_t start = now_ns();
      fixed_work();
      fastest = std::min(fastest, static_cast<double>(now_ns() - start));
    }
    ++done_;
    while (done_ < count_) fixed_work();
    return fastest;
  }

  std::mutex mutex_;
  std::condition_variable started_, finished_;
  unsigned round_ = 0;
  bool stop_ = false;
  std::size_t first_ = 0, count_ = 0;  // who works in this round
  std::size_t left_ = 0;               // of them, who still does
  std::vector<double> times_ns_;
  std::atomic<std::size_t> ready_{0}, done_{0};
  std::vector<std::thread> threads_;
};

}  // namespace

CoreSpeed::CoreSpeed(TimeWork time_work) : time_work_(std::move(time_work)) {
  constexpr int kLooks = 20;
  for (int i = 0; i < kLooks; ++i) {
    learn(time_work_(How::alone));
    fastest_together_ns_ = std::min(fastest_together_ns_, learn(time_work_(How::together)));
    std::this_thread::sleep_for(std::chrono::milliseconds(2));
  }
}

/// The mean.
double CoreSpeed::learn(const std::vector<double>& times_ns) {
  for (double ns : times_ns) fastest_ns_ = std::min(fastest_ns_, ns);
  const double sum_ns = std::accumulate(times_ns.begin(), times_ns.end(), 0.0);
  return sum_ns / std::max<double>(1, static_cast<double>(times_ns.size()));
}

bool CoreSpeed::full_speed() {
  constexpr double kFull = 1.1;
  constexpr int kLooksUntilUsual = 2000;
  const double now_ns = learn(time_work_(How::together));
  fastest_together_ns_ = std::min(fastest_together_ns_, now_ns);
  was_full_ = was_full_ || fastest_together_ns_ <= kFull * fastest_ns_;
  const bool usual = !was_full_ && ++looks_ > kLooksUntilUsual;
  return now_ns <= kFull * (usual ? fastest_together_ns_ : fastest_ns_);
}

namespace {

/// The fastest speed that this machine had within a day, kept for the next run. Where it cannot be
/// read or written, nothing is lost but that.
void share_fastest(CoreSpeed& speed, const Fingerprint& machine) {
  constexpr auto kKept = std::chrono::hours(24);
#ifdef NDEBUG
  const std::string hash = fingerprint_hash(machine);
#else  // the work takes longer in a build that is not optimised
  const std::string hash = fingerprint_hash(machine) + " debug";
#endif
  try {
    const std::filesystem::path file = cache_folder() / "core-speed.json";
    double known_ns = std::numeric_limits<double>::infinity();
    std::error_code missing;
    const auto written = std::filesystem::last_write_time(file, missing);
    if (!missing && std::filesystem::file_time_type::clock::now() - written < kKept) {
      const Json json = load_json(file);
      if (json.at("machine") == hash && json.at("fastest_ns").get<double>() > 0)
        known_ns = json.at("fastest_ns");
    }
    if (speed.fastest_ns() < known_ns) {
      std::filesystem::create_directories(file.parent_path());
      save_json(file, {{"machine", hash}, {"fastest_ns", speed.fastest_ns()}});
    }
    speed.expect(known_ns);
  } catch (const std::exception&) {  // damaged, no room, not ours: then this run goes by its own
  }
}

}  // namespace

std::shared_ptr<CoreSpeed> core_speed_of_this_machine() {
  constexpr std::size_t kMostCores = 16;
  const Fingerprint machine = capture_fingerprint();
  std::vector<int> cpus = usable_cpus();
  const auto count = static_cast<double>(cpus.size());
  if (cpus.empty() || !may_have_hidden_neighbours(machine)) return nullptr;
  if (machine.cpu_quota_cores.value_or(count) < count) return nullptr;
  cpus.resize(std::min(cpus.size(), kMostCores));
  try {
    auto speed = std::make_shared<CoreSpeed>(
        [team = std::make_shared<Team>(cpus)](CoreSpeed::How how) { return team->time(how); });
    share_fastest(*speed, machine);
    return speed;
  } catch (const std::system_error&) {  // it is an aid, not a need
    return nullptr;
  }
}

bool may_have_hidden_neighbours(const Fingerprint& fingerprint) {
  return fingerprint.container.find("vm: ") != std::string::npos;
}

std::vector<EnvironmentWarning> hidden_neighbour_warning(double disturbed_share) {
  if (disturbed_share < 0.01) return {};
  char share[16];
  std::snprintf(share, sizeof share, "%.0f %%", disturbed_share * 100);
  return {{"the host slowed the cores in " + std::string(share) +
               " of the visits, for longer than was waited (another machine uses them, or two "
               "CPUs share one)",
           "measure longer or at another time, or use a machine with cores of its own (dedicated "
           "or bare metal)"}};
}

}  // namespace tamis
