#include "machine/peak.h"

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <functional>
#include <numeric>
#include <thread>
#include <vector>

#include "base/clock.h"
#include "base/error.h"
#include "machine/fingerprint.h"
#include "machine/peak_kernels.h"

namespace tamis {
namespace {

constexpr int kKinds = 4, kWindows = 4;
constexpr std::size_t kIterationsPerBatch = 20000;  // some 100 µs
constexpr std::size_t kBufferBytes = std::size_t{64} << 20U;
constexpr std::size_t kLeastBufferBytes = std::size_t{8} << 20U;

/// How much all threads did per second in a window of that length. `batch` does one piece of the
/// thread's work and says how much it was.
double rate_of_window(int threads, double seconds,
                      const std::function<double(std::size_t thread)>& batch) {
  std::vector<double> done(static_cast<std::size_t>(threads));
  std::atomic<int> waiting{threads};
  std::atomic<std::int64_t> first_start{0};
  std::vector<std::int64_t> ends(done.size());
  auto work = [&](std::size_t thread) {
    for (--waiting; waiting > 0;) std::this_thread::yield();
    const std::int64_t start = now_ns();
    first_start = start;
    const auto end = start + static_cast<std::int64_t>(seconds * 1e9);
    while (now_ns() < end) done[thread] += batch(thread);
    ends[thread] = now_ns();
  };
  std::vector<std::thread> others;
  for (std::size_t t = 1; t < done.size(); ++t) others.emplace_back(work, t);
  work(0);
  for (std::thread& other : others) other.join();
  const std::int64_t last = *std::max_element(ends.begin(), ends.end());
  return std::accumulate(done.begin(), done.end(), 0.0) /
         (static_cast<double>(last - first_start) * 1e-9);
}

double best_rate(int threads, double seconds,
                 const std::function<double(std::size_t thread)>& batch) {
  double best = 0;
  for (int i = 0; i < kWindows; ++i)
    best = std::max(best, rate_of_window(threads, seconds / kWindows, batch));
  return best;
}

std::optional<PeakRate> best_of(const std::vector<machine::PeakKernel>& kernels,
                                const std::vector<std::string>& isa, int threads, double seconds) {
  for (const machine::PeakKernel& kernel : kernels) {
    if (std::find(isa.begin(), isa.end(), kernel.instructions) == isa.end()) continue;
    const double rate = best_rate(threads, seconds, [&kernel](std::size_t) {
      kernel.run(kIterationsPerBatch);
      return static_cast<double>(kIterationsPerBatch) * kernel.ops_per_iteration;
    });
    return PeakRate{rate, std::string(kernel.instructions)};
  }
  return std::nullopt;
}

/// Every thread reads a buffer of its own, again and again.
double memory_rate(const Fingerprint& machine, int threads, double seconds) {
  const std::uint64_t limit = machine.memory_limit_bytes.value_or(machine.memory_available_bytes);
  constexpr std::uint64_t kShareOfMemory = 16;  // of what is there, at most
  const auto bytes = static_cast<std::size_t>(
      std::clamp<std::uint64_t>(std::min(limit, machine.memory_available_bytes) / kShareOfMemory /
                                    static_cast<std::uint64_t>(threads),
                                kLeastBufferBytes, kBufferBytes));
  std::vector<std::vector<std::uint64_t>> buffers;
  for (int t = 0; t < threads; ++t) buffers.emplace_back(bytes / sizeof(std::uint64_t), 1);
  std::atomic<std::uint64_t> sink{0};
  return best_rate(threads, seconds, [&](std::size_t thread) {
    const std::vector<std::uint64_t>& buffer = buffers[thread];
    sink += std::accumulate(buffer.begin(), buffer.end(), std::uint64_t{0});
    return static_cast<double>(buffer.size() * sizeof(std::uint64_t));
  });
}

Json rate_json(const std::optional<PeakRate>& rate) {
  if (!rate) return Json();
  return {{"ops_per_s", rate->per_s}, {"instructions", rate->instructions}};
}

std::optional<PeakRate> parse_rate(const Json& json) {
  if (json.is_null()) return std::nullopt;
  return PeakRate{json.at("ops_per_s"), json.at("instructions")};
}

}  // namespace

Json to_json(const MachinePeak& peak) {
  return {{"f32", rate_json(peak.f32)},   {"bf16", rate_json(peak.bf16)},
          {"int8", rate_json(peak.int8)}, {"memory_bytes_per_s", peak.memory_bytes_per_s},
          {"threads", peak.threads},      {"seconds", peak.seconds}};
}

MachinePeak parse_machine_peak(const Json& json) {
  try {
    MachinePeak peak;
    peak.f32 = parse_rate(json.at("f32"));
    peak.bf16 = parse_rate(json.at("bf16"));
    peak.int8 = parse_rate(json.at("int8"));
    peak.memory_bytes_per_s = json.at("memory_bytes_per_s");
    peak.threads = json.at("threads");
    peak.seconds = json.at("seconds");
    return peak;
  } catch (const Json::exception& e) {
    throw Error(ErrorCode::corrupt_data, std::string("machine's peak: ") + e.what());
  }
}

MachinePeak higher_of(const MachinePeak& a, const MachinePeak& b) {
  const auto higher = [](const std::optional<PeakRate>& x, const std::optional<PeakRate>& y) {
    if (!x || !y) return x ? x : y;
    return x->per_s >= y->per_s ? x : y;
  };
  return {higher(a.f32, b.f32),
          higher(a.bf16, b.bf16),
          higher(a.int8, b.int8),
          std::max(a.memory_bytes_per_s, b.memory_bytes_per_s),
          a.threads,
          a.seconds + b.seconds};
}

std::optional<double> peak_of(const MachinePeak& peak, const std::string& precision) {
  const std::optional<PeakRate>* rate = precision == "int8"   ? &peak.int8
                                        : precision == "bf16" ? &peak.bf16
                                        : precision == "f32"  ? &peak.f32
                                                              : nullptr;
  if (rate == nullptr || !*rate) return std::nullopt;
  return (*rate)->per_s;
}

MachinePeak measure_peak(int threads, double seconds) {
  const std::int64_t start = now_ns();
  const Fingerprint machine = capture_fingerprint();
  MachinePeak peak;
  peak.threads = std::max(1, threads);
  const double each = seconds / kKinds;
  peak.f32 = best_of(machine::f32_kernels(), machine.isa, peak.threads, each);
  peak.bf16 = best_of(machine::bf16_kernels(), machine.isa, peak.threads, each);
  peak.int8 = best_of(machine::int8_kernels(), machine.isa, peak.threads, each);
  peak.memory_bytes_per_s = memory_rate(machine, peak.threads, each);
  peak.seconds = seconds_since(start);
  return peak;
}

}  // namespace tamis
