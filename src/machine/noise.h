#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "machine/fingerprint.h"

namespace tamis {

struct NoiseOptions {
  double seconds = 3.5;   ///< of visits; measuring the timer and the calibration come on top, < .3
                          ///< s, and in a virtual machine a look at its cores, 1 s
  int threads = 1;        ///< that share each piece of work, as a runtime's would; 1 or more
  double piece_ms = 2.0;  ///< what one timed piece of work shall take, (0, 1000]
  int pieces = 5;         ///< timed per visit, after one that is thrown away; 1 or more
};

/// How quietly this machine runs. An A/A measurement: the same fixed work visited again and again,
/// the way variants are. What is absent could not be read.
struct NoiseReport {
  double seconds = 0;  ///< that the visits took
  int threads = 1;
  double timer_cost_ns = 0;            ///< of one reading of the clock that measures
  double timer_resolution_ns = 0;      ///< smallest step seen between two readings
  std::optional<double> steal_share;   ///< of all CPU time: taken by the hypervisor for others
  std::optional<double> others_share;  ///< of all CPU time: used by other processes
  /// Of 200 looks in a second, in which the host had slowed the cores (core_speed.h); only where
  /// that can be.
  std::optional<double> slowed_share;
  std::optional<std::uint64_t> throttle_events;  ///< times that a core got too hot, in the window
  std::uint64_t preemptions = 0;  ///< times that another thread took a core away from this process
  double drift_ratio = 1;         ///< median of the last quarter of visits / of the first
  std::vector<double> pieces_ns;  ///< every timed piece, in order
  std::vector<double> visits_ns;  ///< median of each visit's pieces, in order
  double seconds_per_visit = 0;
};

/// Runs for about options.seconds with options.threads busy threads. Throws invalid_argument for
/// options out of range. Allocates nothing while it times. One at a time: two would measure each
/// other.
NoiseReport measure_noise(const NoiseOptions& options);

/// Without the samples: numbers, null for what is absent.
Json to_json(const NoiseReport& report);

/// Conditions that only a measurement shows: stolen time, other processes, throttling, drift, a
/// slow clock. Pure.
std::vector<EnvironmentWarning> suspicious_conditions(const NoiseReport& report);

}  // namespace tamis
