#include "search/account.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "base/percent.h"
#include "search/changes.h"
#include "search/explain_pick.h"
#include "search/mixed_precision.h"
#include "search/search_run.h"

namespace tamis {
namespace {

constexpr const char* kExplaining = "explain";
constexpr double kExplainGuess_s = 5;

/// "12 paired rounds over 4 instances".
std::string basis_text(const RatioEstimate& e) {
  std::string text = fmt::format("{} paired rounds over {} instances", e.rounds, e.instances);
  if (e.put_aside > 0)
    text += fmt::format("; {} that the host slowed throughout were put aside", e.put_aside);
  return text;
}

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
  void explain_pick_to(std::vector<std::string>& why) const;
  void explain_what_if(std::vector<std::string>& what_if) const;
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
    outcome_.nearest_miss_text =
        c.hard_reason.empty() && c.judgement ? c.judgement->reason : c.hard_reason;
  }
}

/// The pick; where nothing but the baseline is handed over, what came nearest.
std::optional<ChangedVariant> Account::changed_variant() const {
  if (outcome_.pick != kBaseline) return ChangedVariant{field_[outcome_.pick].variant.id, "pick"};
  if (outcome_.status != "nearest_miss" || !outcome_.nearest_miss ||
      *outcome_.nearest_miss == kBaseline)
    return std::nullopt;
  return ChangedVariant{field_[*outcome_.nearest_miss].variant.id, "nearest_miss"};
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

void Account::explain_pick_to(std::vector<std::string>& why) const {
  const Candidate& pick = field_[outcome_.pick];
  if (outcome_.pick != kBaseline && pick.speedup)
    why.push_back(
        fmt::format("{} × {} the baseline, from {}", to_text(*pick.speedup, 2),
                    context_.plan.under_load() ? "the images per second of" : "as fast as",
                    basis_text(*pick.speedup)));
  if (outcome_.pick != kBaseline && pick.judgement) why.push_back(pick.judgement->reason);
  if (!pick.layers_in_fp32.empty()) why.push_back(layers_in_fp32_text(pick));
}

void Account::explain_what_if(std::vector<std::string>& what_if) const {
  constexpr std::size_t kMost = 4;
  if (outcome_.fastest_estimated) {
    const Candidate& e = field_[*outcome_.fastest_estimated];
    what_if.push_back(fmt::format(
        "{} is faster and is estimated to meet the gates, with probability {}{}",
        field_.label(*outcome_.fastest_estimated), percent_of(e.judgement->probability),
        e.judgement->items_needed
            ? fmt::format("; about {} evaluation items would settle it", *e.judgement->items_needed)
            : std::string()));
  }
  const auto& limit = context_.plan.request.gates.max_drop;
  for (std::size_t i : field_.by_objective()) {
    const Candidate& c = field_[i];
    if (!limit || what_if.size() >= kMost || i == outcome_.fastest_estimated) continue;
    if (!c.judgement || !c.judgement->drop || !field_[outcome_.pick].ratio) continue;
    if (c.gate() == GateOutcome::met || c.judgement->drop->high <= 0) continue;
    if (!field_.clearly_behind(outcome_.pick, i)) continue;
    what_if.push_back(
        fmt::format("with --max-drop {:.2f}{}, {} would qualify ({:.2f} × as fast as the baseline)",
                    std::ceil(c.judgement->drop->high * 1e4) / 100, limit->relative ? "%" : "pt",
                    field_.label(i), c.speedup->ratio));
  }
}

void Account::explain() {
  std::vector<std::string>& why = outcome_.reasons;
  if (outcome_.status == "nearest_miss")
    why = {field_[outcome_.pick].variant.recipe.empty()
               ? "no variant meets the gates; the original model is handed over unchanged"
               : "no variant meets the gates; the baseline is handed over",
           outcome_.nearest_miss ? "closest: " + field_.label(*outcome_.nearest_miss) + ": " +
                                       outcome_.nearest_miss_text
                                 : "nothing could be judged"};
  explain_pick_to(why);
  if (outcome_.budget_ended && !context_.interrupted())
    why.push_back(
        "the budget ended before everything was measured; the same command continues from here");
  explain_what_if(outcome_.counterfactuals);
}

void Account::give() {
  find_estimated();
  if (outcome_.status == "nearest_miss") find_nearest_miss();
  if (context_.interrupted()) outcome_.status = "interrupted";
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
