#include "result/decision_document.h"

#include <fmt/format.h>

#include "base/error.h"
#include "result/keys.h"
#include "result/run_document.h"

namespace tamis {
namespace {

constexpr JsonField<ShortTiming> kShortTiming[] = {
    needed<&ShortTiming::median>(keys::median),
    known<&ShortTiming::low>(keys::low),
    known<&ShortTiming::high>(keys::high),
    known<&ShortTiming::p95>(keys::p95),
};

constexpr JsonField<ShortAccuracy> kShortAccuracy[] = {
    known<&ShortAccuracy::metric>(keys::metric),
    needed<&ShortAccuracy::value>(keys::value),
    known<&ShortAccuracy::baseline>(keys::baseline),
    known<&ShortAccuracy::drop>(keys::drop),
    known<&ShortAccuracy::low>(keys::low),
    known<&ShortAccuracy::high>(keys::high),
    if_known<&ShortAccuracy::drop_kind>(keys::drop_kind),
    if_known<&ShortAccuracy::confidence>(keys::confidence),
    known<&ShortAccuracy::gate>(keys::gate),
};

constexpr JsonField<Estimated> kEstimatedPart[] = {
    known<&Estimated::items_needed>(keys::items_needed),
    known<&Estimated::probability>(keys::probability),
};

constexpr JsonField<PickedVariant> kPicked[] = {
    needed<&PickedVariant::id>(keys::id),
    known<&PickedVariant::name>(keys::name),
    known<&PickedVariant::recipe>(keys::recipe),
    known<&PickedVariant::settings>(keys::settings),
    known<&PickedVariant::model>(keys::model),
    known<&PickedVariant::latency_ms>(keys::latency_ms),
    known<&PickedVariant::images_per_s>(keys::images_per_s),
    known<&PickedVariant::speedup>(keys::speedup),
    known<&PickedVariant::accuracy>(keys::accuracy),
    known<&PickedVariant::size_bytes>(keys::size_bytes),
    known<&PickedVariant::peak_memory_bytes>(keys::peak_memory_bytes),
    group<&PickedVariant::estimated>(),
};

constexpr JsonField<DecisionDocument> kDecision[] = {
    needed<&DecisionDocument::schema>(keys::schema),
    needed<&DecisionDocument::status>(keys::status),
    needed<&DecisionDocument::pick>(keys::pick),
    known<&DecisionDocument::fastest_estimated>(keys::fastest_estimated),
    known<&DecisionDocument::runner_up>(keys::runner_up),
    known<&DecisionDocument::nearest_miss>(keys::nearest_miss),
    known<&DecisionDocument::reasons>(keys::reasons),
    known<&DecisionDocument::counterfactuals>(keys::counterfactuals),
    known<&DecisionDocument::counts>(keys::counts),
    known<&DecisionDocument::wall_s>(keys::wall_s),
};

std::optional<ShortTiming> short_timing(const std::optional<Timing>& t) {
  if (!t) return std::nullopt;
  return ShortTiming{t->median, t->low, t->high, t->p95};
}

std::optional<ShortAccuracy> short_accuracy(const VariantRow& v) {
  if (!v.accuracy) return std::nullopt;
  const AccuracyRow& a = *v.accuracy;
  return ShortAccuracy{a.metric,    a.value,     a.baseline,   a.drop, a.drop_low,
                       a.drop_high, a.drop_kind, a.confidence, v.gate};
}

/// The baseline against itself: nothing was compared, the ratio is 1 by definition.
Ratio itself() {
  Ratio ratio;
  ratio.low = ratio.high = ratio.ratio;
  return ratio;
}

PickedVariant picked(const ResultDocument& result, const std::string& id) {
  const VariantRow* found = result.find(id);
  if (found == nullptr)
    throw Error(ErrorCode::corrupt_data,
                fmt::format("result: the variant '{}' that is handed over is not there", id));
  const VariantRow& v = *found;
  PickedVariant p;
  p.id = v.id;
  p.name = v.name;
  p.recipe = v.recipe;
  p.settings = v.settings;
  p.latency_ms = short_timing(v.latency_ms);
  p.images_per_s = v.images_per_s;
  p.speedup = v.speedup ? *v.speedup : itself();
  p.accuracy = short_accuracy(v);
  p.size_bytes = v.size_bytes;
  p.peak_memory_bytes = v.opening.peak_memory_bytes;
  return p;
}

}  // namespace

std::span<const JsonField<ShortTiming>> fields_of(const ShortTiming*) { return kShortTiming; }
std::span<const JsonField<ShortAccuracy>> fields_of(const ShortAccuracy*) { return kShortAccuracy; }
std::span<const JsonField<Estimated>> fields_of(const Estimated*) { return kEstimatedPart; }
std::span<const JsonField<PickedVariant>> fields_of(const PickedVariant*) { return kPicked; }
std::span<const JsonField<DecisionDocument>> fields_of(const DecisionDocument*) {
  return kDecision;
}

DecisionDocument make_decision(const ResultDocument& result) {
  DecisionDocument d;
  d.status = result.status;
  d.pick = picked(result, result.handed_over_id());
  d.pick.model = std::string(kHandedModel);
  if (const auto& e = result.fastest_estimated) {
    d.fastest_estimated = picked(result, e->id);
    d.fastest_estimated->estimated = Estimated{e->items_needed, e->probability};
  }
  d.runner_up = result.runner_up;
  d.nearest_miss = result.nearest_miss;
  d.reasons = result.reasons;
  d.counterfactuals = result.counterfactuals;
  d.counts = result.counts;
  d.wall_s = result.wall_s;
  return d;
}

}  // namespace tamis
