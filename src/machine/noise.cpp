#include "machine/noise.h"

#include <algorithm>
#include <chrono>
#include <ctime>
#include <limits>
#include <memory>
#include <string>
#include <thread>

#include "base/clock.h"
#include "base/error.h"
#include "base/process.h"
#include "machine/core_speed.h"
#include "machine/noise_parts.h"
#include "machine/spin_work.h"
#include "machine/system_files.h"

namespace tamis {
using machine::CpuTimes;
using machine::SpinWork;
using machine::SystemFiles;

namespace {

double median_of(std::vector<double> values) {
  auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
  std::nth_element(values.begin(), middle, values.end());
  return *middle;
}

void check(const NoiseOptions& o) {
  auto require = [](bool good, const char* text) {
    if (!good) throw Error(ErrorCode::invalid_argument, std::string("measure noise: ") + text);
  };
  require(o.seconds > 0 && o.seconds <= 3600, "seconds must be above 0 and at most 3600");
  require(o.threads >= 1 && o.threads <= 4096, "threads must be 1 to 4096");
  require(o.piece_ms > 0 && o.piece_ms <= 1000, "piece_ms must be above 0 and at most 1000");
  require(o.pieces >= 1 && o.pieces <= 1000, "pieces must be 1 to 1000");
}

void measure_timer(NoiseReport& report) {
  constexpr int kBatches = 20, kReadings = 2000;
  double cost = std::numeric_limits<double>::infinity(), step = cost;
  for (int batch = 0; batch < kBatches; ++batch) {
    std::int64_t first = now_ns(), last = first;
    for (int i = 0; i < kReadings; ++i) {
      std::int64_t now = now_ns();
      if (now > last) step = std::min(step, static_cast<double>(now - last));
      last = now;
    }
    cost = std::min(cost, static_cast<double>(last - first) / kReadings);
  }
  report.timer_cost_ns = cost;
  report.timer_resolution_ns = step;
}

/// What the kernel counts while the visits run.
struct Counters {
  std::optional<CpuTimes> machine;
  double own_ticks = 0;
  std::uint64_t preemptions = 0;
  std::optional<std::uint64_t> throttle_events;
};

std::optional<std::uint64_t> throttle_events(const SystemFiles& files) {
  const std::string folder = "sys/devices/system/cpu";
  std::optional<std::uint64_t> events;
  for (const std::string& cpu : files.names(folder, "cpu"))
    if (auto count = files.number(folder + "/" + cpu + "/thermal_throttle/core_throttle_count"))
      events = events.value_or(0) + static_cast<std::uint64_t>(*count);
  return events;
}

Counters read_counters() {
  SystemFiles files;
  Counters counters;
  counters.machine = machine::parse_cpu_times(files.text("proc/stat").value_or(""));
  counters.own_ticks = process_cpu_s() * clock_ticks_per_second();
  counters.preemptions = process_preemptions();
  counters.throttle_events = throttle_events(files);
  return counters;
}

void compare(const Counters& before, const Counters& after, NoiseReport& report) {
  report.preemptions = after.preemptions - before.preemptions;
  if (before.throttle_events && after.throttle_events)
    report.throttle_events = *after.throttle_events - *before.throttle_events;
  if (!before.machine || !after.machine || after.machine->total <= before.machine->total) return;
  double total = static_cast<double>(after.machine->total - before.machine->total);
  double busy =
      static_cast<double>(after.machine->busy) - static_cast<double>(before.machine->busy);
  double steal =
      static_cast<double>(after.machine->steal) - static_cast<double>(before.machine->steal);
  double own = after.own_ticks - before.own_ticks;
  report.steal_share = std::clamp(steal / total, 0.0, 1.0);
  report.others_share = std::clamp((busy - own) / total, 0.0, 1.0);
}

void visit(SpinWork& work, int passes, int pieces, NoiseReport& report) {
  work.run(passes);  // thrown away: caches and clocks come back
  std::size_t first = report.pieces_ns.size();
  for (int i = 0; i < pieces; ++i) {
    std::int64_t start = now_ns();
    work.run(passes);
    report.pieces_ns.push_back(static_cast<double>(now_ns() - start));
  }
  auto begin = report.pieces_ns.begin() + static_cast<std::ptrdiff_t>(first);
  report.visits_ns.push_back(median_of({begin, report.pieces_ns.end()}));
}

/// Before anything of ours keeps the cores busy. Absent where the host cannot take speed from them.
std::optional<double> slowed_share() {
  constexpr int kLooks = 200;
  const std::shared_ptr<CoreSpeed> speed = core_speed_of_this_machine();
  if (!speed) return std::nullopt;
  int slowed = 0;
  for (int i = 0; i < kLooks; ++i) {
    slowed += speed->full_speed() ? 0 : 1;
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
  return static_cast<double>(slowed) / kLooks;
}

double drift(const std::vector<double>& visits) {
  std::size_t quarter = visits.size() / 4;
  if (quarter == 0) return 1;
  auto length = static_cast<std::ptrdiff_t>(quarter);
  return median_of({visits.end() - length, visits.end()}) /
         median_of({visits.begin(), visits.begin() + length});
}

}  // namespace

std::optional<CpuTimes> machine::parse_cpu_times(std::string_view proc_stat) {
  constexpr std::size_t kFields = 8;  // user nice system idle iowait irq softirq steal
  for (const std::string& line : split_lines(proc_stat)) {
    std::vector<std::string> parts = split_words(line);
    if (parts.size() <= kFields || parts[0] != "cpu") continue;
    std::uint64_t values[kFields];
    CpuTimes times;
    for (std::size_t i = 0; i < kFields; ++i) {
      values[i] = static_cast<std::uint64_t>(to_number(parts[i + 1]).value_or(0));
      times.total += values[i];
    }
    times.steal = values[7];
    times.busy = times.total - values[3] - values[4] - values[7];
    return times;
  }
  return std::nullopt;
}

NoiseReport measure_noise(const NoiseOptions& options) {
  check(options);
  NoiseReport report;
  report.threads = options.threads;
  measure_timer(report);
  report.slowed_share = slowed_share();
  SpinWork work(options.threads);
  int passes = work.passes_for(options.piece_ms);
  auto most = static_cast<std::size_t>(4e3 * options.seconds / options.piece_ms) + 16;
  report.pieces_ns.reserve(most + static_cast<std::size_t>(options.pieces));
  report.visits_ns.reserve(report.pieces_ns.capacity());

  Counters before = read_counters();
  std::int64_t start = now_ns();
  while (seconds_since(start) < options.seconds && report.pieces_ns.size() < most)
    visit(work, passes, options.pieces, report);
  report.seconds = seconds_since(start);
  compare(before, read_counters(), report);
  report.seconds_per_visit = report.seconds / static_cast<double>(report.visits_ns.size());
  report.drift_ratio = drift(report.visits_ns);
  return report;
}

Json to_json(const NoiseReport& r) {
  return {{"seconds", r.seconds},
          {"threads", r.threads},
          {"timer_ns", r.timer_cost_ns},
          {"timer_resolution_ns", r.timer_resolution_ns},
          {"steal_share", r.steal_share ? Json(*r.steal_share) : Json()},
          {"others_share", r.others_share ? Json(*r.others_share) : Json()},
          {"slowed_share", r.slowed_share ? Json(*r.slowed_share) : Json()},
          {"throttle_events", r.throttle_events ? Json(*r.throttle_events) : Json()},
          {"preemptions", r.preemptions},
          {"drift_ratio", r.drift_ratio},
          {"pieces", r.pieces_ns.size()},
          {"visits", r.visits_ns.size()}};
}

}  // namespace tamis
