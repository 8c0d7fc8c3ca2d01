#pragma once

#include <cstdint>
#include <string>

namespace tamis {

/// Nanoseconds of the monotonic clock. Costs about 20-40 ns; never goes back.
std::int64_t now_ns();

/// Seconds of the monotonic clock since the given now_ns().
double seconds_since(std::int64_t start_ns);

/// The time of day as UTC, ISO 8601 with seconds: 2026-01-31T12:00:00Z.
std::string utc_now_text();

}  // namespace tamis
