#include "metrics/coco_curve.h"

#include <algorithm>
#include <bit>
#include <limits>
#include <numeric>

namespace tamis {
namespace {

constexpr int kRecalls = 101;

/// numpy.linspace(0, 1, 101)[i].
double recall_level(int i) { return i == kRecalls - 1 ? 1.0 : i * 0.01; }

/// How many of the recall levels are <= recall.
int levels_reached(double recall) {
  int i = std::clamp(static_cast<int>(recall * 100), 0, kRecalls - 1);
  while (i + 1 < kRecalls && recall_level(i + 1) <= recall) ++i;
  while (i > 0 && recall_level(i) > recall) --i;
  return i + 1;
}

std::vector<std::uint32_t> order_by_score(const std::vector<CocoClass::Found>& found) {
  std::vector<std::uint32_t> order(found.size());
  std::iota(order.begin(), order.end(), 0u);
  std::stable_sort(order.begin(), order.end(), [&](std::uint32_t a, std::uint32_t b) {
    return found[a].match.score > found[b].match.score;
  });
  return order;
}

std::uint64_t weigh_positives(const CocoCurve& curve, std::span<const std::uint32_t> weights) {
  std::uint64_t sum = 0;
  for (const CocoCurve::Count& c : curve.positives)
    sum += static_cast<std::uint64_t>(weights[c.picture]) * c.truths;
  return sum;
}

/// Only right detections raise recall, so only at them is precision looked at: the interpolated
/// precision at a level is the best one at or after the first detection that reaches it.
double precision_at(const CocoCurve& curve, int threshold, std::span<const std::uint32_t> weights,
                    std::uint64_t positives, CurveScratch& s) {
  const std::vector<std::uint32_t>& ignored = curve.ignored[threshold];
  std::size_t next = 0;
  std::uint64_t right = 0, left_out = 0;
  s.precision.clear();
  s.reached.clear();
  for (std::uint32_t position : curve.right[threshold]) {
    std::uint32_t weight = weights[curve.picture[position]];
    if (weight == 0) continue;
    for (; next < ignored.size() && ignored[next] < position; ++next)
      left_out += weights[curve.picture[ignored[next]]];
    right += weight;
    auto all = static_cast<double>(s.seen[position] - left_out);
    s.precision.push_back(static_cast<double>(right) /
                          (all + std::numeric_limits<double>::epsilon()));
    s.reached.push_back(
        levels_reached(static_cast<double>(right) / static_cast<double>(positives)));
  }
  double sum = 0, best = 0;
  for (std::size_t i = s.precision.size(); i-- > 0;) {
    best = std::max(best, s.precision[i]);
    sum += best * (s.reached[i] - (i == 0 ? 0 : s.reached[i - 1]));
  }
  return sum / kRecalls;
}

}  // namespace

CocoCurve make_curve(const CocoClass& of, int area) {
  CocoCurve curve;
  for (const CocoClass::Positives& p : of.positives)
    if (p.count[area] > 0) curve.positives.push_back({p.picture, p.count[area]});
  std::size_t used = 0;
  for (std::uint32_t i : order_by_score(of.found)) {
    const CocoClass::Found& f = of.found[i];
    auto position = static_cast<std::uint32_t>(curve.picture.size());
    curve.picture.push_back(f.picture);
    unsigned ignored = f.match.ignored[area];
    unsigned right = f.match.matched[area] & ~ignored;
    if (right != 0) used = position + 1;
    for (; right != 0; right &= right - 1) curve.right[std::countr_zero(right)].push_back(position);
    for (; ignored != 0; ignored &= ignored - 1)
      curve.ignored[std::countr_zero(ignored)].push_back(position);
  }
  curve.picture.resize(used);
  curve.picture.shrink_to_fit();
  return curve;
}

std::optional<std::array<double, kCocoThresholds>> average_precision(
    const CocoCurve& curve, std::span<const std::uint32_t> weights, CurveScratch& scratch) {
  std::uint64_t positives = weigh_positives(curve, weights);
  if (positives == 0) return std::nullopt;
  scratch.seen.resize(curve.picture.size());
  std::uint64_t seen = 0;
  for (std::size_t i = 0; i < curve.picture.size(); ++i)
    scratch.seen[i] = seen += weights[curve.picture[i]];
  std::array<double, kCocoThresholds> out{};
  for (int t = 0; t < kCocoThresholds; ++t)
    out[t] = precision_at(curve, t, weights, positives, scratch);
  return out;
}

std::optional<double> mean_recall(const CocoClass& of, int area, std::uint32_t most) {
  std::uint64_t positives = 0, right = 0;
  for (const CocoClass::Positives& p : of.positives) positives += p.count[area];
  if (positives == 0) return std::nullopt;
  for (const CocoClass::Found& f : of.found)
    if (f.match.rank < most)
      right += std::popcount(static_cast<unsigned>(f.match.matched[area] & ~f.match.ignored[area]));
  return static_cast<double>(right) / static_cast<double>(positives) / kCocoThresholds;
}

}  // namespace tamis
