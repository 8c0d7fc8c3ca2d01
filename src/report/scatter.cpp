#include "report/scatter.h"

#include <algorithm>
#include <limits>

namespace tamis {
namespace {

ScatterPoint::Kind kind_of(const VariantRow& variant, bool baseline) {
  if (!variant.gate) return baseline ? ScatterPoint::Kind::met : ScatterPoint::Kind::undecided;
  if (*variant.gate == GateOutcome::met) return ScatterPoint::Kind::met;
  if (*variant.gate == GateOutcome::estimated) return ScatterPoint::Kind::estimated;
  if (*variant.gate == GateOutcome::missed) return ScatterPoint::Kind::missed;
  return ScatterPoint::Kind::undecided;
}

bool knows_change(const ResultDocument& result) {
  for (const VariantRow& variant : result.variants)
    if (variant.latency_ms && variant.accuracy && !relative_change(*variant.accuracy) &&
        variant.id != result.baseline)
      return false;
  return true;
}

void place_accuracy(ScatterPoint& point, ScatterData::Unit unit) {
  const AccuracyRow& accuracy = *point.variant->accuracy;
  if (unit == ScatterData::Unit::value) {
    point.accuracy = accuracy.value;
    point.accuracy_low = accuracy.low;
    point.accuracy_high = accuracy.high;
  } else if (const auto change = relative_change(accuracy); change && !point.baseline) {
    point.accuracy = change->value;
    point.accuracy_low = change->low;
    point.accuracy_high = change->high;
  }
}

ScatterPoint point_of(const ResultDocument& result, const VariantRow& variant,
                      ScatterData::Unit unit) {
  ScatterPoint point;
  point.variant = &variant;
  point.pick = result.pick && *result.pick == variant.id;
  point.baseline = variant.id == result.baseline;
  point.kind = kind_of(variant, point.baseline);
  point.ms = variant.latency_ms->median;
  point.ms_low = variant.latency_ms->low;
  point.ms_high = variant.latency_ms->high;
  place_accuracy(point, unit);
  return point;
}

void mark_frontier(std::vector<ScatterPoint>& points) {
  double best = -std::numeric_limits<double>::infinity();
  for (ScatterPoint& point : points) {
    point.frontier = point.accuracy > best;
    best = std::max(best, point.accuracy);
  }
}

std::optional<double> gate_floor(const ResultDocument& result, ScatterData::Unit unit) {
  const VariantRow* baseline = result.baseline_variant();
  double value = baseline && baseline->accuracy ? baseline->accuracy->value : 0;
  for (const GateRow& gate : result.gates) {
    if (!gate.limit) continue;
    bool change = unit == ScatterData::Unit::change;
    if (gate.kind == GateKind::max_drop && gate.relative) {
      if (change) return -*gate.limit;
      if (value > 0) return value * (1 - *gate.limit);
    } else if (gate.kind == GateKind::max_drop && value > 0) {
      return change ? -*gate.limit / value : value - *gate.limit;
    } else if (gate.kind == GateKind::min_accuracy) {
      if (!change) return *gate.limit;
      if (value > 0) return *gate.limit / value - 1;
    }
  }
  return std::nullopt;
}

/// Ends of intervals count too, but no further than a few times the spread of the points.
void choose_range(ScatterData& data) {
  double top = -std::numeric_limits<double>::infinity();
  for (const ScatterPoint& point : data.points) top = std::max(top, point.accuracy);
  if (data.floor) top = std::max(top, *data.floor);
  double gate_span = data.floor ? top - *data.floor : 0;
  double reach = std::max({0.03, 4 * gate_span});
  double low = data.floor.value_or(top), high = top;
  for (const ScatterPoint& point : data.points)
    if (point.accuracy >= top - reach) low = std::min(low, point.accuracy);
  double spread = std::max(high - low, 0.004);
  double low_limit = low - 0.8 * spread, high_limit = high + 0.8 * spread;
  for (const ScatterPoint& point : data.points) {
    if (point.accuracy < top - reach) continue;
    if (point.accuracy_low) low = std::min(low, std::max(*point.accuracy_low, low_limit));
    if (point.accuracy_high) high = std::max(high, std::min(*point.accuracy_high, high_limit));
  }
  data.low = low - 0.1 * spread;
  data.high = high + 0.1 * spread;
}

}  // namespace

ScatterData scatter_data(const ResultDocument& result) {
  ScatterData data;
  data.metric = result.model.metric;
  data.unit = knows_change(result) ? ScatterData::Unit::change : ScatterData::Unit::value;
  for (const VariantRow& variant : result.variants) {
    if (!variant.latency_ms || variant.latency_ms->median <= 0) continue;
    if (variant.accuracy)
      data.points.push_back(point_of(result, variant, data.unit));
    else
      data.not_evaluated.push_back(&variant);
  }
  std::stable_sort(data.points.begin(), data.points.end(),
                   [](const ScatterPoint& a, const ScatterPoint& b) { return a.ms < b.ms; });
  mark_frontier(data.points);
  data.floor = gate_floor(result, data.unit);
  if (!data.points.empty()) choose_range(data);
  return data;
}

}  // namespace tamis
