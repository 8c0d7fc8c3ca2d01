#pragma once

#include <optional>
#include <string>

#include "base/json.h"

namespace tamis {

/// The most that was reached of one kind of operation.
struct PeakRate {
  double per_s = 0;          ///< operations (a multiply-accumulate is two) or bytes, per second
  std::string instructions;  ///< "avx512_vnni"
};

/// What this machine's CPU can do at most: the roof over every variant (Williams et al. 2009,
/// "Roofline"). Measured, not read off a data sheet: what the clock under load, the hypervisor and
/// the cgroup leave.
struct MachinePeak {
  std::optional<PeakRate> f32, bf16;  ///< absent: no such instructions here, or none known
  std::optional<PeakRate> int8;       ///< 8-bit products, summed in 32 bits
  double memory_bytes_per_s = 0;      ///< read from memory, not from caches
  int threads = 1;
  double seconds = 0;  ///< that measuring took
};
/// {f32, bf16, int8: null | {ops_per_s, instructions}, memory_bytes_per_s, threads, seconds}
Json to_json(const MachinePeak& peak);
/// Throws corrupt_data.
MachinePeak parse_machine_peak(const Json& json);

/// The higher rate of each kind, of two measurements with as many threads.
MachinePeak higher_of(const MachinePeak& a, const MachinePeak& b);

/// Operations per second at most in "int8", "bf16" or "f32"; absent for others (f16 among them) and
/// where it was not measured.
std::optional<double> peak_of(const MachinePeak& peak, const std::string& precision);

/// Keeps `threads` threads busy, once per kind, for about `seconds` in all: products of registers
/// without memory, then reading a buffer that no cache holds. The best of several windows counts,
/// so that a disturbance does not lower the roof. AMX tiles are not used. Thread safe, but not
/// meaningful beside other work.
MachinePeak measure_peak(int threads, double seconds = 1.2);

}  // namespace tamis
