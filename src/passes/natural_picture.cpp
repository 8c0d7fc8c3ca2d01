#include "passes/natural_picture.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <random>

namespace tamis {
namespace {

constexpr std::int64_t kFinest = 2;  // pixels between the values of the last octave
constexpr float kColour = 0.35F;     // of a channel's own octaves beside the shared ones
constexpr float kContrast = 0.18F;   // of one octave

float uniform(std::mt19937& random) { return static_cast<float>(random() / 4294967296.0) * 2 - 1; }

/// Adds one octave: random values every `step` pixels, bilinear between them.
void add_octave(std::vector<float>& plane, std::int64_t height, std::int64_t width,
                std::int64_t step, float strength, std::mt19937& random) {
  const std::int64_t rows = height / step + 2, columns = width / step + 2;
  std::vector<float> grid(static_cast<std::size_t>(rows * columns));
  for (float& value : grid) value = uniform(random);
  for (std::int64_t y = 0; y < height; ++y) {
    const float fy = static_cast<float>(y % step) / static_cast<float>(step);
    const float* above = grid.data() + y / step * columns;
    const float* below = above + columns;
    for (std::int64_t x = 0; x < width; ++x) {
      const float fx = static_cast<float>(x % step) / static_cast<float>(step);
      const std::int64_t c = x / step;
      const float top = above[c] + fx * (above[c + 1] - above[c]);
      const float bottom = below[c] + fx * (below[c + 1] - below[c]);
      plane[static_cast<std::size_t>(y * width + x)] += strength * (top + fy * (bottom - top));
    }
  }
}

std::vector<float> octaves(std::int64_t height, std::int64_t width, std::mt19937& random) {
  std::vector<float> plane(static_cast<std::size_t>(height * width), 0);
  for (std::int64_t step = std::max(kFinest, std::max(height, width) / 2); step >= kFinest;
       step /= 2)
    add_octave(plane, height, width, step, kContrast, random);
  return plane;
}

}  // namespace

std::vector<float> natural_picture(std::int64_t channels, std::int64_t height, std::int64_t width,
                                   unsigned seed) {
  std::mt19937 random(seed);
  const std::vector<float> shared = octaves(height, width, random);
  std::vector<float> picture;
  picture.reserve(shared.size() * static_cast<std::size_t>(channels));
  for (std::int64_t c = 0; c < channels; ++c) {
    const std::vector<float> own = octaves(height, width, random);
    for (std::size_t i = 0; i < shared.size(); ++i)
      picture.push_back(std::clamp(0.5F + shared[i] + kColour * own[i], 0.0F, 1.0F));
  }
  return picture;
}

}  // namespace tamis
