#include "metrics/classification.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

namespace tamis {

bool ClassRecord::top5() const {
  auto end = top.begin() + static_cast<std::ptrdiff_t>(std::min<std::size_t>(top.size(), 5));
  return std::find(top.begin(), end, truth) != end;
}

std::vector<int> top_classes(std::span<const float> scores, int count) {
  std::vector<int> order(scores.size());
  std::iota(order.begin(), order.end(), 0);
  auto wanted = static_cast<std::ptrdiff_t>(
      std::min(scores.size(), static_cast<std::size_t>(std::max(count, 0))));
  std::partial_sort(order.begin(), order.begin() + wanted, order.end(), [&](int a, int b) {
    return scores[a] != scores[b] ? scores[a] > scores[b] : a < b;
  });
  order.resize(static_cast<std::size_t>(wanted));
  return order;
}

std::vector<float> class_probabilities(std::span<const float> scores,
                                       std::span<const int> classes) {
  double sum = 0, exponentials = 0;
  float low = 0, high = 0;
  for (float v : scores) {
    sum += v;
    low = std::min(low, v);
  }
  if (!scores.empty()) high = *std::max_element(scores.begin(), scores.end());
  if (!std::isfinite(high)) return {};
  const bool already = low >= 0 && high <= 1 && std::abs(sum - 1) <= 0.1;
  if (!already)
    for (float v : scores) exponentials += std::exp(v - high);
  std::vector<float> out;
  for (int c : classes) {
    const float v = scores[static_cast<std::size_t>(c)];
    out.push_back(already ? v : static_cast<float>(std::exp(v - high) / exponentials));
  }
  return out;
}

ClassificationFigures score_classification(std::span<const ClassRecord> records) {
  ClassificationFigures out;
  std::vector<std::size_t> items, right;
  std::size_t first = 0, among_five = 0;
  for (const ClassRecord& r : records) {
    auto label = static_cast<std::size_t>(r.truth);
    if (label >= items.size()) {
      items.resize(label + 1);
      right.resize(label + 1);
    }
    ++items[label];
    right[label] += r.top1();
    first += r.top1();
    among_five += r.top5();
  }
  for (std::size_t c = 0; c < items.size(); ++c)
    out.per_class.push_back(items[c] == 0 ? std::numeric_limits<double>::quiet_NaN()
                                          : static_cast<double>(right[c]) / items[c]);
  if (!records.empty()) {
    out.top1 = static_cast<double>(first) / records.size();
    out.top5 = static_cast<double>(among_five) / records.size();
  }
  return out;
}

Json to_json(const ClassificationFigures& figures) {
  Json per_class = Json::array();
  for (double v : figures.per_class) per_class.push_back(std::isnan(v) ? Json(nullptr) : Json(v));
  return {{"top1", figures.top1}, {"top5", figures.top5}, {"per_class", per_class}};
}

}  // namespace tamis
