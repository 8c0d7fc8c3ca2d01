#include "predict/summary.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <utility>
#include <vector>

#include "predict/prediction_json.h"

namespace tamis {
namespace {

std::string anomaly_text(const Card& card, const AnomalyPrediction& anomaly) {
  if (!anomaly.flagged) return fmt::format("score {:.4g}", anomaly.score);
  return fmt::format("{} (score {:.4g}, threshold {:.4g})",
                     *anomaly.flagged ? "anomalous" : "normal", anomaly.score,
                     card.threshold.value_or(0));
}

std::string class_text(const Card& card, const Prediction& p) {
  if (p.top.empty()) return "no class";
  const std::string name = class_name(card, p.top[0]);
  return p.probabilities.empty() ? name : fmt::format("{} {:.2f}", name, p.probabilities[0]);
}

/// By class, in the order in which the surest of each comes.
std::string objects_text(const Card& card, const Prediction& p, double min_score) {
  std::vector<std::pair<int, std::size_t>> counts;
  for (const Detection& d : p.boxes) {
    if (!is_shown(d, min_score)) continue;
    auto known = std::find_if(counts.begin(), counts.end(),
                              [&](const auto& count) { return count.first == d.label; });
    if (known == counts.end()) known = counts.insert(counts.end(), {d.label, 0});
    ++known->second;
  }
  std::vector<std::string> parts;
  for (const auto& [label, count] : counts)
    parts.push_back(fmt::format("{} {}", count, class_name(card, label)));
  return parts.empty() ? "nothing" : fmt::format("{}", fmt::join(parts, ", "));
}

}  // namespace

std::string summary_text(const Card& card, const Prediction& p, double min_score) {
  if (p.anomaly) return anomaly_text(card, *p.anomaly);
  if (card.task == TaskKind::classify) return class_text(card, p);
  return objects_text(card, p, min_score);
}

}  // namespace tamis
