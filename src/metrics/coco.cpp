#include "metrics/coco.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <mutex>
#include <string>

#include "base/error.h"
#include "metrics/coco_curve.h"
#include "metrics/coco_match.h"

namespace tamis {

struct CocoEvaluation::State {
  std::vector<CocoClass> classes;
  /// Curves of area range "all" per class, made when first asked for, dropped by add().
  std::mutex mutex;
  std::optional<std::vector<CocoCurve>> curves;

  const std::vector<CocoCurve>& all_areas() {
    std::lock_guard lock(mutex);
    if (!curves) {
      curves.emplace();
      for (const CocoClass& c : classes) curves->push_back(make_curve(c, 0));
    }
    return *curves;
  }
};

namespace {

struct OfClass {
  std::vector<TruthBox> truth;
  std::vector<Detection> detections;
  std::vector<ScoredMask> masks;  ///< of the detections; empty where boxes are evaluated
};

void check_label(int label, const char* whose) {
  if (label < 0)
    throw Error(ErrorCode::invalid_argument, std::string("coco evaluation: a ") + whose +
                                                 " has the negative label " +
                                                 std::to_string(label));
}

std::map<int, OfClass> group(std::span<const TruthBox> truth, std::span<const Detection> detections,
                             std::span<const std::string> masks) {
  std::map<int, OfClass> by_label;
  for (const TruthBox& t : truth) {
    check_label(t.label, "truth");
    by_label[t.label].truth.push_back(t);
  }
  for (std::size_t i = 0; i < detections.size(); ++i) {
    const Detection& d = detections[i];
    check_label(d.label, "detection");
    if (std::isnan(d.score))
      throw Error(ErrorCode::invalid_argument,
                  "coco evaluation: a detection's score is not a number");
    OfClass& of = by_label[d.label];
    of.detections.push_back(d);
    if (!masks.empty()) of.masks.push_back({d.score, masks[i]});
  }
  return by_label;
}

/// A mean over what is there.
class Mean {
 public:
  void add(double value) {
    sum_ += value;
    ++count_;
  }
  void add(std::optional<double> value) {
    if (value) add(*value);
  }
  std::optional<double> value() const {
    if (count_ == 0) return std::nullopt;
    return sum_ / static_cast<double>(count_);
  }

