#pragma once

#include <algorithm>
#include <cmath>
#include <random>
#include <vector>

#include "base/geometry.h"
#include "base/truth.h"

namespace tamis::testing {

struct Scene {
  std::vector<TruthBox> truth;
  std::vector<Detection> detections;
};

struct SceneOptions {
  int classes = 5;
  int most_truths = 8;
  int most_detections = 30;
  bool tied_scores = false;  ///< scores of one decimal, so that many are equal
  bool on_grid = false;      ///< corners on multiples of 20, so that overlaps are equal or exact
};

inline Box random_box(std::mt19937& random) {
  std::uniform_real_distribution<float> place(0, 400), log_side(1.5f, 6.f);
  float x = place(random), y = place(random);
  return {x, y, x + std::exp(log_side(random)), y + std::exp(log_side(random))};
}

/// Corners moved to a grid, without emptying the box.
inline Box snap(const Box& b) {
  auto to_grid = [](float v) { return std::round(v / 20) * 20; };
  float x0 = to_grid(b.x0), y0 = to_grid(b.y0);
  return {x0, y0, std::max(to_grid(b.x1), x0 + 20), std::max(to_grid(b.y1), y0 + 20)};
}

/// Truths of all sizes, some crowds, some areas that are not the box's; detections near truths and
/// anywhere; some pictures without either.
inline Scene random_scene(std::mt19937& random, const SceneOptions& o) {
  std::uniform_real_distribution<float> unit(0, 1);
  std::normal_distribution<float> shift(0, 0.1f);
  auto label = [&] { return static_cast<int>(random() % static_cast<unsigned>(o.classes)); };
  auto score = [&] { return o.tied_scores ? std::round(unit(random) * 10) / 10 : unit(random); };
  Scene s;
  unsigned truths = random() % 5 == 0 ? 0 : random() % (static_cast<unsigned>(o.most_truths) + 1);
  for (unsigned i = 0; i < truths; ++i) {
    Box b = random_box(random);
    double area = (static_cast<double>(b.x1) - b.x0) * (static_cast<double>(b.y1) - b.y0);
    s.truth.push_back({b, label(), random() % 8 == 0, random() % 2 ? area : area * 0.6});
  }
  unsigned found =
      random() % 7 == 0 ? 0 : random() % (static_cast<unsigned>(o.most_detections) + 1);
  for (unsigned i = 0; i < found; ++i) {
    if (s.truth.empty() || random() % 3 == 0) {
      s.detections.push_back({random_box(random), score(), label()});
      continue;
    }
    const TruthBox& t = s.truth[random() % s.truth.size()];
    float w = t.box.x1 - t.box.x0, h = t.box.y1 - t.box.y0;
    Box b{t.box.x0 + w * shift(random), t.box.y0 + h * shift(random), t.box.x1 + w * shift(random),
          t.box.y1 + h * shift(random)};
    if (b.x1 <= b.x0 || b.y1 <= b.y0) b = t.box;
    s.detections.push_back({b, score(), random() % 10 == 0 ? label() : t.label});
  }
  if (o.on_grid) {
    for (TruthBox& t : s.truth) t.box = snap(t.box);
    for (Detection& d : s.detections) d.box = snap(d.box);
  }
  return s;
}

}  // namespace tamis::testing
