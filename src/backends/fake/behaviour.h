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
  std::uint64_t seed = 1;
  double load_ms = 0, compile_ms = 0;                      ///< slept when opening
  double wrong = 0;                                        ///< share of wrong answers; true = 1
  std::int64_t leak_bytes = 0;                             ///< kept (and touched) per run
  std::optional<std::int64_t> fail_at, crash_at, hang_at;  ///< the run that fails, aborts, hangs
  std::optional<std::string> open_fails;                   ///< text of the error that open throws
};

/// Throws invalid_argument for an unknown key, naming the nearest, or a value of another type.
Behaviour parse_behaviour(const Json& extra);

/// Acts out a behaviour, one call per run. Deterministic in the seed.
class Actor {
 public:
  explicit Actor(const Behaviour& behaviour) : behaviour_(behaviour), state_(behaviour.seed) {}
  /// Starts a run: fails, crashes, hangs or leaks if it is this run's turn, and draws its time.
  void begin();
  /// Spins until the run's time is over.
  void finish() const;

 private:
  double uniform();
  double normal();

  Behaviour behaviour_;
  std::uint64_t state_;
  std::int64_t run_ = 0;
  std::int64_t end_ns_ = 0;
  std::vector<std::unique_ptr<char[]>> leaked_;
};

}  // namespace tamis::fake
