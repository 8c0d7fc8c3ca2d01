#include "search/account.h"

#include <algorithm>
#include <cmath>

#include "result/keys.h"
#include "search/changes.h"
#include "search/explain_pick.h"
#include "search/search_run.h"

namespace tamis {
namespace {

constexpr const char* kExplaining = "explain";
constexpr double kExplainGuess_s = 5;

class Account {
 public:
  Account(SearchContext& context, const Field& field, AccuracyJudge& accuracy,
          SearchOutcome& outcome)
      : context_(context), field_(field), accuracy_(accuracy), outcome_(outcome) {}

  void give();

 private:
  void find_estimated();
  void find_nearest_miss();
  void explain();
  void explain_pick_to(std::vector<Reason>& why) const;
  void explain_what_if(std::vector<WhatIf>& what_if) const;
  void explain_handed_over();
  std::optional<ChangedVariant> changed_variant() const;
  void find_changes_of_predictions();

  SearchContext& context_;
  const Field& field_;
  AccuracyJudge& accuracy_;
  SearchOutcome& outcome_;
};

void Account::find_estimated() {
  for (std::size_t i : field_.by_objective()) {
    const Candidate& c = field_[i];
    if (i == outcome_.pick || c.failure || c.gate() != GateOutcome::estimated) continue;
    if (!field_[outcome_.pick].ratio || !field_.clearly_behind(outcome_.pick, i)) continue;
    outcome_.fastest_estimated = i;
    return;
  }
}

void Account::find_nearest_miss() {
  double best = -1;
  for (std::size_t i : field_.by_objective()) {
    const Candidate& c = field_[i];
    if (c.failure || (!c.judgement && c.hard != GateOutcome::missed)) continue;
    double nearness = c.judgement ? c.judgement->probability : 0;
    if (c.hard == GateOutcome::missed) nearness = nearness * 0.5;
    if (nearness <= best) continue;
    best = nearness;
    outcome_.nearest_miss = i;
  }
}

/// The pick; where nothing but the baseline is handed over, what came nearest.
std::optional<ChangedVariant> Account::changed_variant() const {
  if (outcome_.pick != kBaseline)
    return ChangedVariant{field_[outcome_.pick].variant.id, std::string(keys::pick)};
  if (outcome_.status != ResultStatus::nearest_miss || !outcome_.nearest_miss ||
      *outcome_.nearest_miss == kBaseline)
    return std::nullopt;
  return ChangedVariant{field_[*outcome_.nearest_miss].variant.id, std::string(keys::nearest_miss)};
}

void Account::find_changes_of_predictions() {
  const auto changed = changed_variant();
  const auto judged = [this](const std::string& id) {
    return std::any_of(
        field_.candidates().begin(), field_.candidates().end(),
        [&id](const Candidate& c) { return c.variant.id == id && c.judgement && !c.failure; });
  };
  if (!changed)
    outcome_.changes = {{"reason",
                         "the baseline itself is handed over: its predictions are the "
                         "same by definition"}};
  else if (!judged(changed->id) || !judged(field_.baseline().variant.id))
    outcome_.changes = {{"reason", changed->id + " was not evaluated on the items"}};
  else
    try {
      outcome_.changes = changes_json(context_, *changed, accuracy_.with_baseline(changed->id));
    } catch (const Error& e) {  // what was decided stands without it
      if (e.code() == ErrorCode::io) throw;
      outcome_.changes = {{"reason", e.what()}};
    }
}

void Account::explain_handed_over() {
  const Candidate& handed = field_[outcome_.pick];
  if (context_.interrupted() || !handed.artefact || handed.failure) return;
  const double guess_s = kExplainGuess_s * context_.plan.budget.slowness();
  if (!context_.may_begin(context_.plan.budget.expected_s(kExplaining, guess_s))) {
    outcome_.explained = {{"reason", "the budget left no time for it"}};
    return;
  }
  Budget::Unit unit(context_.plan.budget, kExplaining, guess_s);
  outcome_.explained = explain_pick(context_, handed.variant, *handed.artefact);
}

void Account::explain_pick_to(std::vector<Reason>& why) const {
  const Candidate& pick = field_[outcome_.pick];
  if (outcome_.pick != kBaseline && pick.speedup) why.push_back({ReasonKind::gain, {}, {}});
  if (outcome_.pick != kBaseline && pick.judgement && pick.judgement->fact)
    why.push_back({ReasonKind::accuracy, pick.judgement->fact->together, {}});
  if (!pick.layers_in_fp32.empty()) why.push_back({ReasonKind::layers_in_fp32, {}, {}});
}

void Account::explain_what_if(std::vector<WhatIf>& what_if) const {
  constexpr std::size_t kMost = 4;
  if (outcome_.fastest_estimated)
    what_if.push_back({WhatIfKind::more_items, field_[*outcome_.fastest_estimated].variant.id, {}});
  const auto& limit = context_.plan.request.gates.max_drop;
  for (std::size_t i : field_.by_objective()) {
    const Candidate& c = field_[i];
    if (!limit || what_if.size() >= kMost || i == outcome_.fastest_estimated) continue;
    if (!c.judgement || !c.judgement->drop || !field_[outcome_.pick].ratio) continue;
    if (c.gate() == GateOutcome::met || c.judgement->drop->high <= 0) continue;
    if (!field_.clearly_behind(outcome_.pick, i)) continue;
    // In whole hundredths of a percent, so that it holds as it is said.
    what_if.push_back(
        {WhatIfKind::max_drop, c.variant.id, std::ceil(c.judgement->drop->high * 1e4) / 1e4});
  }
}

void Account::explain() {
  std::vector<Reason>& why = outcome_.reasons;
  if (outcome_.status == ResultStatus::nearest_miss) {
    why = {{ReasonKind::none_meets, {}, {}}, {ReasonKind::nothing_judged, {}, {}}};
    if (outcome_.nearest_miss)
      why.back() = {ReasonKind::closest, {}, field_[*outcome_.nearest_miss].variant.id};
  }
  explain_pick_to(why);
  if (outcome_.budget_ended && !context_.interrupted())
    why.push_back({ReasonKind::budget_ended, {}, {}});
  explain_what_if(outcome_.what_if);
}

void Account::give() {
  find_estimated();
  if (outcome_.status == ResultStatus::nearest_miss) find_nearest_miss();
  if (context_.interrupted()) outcome_.status = ResultStatus::interrupted;
  explain();
  explain_handed_over();
  find_changes_of_predictions();
}

}  // namespace

void give_account(SearchContext& context, const Field& field, AccuracyJudge& accuracy,
                  SearchOutcome& outcome) {
  Account(context, field, accuracy, outcome).give();
}

}  // namespace tamis
