#include "base/clock.h"

#include <ctime>

namespace tamis {
namespace {

class SystemClock : public Clock {
 public:
  std::int64_t ns() const override { return now_ns(); }
};

}  // namespace

std::int64_t now_ns() {
  timespec t{};
  clock_gettime(CLOCK_MONOTONIC, &t);
  return static_cast<std::int64_t>(t.tv_sec) * 1'000'000'000 + t.tv_nsec;
}

double seconds_since(std::int64_t start_ns) {
  return static_cast<double>(now_ns() - start_ns) * 1e-9;
}

const Clock& system_clock() {
  static const SystemClock clock;
  return clock;
}

std::string utc_now_text() {
  std::time_t now = std::time(nullptr);
  std::tm parts{};
  gmtime_r(&now, &parts);
  char text[32];
  std::strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &parts);
  return text;
}

}  // namespace tamis
