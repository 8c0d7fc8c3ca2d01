#include "search/field.h"

#include <algorithm>

#include "base/hash.h"
#include "search/failures.h"

namespace tamis {
namespace {

constexpr double kShownConfidence = 0.95;
constexpr double kPracticallyEqual = 1.01;  // of sizes and memories

std::vector<Candidate> planned(SearchContext& context) {
  std::vector<Candidate> candidates;
  for (Variant& v : context.variants()) {
    candidates.emplace_back();
    candidates.back().variant = std::move(v);
  }
  Candidate& baseline = candidates[kBaseline];
  try {
    baseline.artefact = ensure_artefact(context, baseline.variant);
  } catch (const Error& e) {
    throw Error(e.code(), std::string("baseline: ") + e.what());
  }
  baseline.key = variant_key(context, baseline.variant, *baseline.artefact);
  return candidates;
}

std::string established_key(const SearchContext& context) {
  return "established:" + timing_scope(context);
}

/// Identities of variants that were proven on this folder.
std::vector<std::string> all_established(SearchContext& context) {
  const auto parse = [](const Json& json) { return json.get<std::vector<std::string>>(); };
  return context.store->find_as(Kind::measurement, established_key(context), parse)
      .value_or(std::vector<std::string>());
}

}  // namespace

std::string timing_scope(const SearchContext& context) {
  return hash_text("timing/1" + context.place.hash + context.plan.data_hash +
                   (context.plan.under_load() ? "under load" : ""));
}

Field::Field(SearchContext& context)
    : context_(context),
      candidates_(planned(context)),
      timings_(*context.store, timing_scope(context), baseline().key),
      timer_(context, timings_, entrant(kBaseline)) {
  recall();
}

/// Artefacts that are there cost nothing; one that was established is worth a build.
void Field::recall() {
  refresh(kBaseline);
  const std::vector<std::string> established = all_established(context_);
  for (std::size_t i : all_but_baseline()) {
    const bool known =
        std::find(established.begin(), established.end(), identity_of(i)) != established.end();
    if (expected_build_s(context_, candidates_[i].variant) == 0 || known) prepare(i);
  }
}

std::size_t Field::add(Candidate candidate) {
  candidates_.push_back(std::move(candidate));
  return candidates_.size() - 1;
}

std::string Field::label(std::size_t i) const {
  const Variant& v = candidates_[i].variant;
  return v.id + " (" + variant_name(v) + ")";
}

std::string Field::identity_of(std::size_t i) const {
  const Variant& v = candidates_[i].variant;
  return hash_text(recipe_key(context_, v) + canonical_text(to_json(v.settings)));
}

void Field::establish(std::size_t i) {
  std::vector<std::string> all = all_established(context_);
  const std::string identity = identity_of(i);
  if (std::find(all.begin(), all.end(), identity) != all.end()) return;
  all.push_back(identity);
  context_.store->put(Kind::measurement, established_key(context_), Json(all));
}

Entrant Field::entrant(std::size_t i) const {
  const Candidate& c = candidates_[i];
  return {c.key, c.variant, c.artefact.value()};
}

std::vector<Entrant> Field::entrants(const std::vector<std::size_t>& members) const {
  std::vector<Entrant> found;
  for (std::size_t i : members)
    if (i != kBaseline) found.push_back(entrant(i));
  return found;
}

std::vector<std::string> Field::keys(const std::vector<std::size_t>& members) const {
  std::vector<std::string> found;
  for (std::size_t i : members) found.push_back(candidates_[i].key);
  return found;
}

std::vector<std::size_t> Field::all_but_baseline() const {
  std::vector<std::size_t> places;
  for (std::size_t i = 0; i < candidates_.size(); ++i)
    if (i != kBaseline) places.push_back(i);
  return places;
}

bool Field::prepare(std::size_t i) {
  Candidate& c = candidates_[i];
  if (c.failure) return false;
  if (c.artefact) return true;
  try {
    c.artefact = ensure_artefact(context_, c.variant);
    if (auto reason = c.artefact->info.refusal(c.variant.settings.backend))
      throw Error(ErrorCode::unsupported, c.variant.settings.backend + ": " + *reason);
  } catch (const Error& e) {
    if (!context_.interrupted()) fail(i, e);  // what Ctrl-C ended has not failed
    return false;
  }
  c.key = variant_key(context_, c.variant, *c.artefact);
  refresh(i);
  return true;
}

void Field::fail(std::size_t i, const Error& error) {
  if (error.code() == ErrorCode::io) throw Error(error);  // a full disk is no variant's fault
  Candidate& c = candidates_[i];
  if (c.failure) return;
  c.failure = Failure{error.code(), error.what(),
                      c.artefact ? bench_command(context_, c.variant, *c.artefact)
                                 : build_command(context_, c.variant)};
}

/// What the timings now say of the candidate.
void Field::refresh(std::size_t i) {
  Candidate& c = candidates_[i];
  if (!timings_.timed(c.key)) return;
  c.opened = timings_.opened(c.key);
  const auto against = timings_.ratio(c.key, baseline().key, kShownConfidence);
  if (!c.opened || !against) return;
  c.ratio = against->ratio;
  c.speedup = against->inverse();
  c.samples = timings_.samples(c.key);
  c.timed_in = to_text(timings_.phase(c.key));
  if (i == kBaseline) context_.inference_s = c.opened->info.warm_ms * 1e-3;
  judge_hard_gates(c, context_.plan.request.gates, context_.plan.request.confidence);
}

double Field::expected_s(const std::vector<std::size_t>& members, const PhasePlan& plan) const {
  return timer_.expected_s(keys(members), plan);
}

std::size_t Field::rounds_per_instance(const std::vector<std::size_t>& members, Block block) const {
  return timer_.rounds_per_instance(keys(members), block);
}

bool Field::time(const std::vector<std::size_t>& members, const PhasePlan& plan) {
  const std::vector<Entrant> all = entrants(members);
  const TimedInstance result = timer_.run(all, plan);
  for (std::size_t i : members)
    if (auto at = result.failures.find(candidates_[i].key); at != result.failures.end())
      fail(i, at->second);
  if (result.baseline_failure && all.empty())
    throw Error(result.baseline_failure->code(),
                std::string("baseline: ") + result.baseline_failure->what());
  if (result.baseline_failure && all.size() == 1) {
    // `unavailable` is not stored: this variant has done nothing wrong.
    fail(members.back(),
         Error(ErrorCode::unavailable, std::string("the baseline failed at the same time: ") +
                                           result.baseline_failure->what()));
    return false;
  }
  if (result.baseline_failure) {
    const auto half = members.begin() + static_cast<std::ptrdiff_t>(members.size() / 2);
    const bool first = time({members.begin(), half}, plan);
    return time({half, members.end()}, plan) || first;
  }
  refresh(kBaseline);
  for (std::size_t i : members) refresh(i);
  return result.rounds > 0;
}

std::vector<std::size_t> Field::by_objective() const {
  std::vector<std::size_t> order;
  for (std::size_t i = 0; i < candidates_.size(); ++i)
    if (candidates_[i].ratio) order.push_back(i);
  const Objective objective = context_.plan.request.objective;
  std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
    const double va = objective_value(candidates_[a], objective),
                 vb = objective_value(candidates_[b], objective);
    return va != vb ? va < vb : *candidates_[a].ratio < *candidates_[b].ratio;
  });
  return order;
}

