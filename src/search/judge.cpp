#include "search/judge.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "base/error.h"
#include "base/percent.h"
#include "tasks/paired_scores.h"

namespace tamis {
namespace {

constexpr std::size_t kFirstLook = 32;

/// From the best to the worst outcome; undecided only while an early look leaves it open.
int badness(GateOutcome outcome) {
  switch (outcome) {
    case GateOutcome::met:
      return 0;
    case GateOutcome::undecided:
      return 1;
    case GateOutcome::estimated:
      return 2;
    case GateOutcome::missed:
      return 3;
  }
  return 3;
}

/// An estimate has no more.
std::string two_digits(std::size_t number) {
  double unit = std::pow(10, std::max(0.0, std::floor(std::log10(number)) - 1));
  return fmt::format("{:.0f}", std::ceil(static_cast<double>(number) / unit) * unit);
}

/// Where no resample differs from another, nothing is known of other items (both rank a handful of
/// items without an error, say).
bool has_no_spread(const PairedEvidence& evidence) {
  const auto* moments = std::get_if<PairedMoments>(&evidence);
  return moments != nullptr && moments->baseline_variance <= 0 && moments->candidate_variance <= 0;
}

/// What the error is made in.
std::string claim_of(const SearchContext& context) {
  const SearchRequest& r = context.plan.request;
  return context.parent.model.hash + canonical_text(to_json(context.parent.card(), false)) +
         context.plan.data_hash + context.place.hash +
         gates_json(r.gates, std::string(context.plan.task->metric), context.plan.under_load())
             .dump() +
         fmt::format("{}", r.confidence);
}

}  // namespace

AccuracyJudge::AccuracyJudge(SearchContext& context, const Variant& baseline,
                             const std::string& output_hash)
    : context_(context), baseline_(baseline), shares_(*context.store, claim_of(context)) {
  evaluation(baseline, output_hash);
  find_confidence(baseline, output_hash);
}

VariantEvaluation& AccuracyJudge::evaluation(const Variant& variant,
                                             const std::string& output_hash) {
  auto& slot = evaluations_[variant.id];
  if (!slot) slot = std::make_unique<VariantEvaluation>(context_, variant, output_hash);
  return *slot;
}

/// A variant's records; where the data have no truth, the baseline's answers take its place.
std::span<const ItemRecord> AccuracyJudge::records(const std::string& id) {
  const std::vector<ItemRecord>& found = evaluations_.at(id)->records();
  if (context_.plan.agreement == nullptr) return found;
  const std::vector<ItemRecord>& base = evaluations_.at(baseline_.id)->records();
  std::vector<ItemRecord>& agreed = agreed_[id];
  for (std::size_t i = agreed.size(); i < std::min(found.size(), base.size()); ++i) {
    agreed.push_back(found[i]);
    agreed.back().truth =
        context_.plan.agreement->truth_of(context_.parent.card(), base[i].prediction);
  }
  return agreed;
}

std::vector<AccuracyLimit> AccuracyJudge::limits() const {
  using AccuracyKind = AccuracyLimit::Kind;
  std::vector<AccuracyLimit> found;
  const Gates& gates = context_.plan.request.gates;
  if (gates.max_drop)
    found.push_back(
        {gates.max_drop->relative ? AccuracyKind::relative_drop : AccuracyKind::absolute_drop,
         gates.max_drop->value});
  if (gates.min_accuracy) found.push_back({AccuracyKind::at_least, *gates.min_accuracy});
  return found;
}

PairedEvidence AccuracyJudge::evidence(const std::string& a, const std::string& b) {
  auto first = records(a), second = records(b);
  std::size_t shared = std::min(first.size(), second.size());
  return PairedScores(*context_.plan.task, first.first(shared), second.first(shared)).evidence();
}

Judgement AccuracyJudge::look(const Variant& variant, std::size_t count, bool last) {
  std::size_t items = context_.plan.evaluation_order.size();
  Judgement j;
  j.items = items;
  // The baseline may have run ahead: compare on what both have seen.
  std::span<const ItemRecord> own = records(variant.id), base = records(baseline_.id);
  const std::size_t shared = std::min({own.size(), base.size(), last ? items : count});
  own = own.first(shared);
  PairedEvidence found = PairedScores(*context_.plan.task, base.first(shared), own).evidence();
  j.seen = shared;
  j.baseline = baseline_accuracy(found);
  j.value = estimate_metric(*context_.plan.task, own, 0.95);
  j.figures = context_.plan.task->figures(own);
  bool absolute =
      context_.plan.request.gates.max_drop && !context_.plan.request.gates.max_drop->relative;
  auto kind = absolute ? AccuracyLimit::Kind::absolute_drop : AccuracyLimit::Kind::relative_drop;
  double confidence = confidence_of(variant);
  if (j.baseline > 0) j.drop = estimate_drop(found, kind, confidence);
  if (j.baseline <= 0 && !last) return j;  // nothing to be relative to yet: undecided
  if (!last && has_no_spread(found)) return j;
  if (j.baseline <= 0 && context_.plan.agreement != nullptr)
    throw Error(ErrorCode::invalid_argument,
                fmt::format("agreement: the baseline finds nothing in {} images, so there is "
                            "nothing to agree with; give other images, or labelled ones",
                            shared));
  j.outcome = GateOutcome::met;
  j.probability = 1;
  for (const AccuracyLimit& limit : limits()) {
    bool itself = variant.id == baseline_.id && limit.kind != AccuracyLimit::Kind::at_least;
    if (itself) continue;
    // Bad items, if they are allowed, make the set that much smaller.
    std::size_t planned = last ? shared : items;
    GateDecider decider({limit, confidence, planned, std::min(kFirstLook, planned)});
    GateLook seen = decider.look(found);
    if (badness(seen.outcome) > badness(j.outcome)) j.outcome = seen.outcome;
    j.probability = std::min(j.probability, seen.probability);
    if (seen.items_needed)
      j.items_needed = std::max(j.items_needed.value_or(0), *seen.items_needed);
  }
  if (last) warn_if_too_few_items(variant, found);
  j.fact = GateFact{GateFactKind::accuracy, {}, {}, {}, shares_.answers()};
  return j;
}

void AccuracyJudge::find_confidence(const Variant& variant, const std::string& output_hash) {
  if (confidences_.count(variant.id) != 0) return;
  const double asked = std::max(context_.plan.request.confidence, 0.5);
  // The baseline is no answer among others: only a least accuracy is asked of it.
  const auto own = error_parts_.find(variant.id);
  double part = own == error_parts_.end() ? 1 : own->second.part;
  if (own != error_parts_.end() && !own->second.answer.empty())
    part *= shares_.of(own->second.answer);
  else if (variant.id != baseline_.id)
    part *=
        shares_.of(answer_key(context_, variant, ensure_artefact(context_, variant), output_hash));
  confidences_[variant.id] = confidence_of_each(asked, 1, part);
}

/// Where no formula tells beforehand how much two good variants differ, the first pair does.
void AccuracyJudge::warn_if_too_few_items(const Variant& variant, const PairedEvidence& found) {
  constexpr double kPower = 0.8;
  double confidence = confidence_of(variant);
  if (warned_ || variant.id == baseline_.id || confidence <= 0.5 ||
      !std::holds_alternative<PairedMoments>(found))
    return;
  for (const AccuracyLimit& limit : limits()) {
    if (limit.kind == AccuracyLimit::Kind::at_least || limit.amount <= 0) continue;
    auto needed = items_to_plan(found, limit, confidence, kPower);
    if (!needed) continue;
    warned_ = true;
    if (*needed <= tamis::items(found)) continue;
    context_.note(fmt::format(
        "{} evaluation items are few for {} at {} confidence: from the spread between {} "
        "and the baseline (paired bootstrap), proving a variant that loses nothing takes about {}; "
        "that is an estimate. Give more, or lower --confidence",
        tamis::items(found), to_text(*context_.plan.request.gates.max_drop),
        exact_percent(context_.plan.request.confidence), variant.id, two_digits(*needed)));
  }
}

/// The baseline may be ahead; both are needed.
bool AccuracyJudge::advance(const Variant& variant, std::size_t count, double budget_share) {
  return evaluations_.at(baseline_.id)->advance(count, budget_share) &&
         evaluations_.at(variant.id)->advance(count, budget_share);
}

Judgement AccuracyJudge::judge(const Variant& variant, const std::string& output_hash, bool full,
                               double budget_share) {
  evaluation(variant, output_hash);
  find_confidence(variant, output_hash);
  const std::size_t items = context_.plan.evaluation_order.size();
  GateDecider plan(
      {{}, std::max(context_.plan.request.confidence, 0.5), items, std::min(kFirstLook, items)});
  Judgement found;
  found.items = items;
  bool established = false;
  for (std::size_t count : plan.looks()) {
    if (!advance(variant, count, budget_share)) break;
    found = look(variant, count, count >= items);
    established = established || found.outcome == GateOutcome::met;
    const bool decided = found.outcome != GateOutcome::undecided;
    if (decided && !full) break;
  }
  // Unless the estimate on more items is that it misses: that is no longer chance.
  if (established && found.outcome != GateOutcome::missed) found.outcome = GateOutcome::met;
  close_workers(variant);
  return found;
}

/// A stopped worker still holds its memory, which the race may need.
void AccuracyJudge::close_workers(const Variant& variant) {
  evaluations_.at(variant.id)->close();
  evaluations_.at(baseline_.id)->close();
}

bool AccuracyJudge::more_accurate(const std::string& a, const std::string& b) {
  constexpr std::size_t kLeast = 2;
  if (std::min(records(a).size(), records(b).size()) < kLeast) return false;
  PairedEvidence found = evidence(b, a);  // b is the baseline of the comparison
  DropEstimate drop = estimate_drop(found, AccuracyLimit::Kind::absolute_drop, 0.975);
  return drop.high < 0;
}

JudgedPair AccuracyJudge::with_baseline(const std::string& id) {
  const auto variant = records(id), baseline = records(baseline_.id);
  const std::size_t shared = std::min(variant.size(), baseline.size());
  return {baseline.first(shared), variant.first(shared)};
}

}  // namespace tamis
