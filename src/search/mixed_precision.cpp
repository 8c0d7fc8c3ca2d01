#include "search/mixed_precision.h"

#include <fmt/format.h>

#include <algorithm>

#include "search/screening.h"
#include "search/shares.h"

namespace tamis {
namespace {

constexpr std::size_t kMostMixedPrecision = 3;  // each takes as long as several variants

/// Variants that differ in nothing that an answer hangs on have one family.
std::string family_of(const Variant& v) {
  return canonical_text(to_json(v.recipe)) + v.settings.backend + v.settings.device +
         v.settings.inference_precision.value_or("");
}

constexpr const char* kRanking = "rank layers";

/// Some dozens of models are built and run.
double ranking_guess_s(const SearchContext& context) {
  constexpr double kModels = 64, kBuild_s = 0.5, kItems = 6;
  return kModels *
         (kBuild_s * context.plan.budget.slowness() + kItems * context.inference_s.value_or(0.05));
}

}  // namespace

bool may_keep_layers_in_fp32(const SearchRequest& r, const Candidate& c) {
  const bool gated = r.gates.max_drop || r.gates.min_accuracy;
  return gated && !r.exhaustive && by_time(r.objective) && r.axes.count("float-layers") == 0 &&
         is_plain_int8(c.variant.recipe);
}

MixedPrecision::MixedPrecision(SearchContext& context, Field& field, Judging& judging)
    : context_(context), field_(field), judging_(judging) {
  for (const Candidate& c : field_.candidates())
    if (may_keep_layers_in_fp32(context_.plan.request, c))
      judging_.accuracy().set_error_part(c.variant.id, 1 - kErrorOfMixedPrecision);
}

std::vector<std::size_t> MixedPrecision::extend(std::vector<std::size_t> leaders) {
  while (tried_.size() < kMostMixedPrecision) {
    const std::optional<std::size_t> parent = next(leaders);
    if (!parent) break;
    if (!context_.may_begin(expected_ranking_s(*parent), kJudgingShare)) {
      budget_ended_ = true;
      break;
    }
    tried_.insert(family_of(field_[*parent].variant));
    judge_relatives(*parent, leaders);
  }
  return without_those_behind(leaders);
}

/// INT8 that the self-check refused, or that misses its accuracy gate, and nothing else.
bool MixedPrecision::needs_relatives(std::size_t index) const {
  const Candidate& c = field_[index];
  if (!may_keep_layers_in_fp32(context_.plan.request, c)) return false;
  if (c.failure) return !c.ratio && c.failure->code == ErrorCode::unsupported;
  if (!c.ratio || !c.judgement || c.hard == GateOutcome::missed) return false;
  return c.judgement->outcome == GateOutcome::missed ||
         c.judgement->outcome == GateOutcome::estimated;
}

bool MixedPrecision::is_wanting(std::size_t i, const std::vector<std::size_t>& leaders) const {
  return needs_relatives(i) && tried_.count(family_of(field_[i].variant)) == 0 &&
         !field_.behind_any(i, leaders);
}

double MixedPrecision::nearness(std::size_t i) const {
  return field_[i].judgement ? field_[i].judgement->probability : -1;
}

/// Of those that want relatives and are not clearly behind a leader or one another, the one that is
/// nearest to its gate.
std::optional<std::size_t> MixedPrecision::next(const std::vector<std::size_t>& leaders) const {
  std::vector<std::size_t> wanting, timed;
  for (std::size_t i = 0; i < field_.size(); ++i)
    if (is_wanting(i, leaders)) wanting.push_back(i);
  for (std::size_t i : wanting)
    if (field_[i].ratio) timed.push_back(i);
  std::optional<std::size_t> next;
  for (std::size_t i : wanting)
    if (!field_.behind_any(i, timed) && (!next || nearness(i) > nearness(*next))) next = i;
  return next;
}

double MixedPrecision::expected_ranking_s(std::size_t parent) const {
  if (is_ranked(context_, field_[parent].variant)) return 0;
  return context_.plan.budget.expected_s(kRanking, ranking_guess_s(context_));
}

/// None where that fails, which is said.
std::optional<Sensitivity> MixedPrecision::rank(std::size_t parent) {
  const Variant& variant = field_[parent].variant;
  try {
    const bool known = is_ranked(context_, variant);
    Budget::Unit unit(context_.plan.budget, kRanking, known ? 0 : ranking_guess_s(context_));
    const Sensitivity ranking = ensure_ranking(context_, variant);
    context_.note(fmt::format(
        "{} misses its accuracy gate: keeping some layers in FP32; {} ranked with {} trial "
        "builds",
        field_.label(parent), ranking.order.size(), ranking.models));
    return ranking;
  } catch (const Error& e) {
    if (e.code() == ErrorCode::io || context_.interrupted()) throw;
    context_.note(
        fmt::format("{}: no layers are kept in FP32: {}", field_.label(parent), e.what()));
    return std::nullopt;
  }
}

/// From the most layers in FP32 to the fewest, up to the first that is not met; where the point
/// estimate decides there is no error to spend, and one is tried after that.
void MixedPrecision::judge_relatives(std::size_t parent, std::vector<std::size_t>& leaders) {
  const std::optional<Sensitivity> ranking = rank(parent);
  if (!ranking) return;
  std::size_t misses_left = context_.plan.request.confidence > 0.5 ? 1 : 2;
  for (std::size_t count : fp32_layer_counts(ranking->order.size())) {
    const std::size_t index = add_relative(parent, *ranking, count);
    if (!context_.may_begin(expected_build_s(context_, field_[index].variant), kJudgingShare)) {
      field_.candidates().pop_back();
      budget_ended_ = true;
      return;
    }
    const Relative relative = try_relative(index, leaders);
    if (relative == Relative::met) leaders.push_back(index);
    if (relative == Relative::impossible) return;
    if (relative == Relative::missed && --misses_left == 0) return;
  }
}

/// Impossible where it fails: those with other counts of layers would too.
MixedPrecision::Relative MixedPrecision::try_relative(std::size_t index,
                                                      const std::vector<std::size_t>& leaders) {
  const bool timed = screen(index);
  if (field_[index].failure && !timed) return Relative::impossible;
  if (!timed || field_.behind_any(index, leaders) || field_[index].hard == GateOutcome::missed)
    return Relative::behind;
  return judging_.judge(index, false) ? Relative::met : Relative::missed;
}

std::size_t MixedPrecision::add_relative(std::size_t parent, const Sensitivity& ranking,
                                         std::size_t count) {
  Candidate c;
  c.variant = field_[parent].variant;
  c.variant.id = fmt::format("v{:02}", field_.size() + 1);
  c.variant.recipe = with_layers_in_fp32(c.variant.recipe, ranking, count);
  c.from = parent;
  c.layers_in_fp32.assign(ranking.order.begin(),
                          ranking.order.begin() + static_cast<std::ptrdiff_t>(count));
  c.layers = ranking.order.size();
  judging_.accuracy().set_error_part(c.variant.id, kErrorOfMixedPrecision,
                                     judging_.predictions_key_of(field_[parent]));
  return field_.add(std::move(c));
}

/// Its first instances; false where there are none.
bool MixedPrecision::screen(std::size_t index) {
  context_.tell(UnitBegan{UnitKind::variant, field_.label(index), 1, judging_.judged()});
  if (!field_.prepare(index)) return false;
  constexpr PhasePlan kInstance{Phase::screening, 3, Block::brief, kJudgingShare, false};
  constexpr std::size_t kInstances = 3;
  while (field_.timings().instances(field_[index].key) < kInstances)
    if (!field_.time({index}, kInstance)) break;
  return field_.usable(index);
}

/// Best first; a relative may be clearly faster than those that came before it.
std::vector<std::size_t> MixedPrecision::without_those_behind(
    const std::vector<std::size_t>& leaders) {
  std::vector<std::size_t> left;
  for (std::size_t i : field_.by_objective())
    if (std::find(leaders.begin(), leaders.end(), i) != leaders.end() &&
        !field_.behind_any(i, leaders))
      left.push_back(i);
  for (std::size_t i : field_.all_but_baseline())
    field_[i].screened_out = field_.behind_any(i, leaders);
  return left;
}

}  // namespace tamis
