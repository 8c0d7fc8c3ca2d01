#pragma once

#include <cmath>
#include <cstddef>
#include <vector>

#include "stats/paired.h"
#include "stats/random.h"

namespace tamis {

/// Simulated samples of two variants, visited in the same rounds, with the disturbances that a real
/// machine adds.
struct Noise {
  double visit_sd = 0.025;  ///< of the log of each visit's sample
  double spike_share = 0;   ///< of the visits
  double spike_low = 1.5;   ///< factor of a spike, uniform between the two
  double spike_high = 3;
  double drift = 0;               ///< amplitude of a slow wave common to both
  double common_correlation = 0;  ///< lag-1, of a disturbance of 10 % common to both
  double pair_correlation = 0;    ///< lag-1, of what only one of the two sees
  bool skewed = false;            ///< body of a visit's noise: gamma instead of normal
  double instance_sd = 0;         ///< of the log ratio, from instance to instance
};

/// The next value of a stationary AR(1) sequence with variance 1.
class Autoregression {
 public:
  explicit Autoregression(double correlation) : correlation_(correlation) {}
  double next(Random& random) {
    const double fresh = random.normal();
    value_ = started_ ? correlation_ * value_ + std::sqrt(1 - correlation_ * correlation_) * fresh
                      : fresh;
    started_ = true;
    return value_;
  }

 private:
  double correlation_;
  double value_ = 0;
  bool started_ = false;
};

inline double gamma_of_shape_two(Random& random) {  // mean 2, variance 2
  return -std::log((1 - random.uniform()) * (1 - random.uniform()));
}

/// The rounds of the first `instances` instances.
inline PairedSamples first_instances(const PairedSamples& samples, std::size_t instances) {
  PairedSamples first;
  for (std::size_t i = 0; i < samples.size() && samples.instance[i] < instances; ++i) {
    first.a.push_back(samples.a[i]);
    first.b.push_back(samples.b[i]);
    first.instance.push_back(samples.instance[i]);
  }
  return first;
}

/// `instances` instances of `rounds` rounds of two variants whose true ratio (time of A / time of
/// B) is given. What is common to both goes on from one instance to the next; what only one sees is
/// of its process, and begins anew with each.
inline PairedSamples simulate(const Noise& noise, double true_ratio, std::size_t instances,
                              std::size_t rounds, Random& random) {
  PairedSamples pair;
  Autoregression common(noise.common_correlation);
  Autoregression own_a(noise.pair_correlation);
  Autoregression own_b(noise.pair_correlation);
  const double phase = random.uniform() * 6.28;
  const double period = 30 + 200 * random.uniform();
  const auto visit = [&](Autoregression& own) {
    double log_time = noise.visit_sd * own.next(random);
    if (noise.skewed) log_time = noise.visit_sd * (gamma_of_shape_two(random) - 2) / std::sqrt(2.0);
    if (random.uniform() < noise.spike_share) {
      log_time +=
          std::log(noise.spike_low + (noise.spike_high - noise.spike_low) * random.uniform());
    }
    return log_time;
  };
  double own_speed = 0;
  for (std::size_t i = 0; i < instances * rounds; ++i) {
    if (i % rounds == 0) {
      own_speed = noise.instance_sd * random.normal();
      own_a = own_b = Autoregression(noise.pair_correlation);
    }
    // Within a round the order is random, and the drift goes on between its two visits.
    const double a_later = random.uniform() < 0.5 ? 0.5 : 0;
    const auto drift = [&](double later) {
      return noise.drift * std::sin(phase + 6.28 * (static_cast<double>(i) + later) / period);
    };
    const double both = noise.common_correlation != 0 ? 0.1 * common.next(random) : 0;
    pair.a.push_back(1e6 * true_ratio * std::exp(own_speed + both + drift(a_later) + visit(own_a)));
    pair.b.push_back(1e6 * std::exp(both + drift(0.5 - a_later) + visit(own_b)));
    pair.instance.push_back(i / rounds);
  }
  return pair;
}

/// The kinds of noise under which the promises are kept, each with its name.
struct NamedNoise {
  const char* name;
  Noise noise;
};

inline std::vector<NamedNoise> all_noises() {
  return {
      {"independent", {}},
      {"drift", {.drift = 0.2}},
      {"common_autocorrelation", {.common_correlation = 0.8}},
      {"pair_autocorrelation", {.pair_correlation = 0.3}},
      {"spikes", {.spike_share = 0.05}},
      {"skewed", {.skewed = true}},
      {"all_together",
       {.spike_share = 0.05, .drift = 0.2, .common_correlation = 0.8, .pair_correlation = 0.3}},
  };
}

/// What was measured on a shared machine of two cores.
inline Noise this_machine() {
  return {.visit_sd = 0.03,
          .spike_share = 0.05,
          .spike_low = 1.15,
          .spike_high = 2,
          .drift = 0.2,
          .common_correlation = 0.8};
}

}  // namespace tamis
