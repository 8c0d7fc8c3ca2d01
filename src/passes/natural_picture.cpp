#include "passes/natural_picture.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <random>
#include <vector>

namespace tamis {
namespace {

constexpr std::int64_t kFinest = 2;  // pixels between the values of the last octave
constexpr float kColour = 0.35F;     // of a channel's own octaves beside the shared ones
constexpr float kContrast = 0.18F;   // of one octave

float uniform(std::mt19937& random) { return static_cast<float>(random() / 4294967296.0) * 2 - 1; }

/// Random values every `step` pixels, bilinear between them.
struct Octave {
  std::int64_t step = 1, columns = 0;
  std::vector<float> grid;

  Octave(std::int64_t height, std::int64_t width, std::int64_t every, std::mt19937& random)
      : step(every),
        columns(width / every + 2),
        grid(static_cast<std::size_t>((height / every + 2) * columns)) {
    for (float& value : grid) value = uniform(random);
  }

  void add_row(std::int64_t y, std::span<float> row) const {
    const float fy = static_cast<float>(y % step) / static_cast<float>(step);
    const float* above = grid.data() + y / step * columns;
    const float* below = above + columns;
    for (std::size_t x = 0; x < row.size(); ++x) {
      const auto at = static_cast<std::int64_t>(x);
      const float fx = static_cast<float>(at % step) / static_cast<float>(step);
      const std::int64_t c = at / step;
      const float top = above[c] + fx * (above[c + 1] - above[c]);
      const float bottom = below[c] + fx * (below[c + 1] - below[c]);
      row[x] += kContrast * (top + fy * (bottom - top));
    }
  }
};

std::vector<Octave> octaves(std::int64_t height, std::int64_t width, std::mt19937& random) {
  std::vector<Octave> all;
  for (std::int64_t step = std::max(kFinest, std::max(height, width) / 2); step >= kFinest;
       step /= 2)
    all.emplace_back(height, width, step, random);
  return all;
}

void sum_row(const std::vector<Octave>& all, std::int64_t y, std::span<float> row) {
  std::fill(row.begin(), row.end(), 0.0F);
  for (const Octave& octave : all) octave.add_row(y, row);
}

}  // namespace

void natural_picture(std::int64_t channels, std::int64_t height, std::int64_t width, unsigned seed,
                     const TakeRow& take) {
  std::mt19937 random(seed);
  const std::vector<Octave> shared = octaves(height, width, random);
  std::vector<float> row(static_cast<std::size_t>(width)), coloured(row.size());
  for (std::int64_t c = 0; c < channels; ++c) {
    const std::vector<Octave> own = octaves(height, width, random);
    for (std::int64_t y = 0; y < height; ++y) {
      sum_row(shared, y, row);
      sum_row(own, y, coloured);
      for (std::size_t x = 0; x < row.size(); ++x)
        row[x] = std::clamp(0.5F + row[x] + kColour * coloured[x], 0.0F, 1.0F);
      take(c, y, row);
    }
  }
}

}  // namespace tamis
