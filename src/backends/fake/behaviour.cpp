#include "backends/fake/behaviour.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <cmath>
#include <cstdlib>
#include <cstring>
#include <numbers>
#include <thread>

#include "base/clock.h"
#include "base/error.h"
#include "base/process.h"
#include "base/units.h"

namespace tamis::fake {
namespace {

struct Field {
  const char* key;
  void (*set)(Behaviour&, const Json&);
};

/// The table of keys. `wrong` may be a share or true.
constexpr std::array kFields{
    Field{"latency_us", [](Behaviour& b, const Json& v) { b.latency_us = v.get<double>(); }},
    Field{"jitter", [](Behaviour& b, const Json& v) { b.jitter = v.get<double>(); }},
    Field{"drift", [](Behaviour& b, const Json& v) { b.drift = v.get<double>(); }},
    Field{"spike_share", [](Behaviour& b, const Json& v) { b.spike_share = v.get<double>(); }},
    Field{"spike_factor", [](Behaviour& b, const Json& v) { b.spike_factor = v.get<double>(); }},
    Field{"instance", [](Behaviour& b, const Json& v) { b.instance = v.get<double>(); }},
    Field{"load_period_s", [](Behaviour& b, const Json& v) { b.load_period_s = v.get<double>(); }},
    Field{"load_share", [](Behaviour& b, const Json& v) { b.load_share = v.get<double>(); }},
    Field{"load_factor", [](Behaviour& b, const Json& v) { b.load_factor = v.get<double>(); }},
    Field{"seed", [](Behaviour& b, const Json& v) { b.seed = v.get<std::uint64_t>(); }},
    Field{"load_ms", [](Behaviour& b, const Json& v) { b.load_ms = v.get<double>(); }},
    Field{"compile_ms", [](Behaviour& b, const Json& v) { b.compile_ms = v.get<double>(); }},
    Field{"wrong",
          [](Behaviour& b, const Json& v) {
            b.wrong = v.is_boolean() ? (v.get<bool>() ? 1.0 : 0.0) : v.get<double>();
          }},
    Field{"leak_bytes", [](Behaviour& b, const Json& v) { b.leak_bytes = v.get<std::int64_t>(); }},
    Field{"fail_at", [](Behaviour& b, const Json& v) { b.fail_at = v.get<std::int64_t>(); }},
    Field{"crash_at", [](Behaviour& b, const Json& v) { b.crash_at = v.get<std::int64_t>(); }},
    Field{"hang_at", [](Behaviour& b, const Json& v) { b.hang_at = v.get<std::int64_t>(); }},
    Field{"open_fails", [](Behaviour& b, const Json& v) { b.open_fails = v.get<std::string>(); }},
    Field{"alone", [](Behaviour& b, const Json& v) { b.alone = v.get<bool>(); }},
};

}  // namespace

Behaviour parse_behaviour(const Json& extra) {
  Behaviour behaviour;
  std::vector<std::string> known;
  for (const Field& field : kFields) known.emplace_back(field.key);
  for (const auto& [key, value] : extra.items()) {
    auto field = std::find_if(kFields.begin(), kFields.end(),
                              [&key = key](const Field& f) { return key == f.key; });
    if (field == kFields.end())
      throw Error(ErrorCode::invalid_argument,
                  "fake backend: unknown option " + key + "; " + suggest(key, known));
    try {
      field->set(behaviour, value);
    } catch (const Json::exception& error) {
      throw Error(ErrorCode::invalid_argument, "fake backend: " + key + ": " + error.what());
    }
  }
  return behaviour;
}

Actor::Actor(const Behaviour& behaviour)
    : behaviour_(behaviour), state_(static_cast<std::uint64_t>(process_id())) {
  level_ = std::exp(behaviour.instance * normal());
  state_ = behaviour.seed;
}

double Actor::load_now(std::int64_t now_ns) const {
  if (behaviour_.load_share <= 0 || behaviour_.load_period_s <= 0) return 1;
  const double seconds = static_cast<double>(now_ns) * 1e-9;
  const double within = std::fmod(seconds, behaviour_.load_period_s) / behaviour_.load_period_s;
  return within < behaviour_.load_share ? behaviour_.load_factor : 1;
}

void Actor::begin() {
  ++run_;
  std::int64_t start = now_ns();
  if (behaviour_.fail_at == run_)
    throw Error(ErrorCode::backend_failed,
                "run model: told to fail at run " + std::to_string(run_));
  if (behaviour_.crash_at == run_) std::abort();
  while (behaviour_.hang_at == run_) std::this_thread::sleep_for(std::chrono::seconds(1));
  if (behaviour_.leak_bytes > 0) {
    auto bytes = static_cast<std::size_t>(behaviour_.leak_bytes);
    leaked_.push_back(std::make_unique<char[]>(bytes));
    std::memset(leaked_.back().get(), 1, bytes);
  }
  double us = behaviour_.latency_us * level_ * load_now(start) *
              std::exp(behaviour_.jitter * normal()) *
              (1 + behaviour_.drift * static_cast<double>(run_) / 1000);
  if (uniform() < behaviour_.spike_share) us *= behaviour_.spike_factor;
  end_ns_ = start + static_cast<std::int64_t>(us * 1e3);
}

void Actor::finish() const {
  while (now_ns() < end_ns_) {
  }
}

/// SplitMix64 (Steele, Lea and Flood 2014), in [0, 1).
double Actor::uniform() {
  state_ += 0x9E3779B97F4A7C15ULL;
  std::uint64_t z = state_;
  z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9ULL;
  z = (z ^ (z >> 27)) * 0x94D049BB133111EBULL;
  return static_cast<double>((z ^ (z >> 31)) >> 11) * 0x1p-53;
}

/// Box and Muller.
double Actor::normal() {
  double radius = std::sqrt(-2 * std::log(1 - uniform()));
  return radius * std::cos(2 * std::numbers::pi * uniform());
}

}  // namespace tamis::fake
