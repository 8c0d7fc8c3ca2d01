#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/json.h"

namespace tamis::fake {

/// What a fake session does beside answering: the keys of RunSettings.extra. Runs are counted
/// from 1.
struct Behaviour {
  double latency_us = 100;  ///< median time of a run, busy-waited
  double jitter = 0;        ///< standard deviation of the time's logarithm
  double drift = 0;         ///< relative change of the time per 1000 runs
  double spike_share = 0;   ///< share of the runs that take spike_factor times as long
  double spike_factor = 3;
  double instance = 0;  ///< standard deviation of what a process adds to the time's logarithm
  /// A load that comes and goes: in load_share of every load_period_s seconds of the clock that all
  /// processes share, runs take load_factor times as long.
  double load_period_s = 10, load_share = 0, load_factor = 2;
  std::uint64_t seed = 1;
  double load_ms = 0, compile_ms = 0;                      ///< slept when opening
  double wrong = 0;                                        ///< share of wrong answers; true = 1
  std::int64_t leak_bytes = 0;                             ///< kept (and touched) per run
  std::optional<std::int64_t> fail_at, crash_at, hang_at;  ///< the run that fails, aborts, hangs
  std::optional<std::string> open_fails;                   ///< text of the error that open throws
  bool alone = false;                                      ///< offers no siblings
};

/// Throws invalid_argument for an unknown key, naming the nearest, or a value of another type.
Behaviour parse_behaviour(const Json& extra);

/// Acts out a behaviour, one call per run. Deterministic in the seed, but for the
/// instance's level and the load.
class Actor {
 public:
  explicit Actor(const Behaviour& behaviour);
  /// Starts a run: fails, crashes, hangs or leaks if it is this run's turn, and draws its time.
  void begin();
  /// Spins until the run's time is over.
  void finish() const;

 private:
  double uniform();
  double normal();
  double load_now(std::int64_t now_ns) const;

  Behaviour behaviour_;
  std::uint64_t state_;
  double level_ = 1;  // of this process
  std::int64_t run_ = 0;
  std::int64_t end_ns_ = 0;
  std::vector<std::unique_ptr<char[]>> leaked_;
};

}  // namespace tamis::fake