const std::vector<Levels>& Field::levels() const {
  if (levels_at_ == timings_.next_instance() && levels_.size() == candidates_.size())
    return levels_;
  levels_.clear();
  for (const Candidate& c : candidates_) levels_.push_back(timings_.levels(c.key));
  levels_[kBaseline] = {0};  // by definition: its instances say nothing of how others differ
  levels_at_ = timings_.next_instance();
  return levels_;
}

bool Field::clearly_behind(std::size_t i, std::size_t j) const {
  const Objective objective = context_.plan.request.objective;
  if (!by_time(objective))
    return objective_value(candidates_[i], objective) >
           kPracticallyEqual * objective_value(candidates_[j], objective);
  const HalvingPlan plan;
  const Levels exactly(100, 0.0);  // the baseline's level has no error
  const auto of = [&](std::size_t k) -> const Levels& {
    return k == kBaseline ? exactly : levels()[k];
  };
  return tamis::clearly_behind(of(i), of(j), level_sd(levels(), plan), plan);
}

bool Field::behind_any(std::size_t i, const std::vector<std::size_t>& others) const {
  return candidates_[i].ratio && std::any_of(others.begin(), others.end(), [&](std::size_t other) {
           return candidates_[other].ratio && clearly_behind(i, other);
         });
}

std::optional<RatioEstimate> Field::look(std::size_t i, std::size_t j, double confidence) {
  return timings_.look(candidates_[i].key, candidates_[j].key, confidence);
}

}  // namespace tamis
