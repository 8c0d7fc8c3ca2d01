#pragma once

#include <cstdint>
#include <string>

namespace tamis {

/// Nanoseconds of the monotonic clock. Costs about 20-40 ns; never goes back.
std::int64_t now_ns();

/// Seconds of the monotonic clock since the given now_ns().
double seconds_since(std::int64_t start_ns);

/// What the time is, for those who decide by it: the system's, or one that a test sets.
class Clock {
 public:
  virtual ~Clock() = default;
  virtual std::int64_t ns() const = 0;  ///< monotonic
  double seconds_since(std::int64_t start_ns) const {
    return static_cast<double>(ns() - start_ns) * 1e-9;
  }
};

/// now_ns(). Safe from any thread.
const Clock& system_clock();

/// Stands still but for advance(). One thread at a time.
class ManualClock : public Clock {
 public:
  std::int64_t ns() const override { return ns_; }
  void advance(double seconds) { ns_ += static_cast<std::int64_t>(seconds * 1e9); }

 private:
  std::int64_t ns_ = 0;
};

/// The time of day as UTC, ISO 8601 with seconds: 2026-01-31T12:00:00Z.
std::string utc_now_text();

}  // namespace tamis
