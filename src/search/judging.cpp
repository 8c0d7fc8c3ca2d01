#include "search/judging.h"

#include <algorithm>

#include "search/failures.h"
#include "search/mixed_precision.h"
#include "search/screening.h"
#include "search/shares.h"

namespace tamis {

Judging::Judging(SearchContext& context, Field& field)
    : context_(context),
      field_(field),
      accuracy_(context, field.baseline().variant, field.baseline().opened->output_hash) {
  accuracy_.divide_error(predictions_to_judge(), !every_variant_is_known());
}

/// One that could not be measured has the answer that its relatives are judged for.
std::string Judging::predictions_key_of(const Candidate& c) const {
  const RunSettings& s = c.variant.settings;
  if (c.opened && c.artefact)
    return answer_key(context_, c.variant, *c.artefact, c.opened->output_hash);
  return canonical_text(to_json(c.variant.recipe)) + s.backend + s.device +
         s.inference_precision.value_or("");
}

/// The different answers among those that may come to be judged and picked.
std::set<std::string> Judging::predictions_to_judge() const {
  const SearchRequest& request = context_.plan.request;
  const bool baseline_may_miss =
      request.gates.min_accuracy || field_.baseline().hard != GateOutcome::met;
  std::set<std::string> answers;
  for (std::size_t i : field_.all_but_baseline()) {
    const Candidate& c = field_[i];
    if (c.failure && may_keep_layers_in_fp32(request, c)) answers.insert(predictions_key_of(c));
    if (!field_.usable(i) || c.hard == GateOutcome::missed) continue;
    if (!baseline_may_miss && field_.clearly_behind(i, kBaseline)) continue;
    answers.insert(predictions_key_of(c));
  }
  return answers;
}

bool Judging::every_variant_is_known() const {
  const auto& all = field_.candidates();
  return std::all_of(all.begin(), all.end(),
                     [](const Candidate& c) { return c.failure || c.ratio; });
}

/// A first variant that meets its gates is worth more than a race.
double Judging::share() const {
  for (std::size_t i : field_.all_but_baseline())
    if (stands(i)) return kJudgingShare;
  return kFirstLeaderShare;
}

bool Judging::is_settled(const Candidate& c, bool full) const {
  return c.judgement && c.judgement->outcome != GateOutcome::undecided &&
         (!full || c.judgement->seen == c.judgement->items);
}

bool Judging::judge(std::size_t index, bool full) {
  Candidate& c = field_[index];
  if (!field_.usable(index) || c.hard == GateOutcome::missed) return false;
  if (is_settled(c, full)) return c.gate() == GateOutcome::met;
  context_.tell(UnitBegan{UnitKind::accuracy, field_.label(index), 1, judged_++});
  try {
    Judgement judgement =
        accuracy_.judge(c.variant, c.opened->output_hash, full, full ? 1 : share());
    const bool cut_short =
        judgement.outcome == GateOutcome::undecided || (full && judgement.seen < judgement.items);
    budget_ended_ = budget_ended_ || cut_short;
    if (judgement.seen > 0) c.judgement = std::move(judgement);
  } catch (const Error& e) {
    // Unusable pictures concern every variant: that is the user's to settle, not a variant's
    // failure.
    if (index == kBaseline || e.code() == ErrorCode::corrupt_data ||
        e.code() == ErrorCode::invalid_argument || e.code() == ErrorCode::io)
      throw;
    c.failure = Failure{e.code(), e.what(), eval_command(context_, c.variant, *c.artefact)};
    return false;
  }
  return c.gate() == GateOutcome::met;
}

bool Judging::stands(std::size_t i) const {
  const Candidate& c = field_[i];
  if (c.failure) return false;
  if (c.gate() == GateOutcome::met) return true;
  return i == kBaseline && c.hard == GateOutcome::met &&
         !context_.plan.request.gates.min_accuracy && c.gate() == GateOutcome::undecided;
}

/// Those that were not judged yet and may be faster than the leaders.
std::vector<std::size_t> Judging::may_lead(const std::vector<std::size_t>& leaders) const {
  std::vector<std::size_t> open;
  for (std::size_t i : field_.all_but_baseline()) {
    const Candidate& c = field_[i];
    // A relative's turn is over (mixed_precision.h).
    if (!field_.usable(i) || c.judgement || c.from || c.hard == GateOutcome::missed) continue;
    if (!field_.behind_any(i, leaders)) open.push_back(i);
  }
  return open;
}

/// In the order of the objective. False where nothing could be judged any more.
bool Judging::judge_front(const std::vector<std::size_t>& front,
                          std::vector<std::size_t>& leaders) {
  bool any = false;
  for (std::size_t i : front) {
    if (field_.behind_any(i, leaders)) continue;
    const bool met = judge(i, false);
    any = any || field_[i].judgement || field_[i].failure;
    if (met) leaders.push_back(i);
  }
  return any;
}

std::vector<std::size_t> Judging::find_leaders() {
  judged_ = 0;
  context_.tell(PhaseBegan{SearchPhase::accuracy, field_.size()});
  judge(kBaseline, context_.plan.request.exhaustive);
  if (context_.plan.request.exhaustive)
    for (std::size_t i : field_.by_objective()) judge(i, true);
  std::vector<std::size_t> leaders;
  for (std::size_t i = 0; i < field_.size(); ++i)
    if (stands(i)) leaders.push_back(i);
  for (;;) {
    const std::vector<std::size_t> open = may_lead(leaders);
    if (open.empty()) break;
    const Front front = refine(context_, field_, open);
    budget_ended_ = budget_ended_ || !front.complete;
    if (!judge_front(front.members, leaders)) break;
  }
  return leaders;
}

}  // namespace tamis
