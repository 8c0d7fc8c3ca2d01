#include "stats/random.h"

#include "base/error.h"
#include "stats/interval.h"

namespace tamis {
namespace {

constexpr std::uint64_t kGolden = 0x9e3779b97f4a7c15;

std::uint64_t mix(std::uint64_t x) {
  x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9;
  x = (x ^ (x >> 27)) * 0x94d049bb133111eb;
  return x ^ (x >> 31);
}

}  // namespace

Random::Random(std::uint64_t seed, std::uint64_t stream)
    : key_(mix(mix(seed + kGolden) + stream * 0xd1342543de82ef95 + 1)) {}

std::uint64_t Random::next() { return mix(key_ + ++counter_ * kGolden); }

double Random::uniform() { return static_cast<double>(next() >> 11) * 0x1p-53; }

std::uint64_t Random::below(std::uint64_t count) {
  if (count == 0) throw Error(ErrorCode::invalid_argument, "random: below(0) has no answer");
  // Numbers beyond the last whole multiple of count would favour the small ones.
  const std::uint64_t rejected = (0 - count) % count;
  std::uint64_t x = next();
  while (x < rejected) x = next();
  return x % count;
}

double Random::normal() {
  return normal_quantile((static_cast<double>(next() >> 11) + 0.5) * 0x1p-53);
}

}  // namespace tamis
