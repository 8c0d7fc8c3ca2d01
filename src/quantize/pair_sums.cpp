#include "quantize/pair_sums.h"

#include <algorithm>
#include <cassert>
#include <cmath>
#include <cstdlib>

namespace tamis {

namespace {

constexpr int kMostOfPair = 128;
constexpr int kMostOfOne = 127;

bool overflows(int a, int b) { return (a > 0) == (b > 0) && std::abs(a + b) > kMostOfPair; }

/// The nearest point to (a, b), both of one sign, whose magnitudes add up to the most.
void limit_pair(double a, double b, std::int8_t& qa, std::int8_t& qb) {
  const int sign = qa > 0 ? 1 : -1;
  const double nearest = (std::abs(a) - std::abs(b) + kMostOfPair) / 2;
  // Neither grows, so that what the pairs before have settled stays settled.
  const int first =
      std::clamp(static_cast<int>(std::nearbyint(nearest)),
                 kMostOfPair - std::min(std::abs(int{qb}), kMostOfPair), std::abs(int{qa}));
  qa = static_cast<std::int8_t>(sign * first);
  qb = static_cast<std::int8_t>(sign * std::min(kMostOfPair - first, std::abs(int{qb})));
}

}  // namespace

PairSums::PairSums(std::size_t inputs, std::size_t positions)
    : beside_(inputs * positions, {kNone, kNone}) {
  // In the order in which kernels go: all inputs of a position, then the next position.
  const auto column = [&](std::size_t i) {
    return static_cast<std::uint32_t>(i % inputs * positions + i / inputs);
  };
  const std::size_t step = inputs % 2 == 0 ? 2 : 1;
  for (std::size_t i = 0; i + 1 < beside_.size(); i += step) {
    beside_[column(i)][1] = column(i + 1);
    beside_[column(i + 1)][0] = column(i);
  }
}

void PairSums::limit(std::span<const double> exact, std::span<std::int8_t> row) const {
  if (empty()) return;
  assert(row.size() == beside_.size() && exact.size() == row.size());
  // From the first position on, as later pairs may only take from what earlier ones left.
  for (std::size_t at = 0; at < row.size(); ++at) {
    const std::uint32_t next = beside_[at][1];
    if (next != kNone && overflows(row[at], row[next]))
      limit_pair(exact[at], exact[next], row[at], row[next]);
  }
}

bool PairSums::fit(std::span<const std::int8_t> row) const {
  for (std::size_t at = 0; at < beside_.size(); ++at) {
    const std::uint32_t next = beside_[at][1];
    if (next != kNone && overflows(row[at], row[next])) return false;
  }
  return true;
}

int PairSums::most(std::size_t column, bool negative, std::span<const std::int8_t> row) const {
  int most = kMostOfOne;
  if (empty()) return most;
  for (const std::uint32_t other : beside_[column]) {
    if (other == kNone || (row[other] < 0) != negative) continue;
    most = std::min(most, kMostOfPair - std::abs(int{row[other]}));
  }
  return most;
}

}  // namespace tamis
