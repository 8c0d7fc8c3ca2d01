#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <utility>

namespace tamis {

/// A small deterministic generator: the n-th number is a hash of (seed, stream, n), so equal
/// arguments give equal numbers on every platform and compiler, and streams of one seed are
/// independent of each other. Not for secrets.
/// Source: SplitMix64, Steele, Lea & Flood 2014, "Fast
/// splittable pseudorandom number generators", with its output mix. One object belongs to one
/// thread.
class Random {
 public:
  explicit Random(std::uint64_t seed, std::uint64_t stream = 0);

  std::uint64_t next();

  /// Uniform in [0, 1), a multiple of 2^-53.
  double uniform();

  /// Uniform in 0 .. count-1, without bias. Throws Error(invalid_argument) for count = 0.
  std::uint64_t below(std::uint64_t count);

  /// Standard normal, by inversion.
  double normal();

 private:
  std::uint64_t key_;
  std::uint64_t counter_ = 0;
};

/// Puts the items in random order (Fisher-Yates), the same on every platform for the same
/// generator.
template <typename T>
void shuffle(std::span<T> items, Random& random) {
  for (std::size_t left = items.size(); left > 1; --left) {
    std::swap(items[left - 1], items[random.below(left)]);
  }
}

}  // namespace tamis
