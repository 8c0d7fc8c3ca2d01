#include "metrics/anomaly.h"

#include <algorithm>
#include <cmath>
#include <string>

#include "base/error.h"

namespace tamis {
namespace {

constexpr std::size_t kNormalRuns = 256;
constexpr std::size_t kRegionRuns = 128;
constexpr std::size_t kAllRegionRuns = 4096;  // of one picture together
constexpr std::size_t kLeastRegionRuns = 8;

[[noreturn]] void fail(const std::string& what) {
  throw Error(ErrorCode::invalid_argument, "anomaly figures: " + what);
}

/// Pixels of one score: how many are normal, and what share of all regions, and how many pixels in
/// them.
struct Step {
  float score;
  double normal, overlap, defective;
};

/// Falling scores.
std::vector<Step> steps_of(std::span<const AnomalyPixels* const> pictures) {
  std::size_t regions = 0;
  for (const AnomalyPixels* p : pictures) regions += p->regions.size();
  std::vector<Step> steps;
  for (const AnomalyPixels* p : pictures) {
    for (std::size_t k = 0; k < p->normal.medians.size(); ++k)
      steps.push_back({p->normal.medians[k], static_cast<double>(p->normal.run_length(k)), 0, 0});
    for (const PixelScores& region : p->regions)
      for (std::size_t k = 0; k < region.medians.size(); ++k) {
        const auto pixels = static_cast<double>(region.run_length(k));
        steps.push_back({region.medians[k], 0,
                         pixels / static_cast<double>(region.pixels) / static_cast<double>(regions),
                         pixels});
      }
  }
  std::sort(steps.begin(), steps.end(),
            [](const Step& a, const Step& b) { return a.score > b.score; });
  return steps;
}

/// Calls visit(normal, overlap, defective) for each different score: the sums at and above it.
template <typename Visit>
void walk(const std::vector<Step>& steps, Visit visit) {
  double normal = 0, overlap = 0, defective = 0;
  for (std::size_t i = 0; i < steps.size(); ++i) {
    normal += steps[i].normal;
    overlap += steps[i].overlap;
    defective += steps[i].defective;
    if (i + 1 == steps.size() || steps[i + 1].score != steps[i].score)
      visit(normal, overlap, defective);
  }
}

/// The part of each region that a pixel belongs to, from 1; 0 outside the mask.
std::vector<std::uint32_t> label_regions(std::span<const std::uint8_t> mask, Size size,
                                         std::uint32_t& count) {
  std::vector<std::uint32_t> label(mask.size());
  std::vector<std::pair<int, int>> open;
  const auto at = [&](int y, int x) {
    return static_cast<std::size_t>(y) * static_cast<std::size_t>(size.width) +
           static_cast<std::size_t>(x);
  };
  count = 0;
  const auto take = [&](int y, int x) {
    if (y < 0 || x < 0 || y >= size.height || x >= size.width) return;
    if (mask[at(y, x)] == 0 || label[at(y, x)] != 0) return;
    label[at(y, x)] = count;
    open.emplace_back(y, x);
  };
  for (int y = 0; y < size.height; ++y)
    for (int x = 0; x < size.width; ++x) {
      if (mask[at(y, x)] == 0 || label[at(y, x)] != 0) continue;
      ++count;
      take(y, x);
      while (!open.empty()) {
        const auto [row, column] = open.back();
        open.pop_back();
        for (int dy = -1; dy <= 1; ++dy)
          for (int dx = -1; dx <= 1; ++dx) take(row + dy, column + dx);
      }
    }
  return label;
}

std::optional<double> share(std::span<const AnomalyRecord> records, bool defective) {
  std::size_t all = 0, flagged = 0;
  for (const AnomalyRecord& r : records) {
    if (!r.flagged) return std::nullopt;
    if (r.defective != defective) continue;
    ++all;
    flagged += *r.flagged ? 1 : 0;
  }
  if (all == 0) return std::nullopt;
  return static_cast<double>(flagged) / static_cast<double>(all);
}

}  // namespace

std::uint64_t PixelScores::run_length(std::size_t k) const {
  const std::uint64_t runs = medians.size();
  return pixels * (k + 1) / runs - pixels * k / runs;
}

PixelScores condense(std::vector<float> scores, std::size_t runs) {
  if (std::any_of(scores.begin(), scores.end(), [](float s) { return std::isnan(s); }))
    fail("a pixel's score is not a number");
  std::sort(scores.begin(), scores.end(), std::greater<>());
  PixelScores out;
  out.pixels = scores.size();
  const std::uint64_t count = std::min(scores.size(), runs);
  for (std::uint64_t k = 0; k < count; ++k) {
    const std::uint64_t begin = out.pixels * k / count, end = out.pixels * (k + 1) / count;
    out.medians.push_back(scores[(begin + end - 1) / 2]);
  }
  return out;
}

AnomalyPixels condense_map(std::span<const float> scores, std::span<const std::uint8_t> mask,
                           Size size) {
  const std::size_t pixels =
      static_cast<std::size_t>(size.height) * static_cast<std::size_t>(size.width);
  if (scores.size() != pixels || (!mask.empty() && mask.size() != pixels))
    fail("a map of " + std::to_string(scores.size()) + " and a mask of " +
         std::to_string(mask.size()) + " pixels for an image of " + std::to_string(pixels));
  AnomalyPixels out;
  if (mask.empty()) {
    out.normal = condense({scores.begin(), scores.end()}, kNormalRuns);
    return out;
  }
  std::uint32_t count = 0;
  const std::vector<std::uint32_t> label = label_regions(mask, size, count);
  std::vector<std::vector<float>> sorted(count + std::size_t{1});
  for (std::size_t i = 0; i < pixels; ++i) sorted[label[i]].push_back(scores[i]);
  out.normal = condense(std::move(sorted[0]), kNormalRuns);
  const std::size_t runs =
      std::clamp(kAllRegionRuns / std::max<std::size_t>(count, 1), kLeastRegionRuns, kRegionRuns);
  for (std::uint32_t r = 1; r <= count; ++r)
    out.regions.push_back(condense(std::move(sorted[r]), runs));
  return out;
}

WeightedAuroc::WeightedAuroc(std::span<const float> scores,
                             std::span<const std::uint8_t> positive) {
  if (scores.size() != positive.size())
    fail(std::to_string(scores.size()) + " scores for " + std::to_string(positive.size()) +
         " items");
  for (std::size_t i = 0; i < scores.size(); ++i) {
    if (std::isnan(scores[i])) fail("a score is not a number");
    falling_.push_back({scores[i], static_cast<std::uint32_t>(i), positive[i] != 0});
  }
  std::sort(falling_.begin(), falling_.end(),
            [](const Place& a, const Place& b) { return a.score > b.score; });
}

double WeightedAuroc::at(std::span<const std::uint32_t> weights) const {
  if (weights.size() != falling_.size())
    fail(std::to_string(weights.size()) + " weights for " + std::to_string(falling_.size()) +
         " items");
  double above = 0, all_positive = 0, all_negative = 0, won = 0;
  for (std::size_t i = 0; i < falling_.size();) {
    double positive = 0, negative = 0;
    const float score = falling_[i].score;
    for (; i < falling_.size() && falling_[i].score == score; ++i)
      (falling_[i].positive ? positive : negative) += weights[falling_[i].item];
    won += negative * (above + positive / 2);
    above += positive;
    all_positive += positive;
    all_negative += negative;
  }
  return all_positive == 0 || all_negative == 0 ? 0 : won / (all_positive * all_negative);
}

std::optional<double> per_region_overlap(std::span<const AnomalyPixels* const> pictures,
                                         double most) {
  const std::vector<Step> steps = steps_of(pictures);
  double all_normal = 0;
  bool has_region = false;
  for (const Step& s : steps) {
    all_normal += s.normal;
    has_region = has_region || s.defective > 0;
  }
  if (all_normal == 0 || !has_region) return std::nullopt;
  double area = 0, rate = 0, found = 0;
  walk(steps, [&](double normal, double overlap, double) {
    const double next = normal / all_normal;
    if (rate < most && next > rate) {
      const double end = std::min(next, most);
      const double at_end = found + (overlap - found) * (end - rate) / (next - rate);
      area += (end - rate) * (found + at_end) / 2;
    }
    rate = next;
    found = overlap;
  });
  return area / most;
}

std::optional<double> pixel_auroc(std::span<const AnomalyPixels* const> pictures) {
  double area = 0, all_normal = 0, all_defective = 0;
  walk(steps_of(pictures), [&](double normal, double, double defective) {
    area += (normal - all_normal) * (defective + all_defective) / 2;
    all_normal = normal;
    all_defective = defective;
  });
  if (all_normal == 0 || all_defective == 0) return std::nullopt;
  return area / (all_normal * all_defective);
}

AnomalyFigures score_anomalies(std::span<const AnomalyRecord> records) {
  AnomalyFigures out;
  std::vector<float> scores;
  std::vector<std::uint8_t> defective;
  std::vector<const AnomalyPixels*> pixels;
  for (const AnomalyRecord& r : records) {
    scores.push_back(r.score);
    defective.push_back(r.defective ? 1 : 0);
    if (r.pixels != nullptr) pixels.push_back(r.pixels);
  }
  const auto bad = std::count(defective.begin(), defective.end(), 1);
  if (bad > 0 && bad < static_cast<std::ptrdiff_t>(records.size()))
    out.auroc = WeightedAuroc(scores, defective).at(std::vector<std::uint32_t>(scores.size(), 1));
  if (pixels.size() == records.size()) {
    out.pixel_auroc = pixel_auroc(pixels);
    out.pro = per_region_overlap(pixels);
  }
  out.false_alarms = share(records, false);
  out.found = share(records, true);
  return out;
}

Json to_json(const AnomalyFigures& figures) {
  const auto number = [](const std::optional<double>& v) { return v ? Json(*v) : Json(); };
  return {{"auroc", number(figures.auroc)},
          {"pixel_auroc", number(figures.pixel_auroc)},
          {"pro", number(figures.pro)},
          {"false_alarms", number(figures.false_alarms)},
          {"found", number(figures.found)}};
}

}  // namespace tamis