 private:
  double sum_ = 0;
  std::size_t count_ = 0;
};

using Precisions = std::array<double, kCocoThresholds>;

double mean_of(const Precisions& p) {
  double sum = 0;
  for (double v : p) sum += v;
  return sum / kCocoThresholds;
}

/// 0 where none is there.
double mean_of(const std::vector<std::optional<double>>& values) {
  Mean mean;
  for (const std::optional<double>& v : values) mean.add(v);
  return mean.value().value_or(0);
}

void score_all_areas(const std::vector<CocoCurve>& curves, std::span<const std::uint32_t> weights,
                     CocoFigures& out) {
  Mean all, at_50, at_75;
  CurveScratch scratch;
  for (const CocoCurve& curve : curves) {
    std::optional<Precisions> p = average_precision(curve, weights, scratch);
    out.per_class.push_back(p ? std::optional(mean_of(*p)) : std::nullopt);
    all.add(out.per_class.back());
    if (!p) continue;
    at_50.add((*p)[0]);
    at_75.add((*p)[5]);
  }
  out.map50_95 = all.value();
  out.map50 = at_50.value();
  out.map75 = at_75.value();
}

std::optional<double> score_area(const std::vector<CocoClass>& classes, int area,
                                 std::span<const std::uint32_t> weights) {
  Mean mean;
  CurveScratch scratch;
  for (const CocoClass& c : classes) {
    std::optional<Precisions> p = average_precision(make_curve(c, area), weights, scratch);
    if (p) mean.add(mean_of(*p));
  }
  return mean.value();
}

std::optional<double> score_recall(const std::vector<CocoClass>& classes, int area, int most) {
  Mean mean;
  for (const CocoClass& c : classes)
    mean.add(mean_recall(c, area, static_cast<std::uint32_t>(most)));
  return mean.value();
}

}  // namespace

CocoEvaluation::CocoEvaluation(int max_detections)
    : max_detections_(max_detections), state_(std::make_unique<State>()) {
  if (max_detections < 1)
    throw Error(ErrorCode::invalid_argument,
                "coco evaluation: max_detections must be at least 1, got " +
                    std::to_string(max_detections));
}
CocoEvaluation::CocoEvaluation(CocoEvaluation&&) noexcept = default;
CocoEvaluation& CocoEvaluation::operator=(CocoEvaluation&&) noexcept = default;
CocoEvaluation::~CocoEvaluation() = default;

template <typename Match>
void CocoEvaluation::add_picture(std::span<const TruthBox> truth,
                                 std::span<const Detection> detections,
                                 std::span<const std::string> masks, Match match) {
  std::map<int, OfClass> by_label = group(truth, detections, masks);
  auto picture = static_cast<std::uint32_t>(picture_count_);
  std::vector<CocoClass>& classes = state_->classes;
  if (!by_label.empty())
    classes.resize(
        std::max(classes.size(), static_cast<std::size_t>(by_label.rbegin()->first) + 1));
  for (auto& [label, of] : by_label) {
    CocoClass& c = classes[static_cast<std::size_t>(label)];
    if (!of.truth.empty()) c.positives.push_back({picture, count_positives(of.truth)});
    for (const MatchedDetection& m : match(of)) c.found.push_back({m, picture});
  }
  state_->curves.reset();
  ++picture_count_;
}

void CocoEvaluation::add(std::span<const TruthBox> truth, std::span<const Detection> detections) {
  add_picture(truth, detections, {}, [this](OfClass& of) {
    return match_class(of.truth, std::move(of.detections),
                       static_cast<std::size_t>(max_detections_));
  });
}

void CocoEvaluation::add_masks(std::span<const TruthBox> truth,
                               std::span<const Detection> detections,
                               std::span<const std::string> masks, Size size) {
  if (masks.size() != detections.size())
    throw Error(ErrorCode::invalid_argument, "coco evaluation: " + std::to_string(masks.size()) +
                                                 " masks for " + std::to_string(detections.size()) +
                                                 " detections");
  add_picture(truth, detections, masks, [this, size](OfClass& of) {
    return match_class(of.truth, std::move(of.masks), size,
                       static_cast<std::size_t>(max_detections_));
  });
}

CocoFigures CocoEvaluation::figures() const {
  std::vector<std::uint32_t> once(picture_count_, 1);
  const std::vector<CocoClass>& classes = state_->classes;
  CocoFigures out;
  score_all_areas(state_->all_areas(), once, out);
  out.map_small = score_area(classes, 1, once);
  out.map_medium = score_area(classes, 2, once);
  out.map_large = score_area(classes, 3, once);
  out.recall_1 = score_recall(classes, 0, 1);
  out.recall_10 = score_recall(classes, 0, 10);
  out.recall_100 = score_recall(classes, 0, 100);
  out.recall_max = score_recall(classes, 0, max_detections_);
  out.recall_small = score_recall(classes, 1, max_detections_);
  out.recall_medium = score_recall(classes, 2, max_detections_);
  out.recall_large = score_recall(classes, 3, max_detections_);
  return out;
}

/// What `value` makes of each class's precisions.
template <typename Value>
std::vector<std::optional<double>> CocoEvaluation::of_classes(
    std::span<const std::uint32_t> weights, Value value) const {
  if (weights.size() != picture_count_)
    throw Error(ErrorCode::invalid_argument, "coco evaluation: " + std::to_string(weights.size()) +
                                                 " weights for " + std::to_string(picture_count_) +
                                                 " images");
  std::vector<std::optional<double>> out;
  CurveScratch scratch;
  for (const CocoCurve& curve : state_->all_areas()) {
    std::optional<Precisions> p = average_precision(curve, weights, scratch);
    out.push_back(p ? std::optional(value(*p)) : std::nullopt);
  }
  return out;
}

std::vector<std::optional<double>> CocoEvaluation::weighted_classes(
    std::span<const std::uint32_t> weights) const {
  return of_classes(weights, [](const Precisions& p) { return mean_of(p); });
}

std::vector<std::optional<double>> CocoEvaluation::weighted_classes50(
    std::span<const std::uint32_t> weights) const {
  return of_classes(weights, [](const Precisions& p) { return p.front(); });
}

double CocoEvaluation::weighted_map(std::span<const std::uint32_t> weights) const {
  return mean_of(weighted_classes(weights));
}

double CocoEvaluation::weighted_map50(std::span<const std::uint32_t> weights) const {
  return mean_of(weighted_classes50(weights));
}

Json to_json(const CocoFigures& f) {
  auto or_null = [](const std::optional<double>& v) { return v ? Json(*v) : Json(nullptr); };
  Json per_class = Json::array();
  for (const std::optional<double>& v : f.per_class) per_class.push_back(or_null(v));
  return {{"map50_95", or_null(f.map50_95)},
          {"map50", or_null(f.map50)},
          {"map75", or_null(f.map75)},
          {"map_small", or_null(f.map_small)},
          {"map_medium", or_null(f.map_medium)},
          {"map_large", or_null(f.map_large)},
          {"recall_1", or_null(f.recall_1)},
          {"recall_10", or_null(f.recall_10)},
          {"recall_100", or_null(f.recall_100)},
          {"recall_max", or_null(f.recall_max)},
          {"recall_small", or_null(f.recall_small)},
          {"recall_medium", or_null(f.recall_medium)},
          {"recall_large", or_null(f.recall_large)},
          {"per_class", per_class}};
}

}  // namespace tamis
